/** Plays one title as a client would: signs in, asks startPlayback, and shows whatever it answers. */
import "./page.css";

import shaka from "shaka-player/dist/shaka-player.compiled-es2021.js";

interface PageConfig {
  /** Path of the GraphQL endpoint, on the page's own origin. */
  endpoint: string;
  /** Ids of the operations that the server publishes for this page, by name. */
  documents: Record<string, string>;
  /** Access token minted when the page was loaded, and whose it is; absent for a visitor. */
  token?: string;
  account?: string;
}
interface Track {
  language: string;
  name: string;
  kind: string;
}
interface Playable {
  id: string;
  name: string;
  label: string | null;
  title: { name: string; synopsis: string };
}
interface Session {
  __typename: "PlaybackSession";
  id: string;
  dashUrl: string;
  hlsUrl: string;
  drm: { system: string; licenseUrl: string }[];
  startPosition: number;
  audio: { language: string; kind: string } | null;
  subtitle: { language: string; kind: string } | null;
  audioTracks: Track[];
  subtitles: Track[];
  skipMarkers: { kind: string; start: number; end: number }[];
  thumbnails: { vttUrl: string | null } | null;
  refused: { rendition: { quality: string; codec: string }; reason: string }[];
}
interface Problem {
  __typename: string;
  message: string;
}
interface Field {
  name: string;
  label: string;
  type: string;
}
class Refusal extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

const KEY_SYSTEMS: Record<string, string> = {
  CLEARKEY: "org.w3.clearkey",
  WIDEVINE: "com.widevine.alpha",
  PLAYREADY: "com.microsoft.playready",
  FAIRPLAY: "com.apple.fps",
};
const SIGN_IN: Field[] = [
  { name: "email", label: "E-mail", type: "email" },
  { name: "password", label: "Password", type: "password" },
];
const PIN: Field[] = [{ name: "pin", label: "PIN", type: "password" }];

const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const config = JSON.parse($("page-config").textContent ?? "") as PageConfig;
const video = $<HTMLVideoElement>("video");
const seek = $<HTMLInputElement>("seek");
const format = $<HTMLSelectElement>("format");
const player = new shaka.Player();
let token = config.token;
let session: Session | undefined;

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
  if (error) throw new Refusal(error.message, error.extensions?.code ?? "");
  return Object.values(data)[0] as T;
}

/** Covers the picture with a message; where there are fields, resolves with what was filled in. */
function prompt(title: string, text: string, fields: Field[] = [], submit = "Go on"): Promise<Record<string, string>> {
  const gate = $<HTMLFormElement>("gate");
  $("gate-title").textContent = title;
  $("gate-text").textContent = text;
  const inputs = fields.map(({ label, ...field }) =>
    Object.assign(document.createElement("input"), { ...field, placeholder: label, ariaLabel: label, required: true }),
  );
  const button = Object.assign(document.createElement("button"), { textContent: submit });
  $("gate-fields").replaceChildren(...inputs, button);
  gate.hidden = false;
  inputs[0]?.focus();
  return new Promise((resolve) => {
    gate.onsubmit = (event) => {
      event.preventDefault();
      gate.hidden = true;
      resolve(Object.fromEntries(new FormData(gate)) as Record<string, string>);
    };
  });
}

async function signIn(text: string): Promise<void> {
  type Answer = Problem & {
    accessToken?: string;
    viewer: { profile: object | null; account: { profiles: { id: string; name: string; hasPin: boolean }[] } };
  };
  token = undefined;
  const answer = await ask<Answer>("sign-in", { input: await prompt("Sign in", text, SIGN_IN, "Sign in") });
  if (!answer.accessToken) return signIn(answer.message);
  token = answer.accessToken;
  const { profile, account } = answer.viewer;
  if (!profile) await enterProfile(account.profiles);
}

async function enterProfile(profiles: { id: string; name: string; hasPin: boolean }[], text = ""): Promise<void> {
  void prompt("Who is watching?", text);
  const wanted = await new Promise<(typeof profiles)[number]>((resolve) => {
    const choices = profiles.map((profile) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: profile.name });
      button.addEventListener("click", () => resolve(profile));
      return button;
    });
    $("gate-fields").replaceChildren(...choices);
  });
  const pin = wanted.hasPin ? (await prompt("PIN", `${wanted.name} has a PIN.`, PIN)).pin : undefined;
  const answer = await ask<Problem & { accessToken?: string }>("switch-profile", { profileId: wanted.id, pin });
  if (!answer.accessToken) return enterProfile(profiles, answer.message);
  token = answer.accessToken;
  $("gate").hidden = true;
}

/** The film, the episode or the trailer of the address; for a series, the episode to go on with. */
async function findPlayable(id: string): Promise<Playable | undefined> {
  const node = await ask<(Playable & { play?: Playable | null; title?: object }) | null>("watch", { id });
  if (!node) return undefined;
  return node.play ?? (node.title ? node : undefined);
}

async function start(playableId: string, pin?: string): Promise<void> {
  const input = { playableId, idempotencyKey: crypto.randomUUID(), ...(pin ? { pin } : {}) };
  const answer = await ask<Session | Problem>("start-playback", { input });
  $("answer").textContent = JSON.stringify(answer, null, 2);
  if (isSession(answer)) {
    session = answer;
    await load(answer, answer.startPosition);
  } else if (answer.__typename === "PinRequired") {
    await start(playableId, (await prompt("PIN", answer.message, PIN)).pin);
  } else {
    await prompt(answer.__typename.replace(/([a-z])([A-Z])/g, "$1 $2"), answer.message, [], "Try again");
    await start(playableId);
  }
}

function isSession(answer: Session | Problem): answer is Session {
  return answer.__typename === "PlaybackSession";
}

async function load(playing: Session, position: number): Promise<void> {
  $("gate").hidden = true;
  const servers = playing.drm.map(({ system, licenseUrl }) => [KEY_SYSTEMS[system] ?? system, licenseUrl]);
  player.configure({
    drm: { servers: Object.fromEntries(servers) },
    preferredAudio: playing.audio ? [{ language: playing.audio.language }] : [],
    preferredText: playing.subtitle ? [{ language: playing.subtitle.language }] : [],
  });
  await player.load(format.value === "HLS" ? playing.hlsUrl : playing.dashUrl, position || null);
  if (playing.thumbnails?.vttUrl) await player.addThumbnailsTrack(new URL(playing.thumbnails.vttUrl, location.href).href, "text/vtt");
  $("controls").hidden = false;
  listTracks();
  // Browsers let nothing with sound begin by itself; the play button is there then.
  video.play().catch(() => undefined);
}

/** Where playback cannot go on, says so; a new session may be allowed what this one is not. */
async function fail(error: unknown): Promise<void> {
  const { code, category } = (error as { code?: number; category?: number }) ?? {};
  const text = error instanceof Error && !category ? error.message : `Shaka Player stopped with error ${code}.`;
  await prompt("This cannot be played", text, [], "Try again");
  location.reload();
}

// ---------------------------------------------------------------- controls

function fill(select: HTMLSelectElement, options: [value: string, text: string][], chosen: string): void {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

function listTracks(): void {
  const videos = player.getVideoTracks().sort((a, b) => (b.height ?? 0) - (a.height ?? 0) || b.bandwidth - a.bandwidth);
  const isAutomatic = player.getConfiguration().abr.enabled;
  const active = videos.find((track) => track.active);
  const qualities = videos.map((track): [string, string] => [nameVideo(track), nameVideo(track)]);
  fill(
    $("quality"),
    [["auto", active && isAutomatic ? `Auto (${active.height}p)` : "Auto"], ...qualities],
    active && !isAutomatic ? nameVideo(active) : "auto",
  );
  const audios = player.getAudioTracks();
  fill(
    $("audio"),
    audios.map((track, at) => [String(at), nameAudio(track)]),
    String(audios.findIndex((track) => track.active)),
  );
  const texts = player.getTextTracks();
  fill(
    $("subtitles"),
    [["-1", "Off"], ...texts.map((track, at): [string, string] => [String(at), nameLanguage(track)])],
    String(texts.findIndex((track) => track.active)),
  );
}

function nameVideo(track: shaka.extern.VideoTrack): string {
  return `${track.height}p ${(track.codecs ?? "").split(".")[0]}`;
}

function nameLanguage(track: { language: string; label: string | null }): string {
  if (track.label) return track.label;
  return new Intl.DisplayNames("en", { type: "language", fallback: "code" }).of(track.language) ?? track.language;
}

function nameAudio(track: shaka.extern.AudioTrack): string {
  return nameLanguage(track) + (track.channelsCount === 6 ? " 5.1" : "");
}

$("quality").addEventListener("change", (event) => {
  const wanted = (event.target as HTMLSelectElement).value;
  player.configure("abr.enabled", wanted === "auto");
  const track = player.getVideoTracks().find((track) => nameVideo(track) === wanted);
  if (track) player.selectVideoTrack(track, true);
});
$("audio").addEventListener("change", (event) => {
  const track = player.getAudioTracks()[Number((event.target as HTMLSelectElement).value)];
  if (track) player.selectAudioTrack(track);
});
$("subtitles").addEventListener("change", (event) => {
  player.selectTextTrack(player.getTextTracks()[Number((event.target as HTMLSelectElement).value)] ?? null);
});
format.addEventListener("change", () => session && load(session, video.currentTime).catch(fail));
$("play").addEventListener("click", () => (video.paused ? video.play() : video.pause()));
video.addEventListener("click", () => $("play").click());
$("full").addEventListener("click", () =>
  document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen(),
);
$("volume").addEventListener("input", (event) => (video.volume = Number((event.target as HTMLInputElement).value)));
seek.addEventListener("input", () => (video.currentTime = Number(seek.value)));
seek.addEventListener("pointermove", (event) => void showThumbnail(event));
seek.addEventListener("pointerleave", () => ($("preview").hidden = true));
video.addEventListener("timeupdate", showTime);
for (const change of ["play", "pause"]) video.addEventListener(change, showTime);
for (const change of ["trackschanged", "adaptation", "variantchanged", "textchanged", "audiotrackschanged"]) {
  player.addEventListener(change, listTracks);
}

async function showThumbnail(event: PointerEvent): Promise<void> {
  const fraction = Math.min(1, Math.max(0, event.offsetX / seek.clientWidth));
  const time = fraction * Number(seek.max);
  const track = player.getImageTracks()[0];
  const thumbnail = track && (await player.getThumbnails(track.id, time));
  const tile = $("tile");
  if (thumbnail) {
    tile.style.width = `${thumbnail.width}px`;
    tile.style.height = `${thumbnail.height}px`;
    tile.style.background = `url("${thumbnail.uris[0]}") -${thumbnail.positionX}px -${thumbnail.positionY}px`;
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
  if (marker) {
    skip.textContent = `Skip ${marker.kind.toLowerCase()}`;
    skip.onclick = () => (video.currentTime = marker.end);
  }
  showFacts();
}

function showFacts(): void {
  const track = player.getVideoTracks().find((track) => track.active);
  const { estimatedBandwidth, decodedFrames, droppedFrames } = player.getStats();
  const refused = session?.refused.map(({ rendition, reason }) => `${rendition.quality.slice(1)}p: ${reason}`) ?? [];
  const facts: [string, string][] = [
    ["Picture", `${video.videoWidth} × ${video.videoHeight}`],
    ["Codec", track?.codecs ?? "–"],
    ["Bitrate", track?.bandwidth ? `${Math.round(track.bandwidth / 1000)} kbit/s` : "–"],
    ["Network", `${Math.round(estimatedBandwidth / 1000)} kbit/s`],
    ["Frames", `${decodedFrames}, ${droppedFrames} dropped`],
    ["Keys", player.keySystem() || "none (clear)"],
    ["Left out", refused.join(", ") || "nothing"],
  ];
  $("facts").replaceChildren(
    ...facts.flatMap(([term, fact]) => [
      Object.assign(document.createElement("dt"), { textContent: term }),
      Object.assign(document.createElement("dd"), { textContent: fact }),
    ]),
  );
}

// ---------------------------------------------------------------- the whole

async function open(): Promise<void> {
  if (!token) await signIn("What plays depends on the account.");
  $("account").textContent = config.token === token ? (config.account ?? "") : "";
  try {
    const id = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
    const playable = await findPlayable(id);
    if (playable) {
      $("name").textContent = playable.label ? `${playable.title.name} · ${playable.label}` : playable.name;
      $("synopsis").textContent = playable.title.synopsis;
      document.title = `${playable.title.name} · Marquee`;
    }
    // A trailer is no node of the graph; what is nothing at all, startPlayback says best.
    await start(playable?.id ?? id);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "UNAUTHENTICATED") throw error;
    await signIn(error.message);
    await open();
  }
}

addEventListener("pagehide", () => {
  if (session) void ask("stop-playback", { sessionId: session.id, position: video.currentTime }, { keepalive: true });
});
player.addEventListener("error", (event) => void fail((event as Event & { detail?: unknown }).detail));
player.setVideoContainer($("stage"));
Object.assign(window, { player });
await player.attach(video);
await open().catch(fail);
