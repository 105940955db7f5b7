// Plays streams in headless Chromium with Shaka Player, hls.js and dash.js, and prints what was seen as JSON.
//
//   node tests/browser/players.mjs ORIGIN < plan.json
//
// The plan is a list of runs, played a few at a time in one page: {name, player, url, license?, codec?, steps?}.
// Judges nothing: the caller does. Fails only where the page cannot be used at all.

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

import { withPage } from "./chromium.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));

const SCRIPTS = {
  shaka: "shaka-player/dist/shaka-player.compiled-es2021.js",
  hls: "hls.js/dist/hls.min.js",
  dash: "dashjs",
};
const AT_ONCE = 3;

async function main(page, origin, plan) {
  await page.goto(`${origin}/healthz`);
  for (const player of new Set(plan.map((run) => run.player))) {
    await page.addScriptTag({ path: require.resolve(SCRIPTS[player]) });
  }
  await page.evaluate(definePlayers);
  const waiting = [...plan];
  const reports = {};
  const work = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) {
      reports[run.name] = await page.evaluate((run) => window.play(run), run);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return reports;
}

/** Runs inside the page: gives it `play(run)`, which answers what was seen of one run. */
function definePlayers() {
  const PATIENCE = 60_000; // Shaka lets a track that failed rest for 30 s

  const until = async (isSo, what) => {
    const end = performance.now() + PATIENCE;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };

  /** Each opens a stream and answers what steps can be taken with it. `fail` takes errors that come later. */
  const OPEN = {
    async shaka(video, { url, license, codec }, fail) {
      const player = new shaka.Player();
      player.addEventListener("error", ({ detail }) => fail(detail.code));
      await player.attach(video);
      player.configure({
        drm: license ? { servers: { "org.w3.clearkey": license }, retryParameters: { maxAttempts: 1 } } : {},
        streaming: { retryParameters: { maxAttempts: 1 }, bufferingGoal: 3 },
        preferredVideo: codec ? [{ codec }] : [],
        manifest: { retryParameters: { maxAttempts: 1 } },
      });
      try {
        await player.load(url);
      } catch (error) {
        fail(error.code);
      }
      return {
        qualities: () => [...new Set(player.getVideoTracks().map((track) => track.height))],
        codec: () => player.getVideoTracks().find((track) => track.active)?.codecs,
        languages: () => [...new Set(player.getAudioTracks().map((track) => track.language))],
        keySystem: () => player.keySystem(),
        setQuality(height) {
          player.configure("abr.enabled", false);
          player.selectVideoTrack(player.getVideoTracks().find((track) => track.height === height), true);
        },
        setAudio: (language) => player.selectAudioTrack(player.getAudioTracks().find((track) => track.language === language)),
        audio: () => player.getAudioTracks().find((track) => track.active).language,
        setSubtitles: (language) => player.selectTextTrack(player.getTextTracks().find((track) => track.language === language)),
        async thumbnail({ vtt, time }) {
          const track = await player.addThumbnailsTrack(new URL(vtt, location.href).href, "text/vtt");
          const { uris, positionX, positionY, width, height } = await player.getThumbnails(track.id, time);
          const picture = new Image();
          picture.src = uris[0];
          await picture.decode();
          return { x: positionX, y: positionY, width, height, sprite: [picture.naturalWidth, picture.naturalHeight] };
        },
        close: () => player.destroy(),
      };
    },
    async hls(video, { url }, fail) {
      const player = new Hls({ maxBufferLength: 4 });
      player.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && fail(details));
      player.attachMedia(video);
      player.loadSource(url);
      return {
        qualities: () => [...new Set(player.levels.map((level) => level.height))],
        codec: () => player.levels[player.currentLevel]?.videoCodec,
        languages: () => player.audioTracks.map((track) => track.lang),
        setQuality: (height) => (player.currentLevel = player.levels.findIndex((level) => level.height === height)),
        setAudio: (language) => (player.audioTrack = player.audioTracks.findIndex((track) => track.lang === language)),
        audio: () => player.audioTracks[player.audioTrack].lang,
        setSubtitles(language) {
          player.subtitleDisplay = true;
          player.subtitleTrack = player.subtitleTracks.findIndex((track) => track.lang === language);
        },
        close: () => player.destroy(),
      };
    },
    async dash(video, { url }, fail) {
      const player = dashjs.MediaPlayer().create();
      player.on(dashjs.MediaPlayer.events.ERROR, ({ error }) => fail(error.code));
      player.on(dashjs.Protection.events.KEY_ERROR, ({ error }) => fail(error?.code ?? "key"));
      player.initialize(video, url, true);
      player.updateSettings({ streaming: { retryAttempts: { MediaSegment: 0, MPD: 0, license: 0 } } });
      return {
        qualities: () => [...new Set(player.getTracksFor("video").flatMap((track) => track.bitrateList.map(({ height }) => height)))],
        codec: () => player.getCurrentTrackFor("video")?.codec,
        languages: () => player.getTracksFor("audio").map((track) => track.lang),
        setQuality(height) {
          player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
          const wanted = player.getRepresentationsByType("video").find((one) => one.height === height);
          player.setRepresentationForTypeById("video", wanted.id, true);
        },
        setAudio: (language) => player.setCurrentTrack(player.getTracksFor("audio").find((track) => track.lang === language)),
        audio: () => player.getCurrentTrackFor("audio").lang,
        setSubtitles: (language) => player.setTextTrack(player.getTracksFor("text").findIndex((track) => track.lang === language)),
        close: () => player.destroy(),
      };
    },
  };

  window.play = async ({ player, steps = {}, ...stream }) => {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    const report = { errors: [] };
    const fail = (code) => report.errors.push(code);
    const started = performance.now();
    let opened;
    try {
      opened = await OPEN[player](video, stream, fail);
      void video.play().catch(() => undefined);
      const isPlaying = () => report.errors.length > 0 || (video.currentTime > 0.3 && video.videoWidth > 0);
      await until(isPlaying, "to play");
      if (report.errors.length === 0) {
        await take(steps, opened, video, report, stream.url);
        await until(() => opened.qualities().length > 0, "to say its qualities"); // none while the one that plays has no key
        for (const name of ["qualities", "codec", "languages", "keySystem"]) report[name] = opened[name]?.();
        report.height = video.videoHeight;
      }
    } catch (error) {
      report.gaveUp = String(error);
    }
    report.position = video.currentTime;
    report.frames = video.getVideoPlaybackQuality().totalVideoFrames;
    report.milliseconds = Math.round(performance.now() - started);
    await opened?.close();
    video.remove();
    return report;
  };

  const playOn = async (video) => {
    const { currentTime } = video;
    await until(() => video.currentTime > currentTime + 0.2, "to play on");
  };

  /** What is shown at a second; it is come back to until that is there, since nobody knows how far it has played. */
  const listSubtitles = async (video, time) => {
    const isShown = ({ startTime, endTime }) => startTime <= time && time < endTime;
    const list = () => {
      const showing = [...video.textTracks].filter((track) => track.mode === "showing");
      return showing.flatMap((track) => [...(track.cues ?? [])].filter(isShown).map((cue) => cue.text));
    };
    await until(() => {
      if (Math.abs(video.currentTime - time) > 2) video.currentTime = time;
      return list().length > 0;
    }, `subtitles at second ${time}`);
    return list();
  };

  const take = async (steps, opened, video, report, url) => {
    if (steps.position) await until(() => video.currentTime > steps.position, `second ${steps.position}`);
    if (steps.subtitles) { // first: a text that is chosen while Shaka still changes to another audio is never asked for
      opened.setSubtitles(steps.subtitles.language);
      report.subtitles = await listSubtitles(video, steps.subtitles.time);
    }
    for (const height of steps.qualities ?? []) {
      opened.setQuality(height);
      await until(() => video.videoHeight === height, `${height} lines`);
      await playOn(video);
    }
    if (steps.audio) {
      opened.setAudio(steps.audio);
      await until(() => opened.audio() === steps.audio, "another language");
      await playOn(video);
      report.audio = opened.audio();
    }
    if (steps.stop) {
      const stopped = performance.now();
      await fetch("/graphql", { method: "POST", ...steps.stop });
      await until(async () => (await fetch(url)).status === 403, "to be refused");
      report.refusedAfter = Math.round(performance.now() - stopped);
      video.currentTime = video.duration - 0.5;
      await until(() => report.errors.length > 0, "to stop");
    }
    if (steps.thumbnail) report.thumbnail = await opened.thumbnail(steps.thumbnail);
  };
}

const [origin] = process.argv.slice(2);
if (!origin) {
  console.error("usage: node tests/browser/players.mjs ORIGIN < plan.json");
  process.exit(2);
}
const plan = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await withPage({}, (page) => main(page, origin, plan)), null, 2));
