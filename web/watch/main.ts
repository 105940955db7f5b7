/** Plays one title as a client would: signs in, asks startPlayback, and shows whatever it answers. */
import "./page.css";

import shaka from "shaka-player/dist/shaka-player.compiled-es2021.js";

import { $, make } from "./elements";
import { askPin, prompt, signIn } from "./gate";
import { ask, config, isSignedIn, type Playable, type Problem, type Session } from "./graph";

type Language = { label: string | null; language: string; channelsCount?: number | null };
type Options = [value: string, text: string][];

const KEY_SYSTEMS: Record<string, string> = {
  CLEARKEY: "org.w3.clearkey",
  WIDEVINE: "com.widevine.alpha",
  PLAYREADY: "com.microsoft.playready",
  FAIRPLAY: "com.apple.fps",
};
/** Shaka Player's errors where media and licences are refused. */
const REFUSED = [1001, 6007];

const video = $<HTMLVideoElement>("video");
const seek = $<HTMLInputElement>("seek");
const player = new shaka.Player();
let session: Session | undefined;

/** The film, the episode or the trailer of the address; for a series, the episode to go on with. */
async function findPlayable(id: string): Promise<Playable | undefined> {
  const node = await ask<(Playable & { play?: Playable | null; title?: object }) | null>("watch", { id });
  return node?.play ?? (node?.title ? node : undefined);
}

async function start(playableId: string, pin?: string): Promise<void> {
  const input = { playableId, idempotencyKey: crypto.randomUUID(), ...(pin ? { pin } : {}) };
  const answer = await ask<Session | Problem>("start-playback", { input });
  $("answer").textContent = JSON.stringify(answer, null, 2);
  if ("dashUrl" in answer) {
    session = answer;
    await load(answer, answer.startPosition);
  } else if (answer.__typename === "PinRequired") {
    await start(playableId, await askPin(answer.message));
  } else {
    await prompt(answer.__typename.replace(/([a-z])([A-Z])/g, "$1 $2"), answer.message, [["", "Try again"]]);
    await start(playableId);
  }
}

async function load(playing: Session, position: number): Promise<void> {
  const servers = playing.drm.map(({ system, licenseUrl }) => [KEY_SYSTEMS[system] ?? system, licenseUrl]);
  player.configure({
    drm: { servers: Object.fromEntries(servers) },
    preferredAudio: playing.audio ? [{ language: playing.audio.language }] : [],
    preferredText: playing.subtitle ? [{ language: playing.subtitle.language }] : [],
  });
  const isHls = $<HTMLSelectElement>("format").value === "HLS";
  await player.load(isHls ? playing.hlsUrl : playing.dashUrl, position || null);
  const vtt = playing.thumbnails?.vttUrl;
  if (vtt) await player.addThumbnailsTrack(new URL(vtt, location.href).href, "text/vtt");
  $("controls").hidden = false;
  listTracks();
  video.playbackRate = Number($<HTMLSelectElement>("speed").value);
  // Browsers let nothing with sound begin by itself; the play button is there then.
  video.play().catch(() => undefined);
}

/** Where playback cannot go on, says so; a new session may be allowed what this one is not. */
async function fail(error: { code?: number; message?: string }): Promise<void> {
  const { code = 0, message = "" } = error;
  const cause = REFUSED.includes(code) ? "The session has ended: nothing more is served to it." : message;
  await prompt("This cannot be played", code ? `${cause} (Shaka Player: ${code})` : cause, [["", "Try again"]]);
  location.reload();
}

function fill(select: HTMLSelectElement, options: Options, chosen: string): void {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

function listTracks(): void {
  const videos = player.getVideoTracks().sort((a, b) => (b.height ?? 0) - (a.height ?? 0) || b.bandwidth - a.bandwidth);
  const isAutomatic = player.getConfiguration().abr.enabled;
  const active = videos.find((track) => track.active);
  const qualities = videos.map((track): [string, string] => [nameVideo(track), nameVideo(track)]);
  const automatic = active && isAutomatic ? `Auto: ${nameVideo(active)}` : "Auto";
  fill($("quality"), [["auto", automatic], ...qualities], active && !isAutomatic ? nameVideo(active) : "auto");
  fillLanguages($("audio"), [], player.getAudioTracks());
  fillLanguages($("subtitles"), [["-1", "Off"]], player.getTextTracks());
}

function fillLanguages(select: HTMLSelectElement, first: Options, tracks: (Language & { active: boolean })[]): void {
  const options = tracks.map((track, at): [string, string] => [String(at), nameLanguage(track)]);
  fill(select, [...first, ...options], String(tracks.findIndex((track) => track.active)));
}

/** As the graph calls it: what is wider than 16:9 has fewer lines than its quality says. */
function nameVideo({ height, codecs }: shaka.extern.VideoTrack): string {
  const rendition = session?.renditions.find((rendition) => rendition.height === height);
  return `${rendition?.quality.slice(1) ?? height}p ${codecs?.split(".")[0]}`;
}

function nameLanguage({ label, language, channelsCount }: Language): string {
  const name = label || new Intl.DisplayNames("en", { type: "language" }).of(language);
  return channelsCount === 6 ? `${name} 5.1` : `${name}`;
}

/** Calls `apply` with what is chosen in a control of this id, whenever that changes. */
function follow(id: string, apply: (value: string) => void, event = "change"): void {
  const control = $<HTMLSelectElement | HTMLInputElement>(id);
  control.addEventListener(event, () => apply(control.value));
}

async function showThumbnail(event: PointerEvent): Promise<void> {
  const fraction = Math.min(1, Math.max(0, event.offsetX / seek.clientWidth));
  const time = fraction * Number(seek.max);
  const track = player.getImageTracks()[0];
  const thumbnail = track && (await player.getThumbnails(track.id, time));
  if (thumbnail) {
    const { width, height, uris, positionX, positionY } = thumbnail;
    const background = `url("${uris[0]}") -${positionX}px -${positionY}px`;
    Object.assign($("tile").style, { width: `${width}px`, height: `${height}px`, background });
  }
  $("preview-time").textContent = clock(time);
  $("preview").style.left = `${fraction * 100}%`;
  $("preview").hidden = false;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function showTime(): void {
  seek.max = String(video.duration || 1);
  seek.value = String(video.currentTime);
  $("time").textContent = `${clock(video.currentTime)} / ${clock(video.duration || 0)}`;
  $("play").textContent = video.paused ? "▶" : "❚❚";
  $("play").ariaLabel = video.paused ? "Play" : "Pause";
  const marker = session?.skipMarkers.find(({ start, end }) => start <= video.currentTime && video.currentTime < end);
  const skip = $("skip");
  skip.hidden = !marker;
  skip.textContent = marker ? `Skip ${marker.kind.toLowerCase()}` : "";
  skip.onclick = () => marker && (video.currentTime = marker.end);
  showFacts();
}

function showFacts(): void {
  const track = player.getVideoTracks().find((track) => track.active);
  const { estimatedBandwidth, decodedFrames, droppedFrames } = player.getStats();
  const refused = session?.refused.map(({ rendition, reason }) => `${rendition.quality.slice(1)}p: ${reason}`) ?? [];
  const facts = {
    Picture: `${video.videoWidth} × ${video.videoHeight}`,
    Codec: track?.codecs ?? "–",
    Bitrate: track?.bandwidth ? `${Math.round(track.bandwidth / 1000)} kbit/s` : "–",
    Network: `${Math.round(estimatedBandwidth / 1000)} kbit/s`,
    Frames: `${decodedFrames}, ${droppedFrames} dropped`,
    Keys: player.keySystem() || "none (clear)",
    "Left out": refused.join(", ") || "nothing",
  };
  const cells = Object.entries(facts).flat().map((textContent, at) => make(at % 2 ? "dd" : "dt", { textContent }));
  $("facts").replaceChildren(...cells);
}

async function open(): Promise<void> {
  try {
    if (!isSignedIn()) await signIn("What plays depends on the account.");
    const id = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
    const playable = await findPlayable(id);
    const { label, title } = playable ?? {};
    $("name").textContent = (label ? `${title?.name} · ${label}` : playable?.name) ?? "";
    $("synopsis").textContent = title?.synopsis ?? "";
    document.title = title ? `${title.name} · Marquee` : "Marquee";
    // What is nothing at all, startPlayback says best.
    await start(playable?.id ?? id);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "UNAUTHENTICATED") throw error;
    await signIn(error.message);
    await open();
  }
}

/** Ends the session, so that it counts no longer; the page may be on its way out. */
function stop(): void {
  if (session) void ask("stop-playback", { sessionId: session.id, position: video.currentTime }, { keepalive: true });
  session = undefined;
}

follow("quality", (wanted) => {
  player.configure("abr.enabled", wanted === "auto");
  const track = player.getVideoTracks().find((track) => nameVideo(track) === wanted);
  if (track) player.selectVideoTrack(track, true);
});
follow("audio", (at) => player.selectAudioTrack(player.getAudioTracks()[Number(at)]!));
follow("subtitles", (at) => player.selectTextTrack(player.getTextTracks()[Number(at)] ?? null));
follow("speed", (speed) => (video.playbackRate = Number(speed)));
follow("volume", (volume) => (video.volume = Number(volume)), "input");
follow("seek", (time) => (video.currentTime = Number(time)), "input");
follow("format", () => session && load(session, video.currentTime).catch(fail));
$("play").addEventListener("click", () => (video.paused ? video.play() : video.pause()));
video.addEventListener("click", () => $("play").click());
$("full").addEventListener("click", () =>
  document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen(),
);
seek.addEventListener("pointermove", (event) => void showThumbnail(event));
seek.addEventListener("pointerleave", () => ($("preview").hidden = true));
for (const change of ["timeupdate", "play", "pause"]) video.addEventListener(change, showTime);
for (const change of ["trackschanged", "adaptation", "variantchanged", "textchanged", "audiotrackschanged"]) {
  player.addEventListener(change, listTracks);
}
addEventListener("pagehide", stop);
$("account").addEventListener("click", async () => {
  stop();
  await player.unload();
  $("controls").hidden = true;
  $("answer").textContent = "";
  await signIn("As whom?").then(open).catch(fail);
});

$("account").textContent = config.account ?? "";
player.addEventListener("error", (event) => void fail((event as Event & { detail: { code: number } }).detail));
player.setVideoContainer($("stage"));
Object.assign(window, { player });
await player.attach(video);
await open().catch(fail);
