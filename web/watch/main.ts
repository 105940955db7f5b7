/** Plays one title as a client would: signs in, asks startPlayback, and shows whatever it answers. */
import "./page.css";

import shaka from "shaka-player/dist/shaka-player.compiled-es2021.js";

/** `documents` are the ids of `operations/` by name; `token` was minted for `account`, and is absent for a visitor. */
interface PageConfig {
  endpoint: string;
  documents: Record<string, string>;
  token?: string;
  account?: string;
}
interface Problem {
  __typename: string;
  message: string;
}
interface SignedIn {
  accessToken: string;
  viewer: { profile: { id: string } | null; account: { profiles: Profile[] } };
}
type Profile = { id: string; name: string; hasPin: boolean };
interface Playable {
  id: string;
  name: string;
  label: string | null;
  title: { name: string; synopsis: string };
}
interface Session {
  id: string;
  dashUrl: string;
  hlsUrl: string;
  drm: { system: string; licenseUrl: string }[];
  startPosition: number;
  audio: { language: string } | null;
  subtitle: { language: string } | null;
  skipMarkers: { kind: string; start: number; end: number }[];
  thumbnails: { vttUrl: string | null } | null;
  renditions: { quality: string; height: number }[];
  refused: { rendition: { quality: string }; reason: string }[];
}
type Language = { label: string | null; language: string; channelsCount?: number | null };
type Field = { name: string; placeholder: string; type: string; autocomplete: AutoFill };
type Options = [value: string, text: string][];

const KEY_SYSTEMS: Record<string, string> = {
  CLEARKEY: "org.w3.clearkey",
  WIDEVINE: "com.widevine.alpha",
  PLAYREADY: "com.microsoft.playready",
  FAIRPLAY: "com.apple.fps",
};
/** Shaka Player's errors where media and licences are refused. */
const REFUSED = [1001, 6007];
const CREDENTIALS: Field[] = [
  { name: "email", placeholder: "E-mail", type: "email", autocomplete: "username" },
  { name: "password", placeholder: "Password", type: "password", autocomplete: "current-password" },
];
const PIN: Field[] = [{ name: "pin", placeholder: "PIN", type: "password", autocomplete: "off" }];

const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const config = JSON.parse($("page-config").textContent ?? "") as PageConfig;
const video = $<HTMLVideoElement>("video");
const seek = $<HTMLInputElement>("seek");
const player = new shaka.Player();
let token = config.token;
let session: Session | undefined;

function make<Name extends "input" | "button" | "dt" | "dd">(name: Name, properties: object) {
  return Object.assign(document.createElement(name), properties);
}

async function ask<T>(operation: string, variables: object, options: RequestInit = {}): Promise<T> {
  const response = await fetch(config.endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Device-Class": "WEB",
      "X-Client-Name": "marquee-watch",
      "X-Client-Version": "1",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ documentId: config.documents[operation], variables }),
    ...options,
  });
  const { data, errors } = await response.json();
  const error = errors?.[0];
  if (error) throw Object.assign(new Error(error.message), { name: error.extensions?.code });
  return Object.values(data)[0] as T;
}

/** Covers the picture with a message; resolves with what was filled in and, as `choice`, the button pressed. */
function prompt(title: string, text: string, choices: Options, fields: Field[] = []): Promise<Record<string, string>> {
  const gate = $<HTMLFormElement>("gate");
  $("gate-title").textContent = title;
  $("gate-text").textContent = text;
  const inputs = fields.map((field) => make("input", { ...field, ariaLabel: field.placeholder, required: true }));
  const buttons = choices.map(([value, textContent]) => make("button", { name: "choice", value, textContent }));
  $("gate-fields").replaceChildren(...inputs, ...buttons);
  gate.hidden = false;
  (inputs[0] ?? buttons[0])?.focus();
  return new Promise((resolve) => {
    gate.onsubmit = (event) => {
      event.preventDefault();
      gate.hidden = true;
      resolve(Object.fromEntries(new FormData(gate, event.submitter)) as Record<string, string>);
    };
  });
}

async function signIn(text: string): Promise<void> {
  token = undefined;
  const { email, password } = await prompt("Sign in", text, [["", "Sign in"]], CREDENTIALS);
  const answer = await ask<SignedIn | Problem>("sign-in", { input: { email, password } });
  if (!("accessToken" in answer)) return signIn(answer.message);
  token = answer.accessToken;
  $("account").textContent = email ?? "";
  const { profile, account } = answer.viewer;
  if (account.profiles.length > 0) await enterProfile(account.profiles, profile?.id);
}

async function enterProfile(profiles: Profile[], current?: string, text = ""): Promise<void> {
  const { choice } = await prompt("Who is watching?", text, profiles.map(({ id, name }) => [id, name]));
  const wanted = profiles.find(({ id }) => id === choice);
  if (!wanted || wanted.id === current) return;
  const pin = wanted.hasPin ? await askPin(`${wanted.name} has a PIN.`) : undefined;
  const answer = await ask<SignedIn | Problem>("switch-profile", { profileId: wanted.id, pin });
  if (!("accessToken" in answer)) return enterProfile(profiles, current, answer.message);
  token = answer.accessToken;
}

async function askPin(text: string): Promise<string | undefined> {
  return (await prompt("PIN", text, [["", "Go on"]], PIN)).pin;
}

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
    if (!token) await signIn("What plays depends on the account.");
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
