// Reads manifests with hls-parser (strict) and mpd-parser, and prints what they found as JSON.
//
//   node tests/media/parse_manifests.mjs < {"name.m3u8": "text", "name.mpd": "text"}
//
// Fails where a parser does.

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const HLS = require("hls-parser");
const { parse: parseMpd } = require("mpd-parser");

HLS.setOptions({ strictMode: true });

function readPlaylist(manifest) {
  const playlist = HLS.parse(manifest);
  if (playlist.isMasterPlaylist) {
    const variants = playlist.variants.filter((variant) => !variant.isIFrameOnly);
    const [first] = variants;
    return {
      variants: variants.map(({ uri, codecs, resolution }) => ({ uri, codecs, height: resolution?.height })),
      audio: first.audio.map(({ language }) => language),
      subtitles: first.subtitles.map(({ language }) => language),
    };
  }
  return {
    segments: playlist.segments.length,
    duration: playlist.segments.reduce((sum, { duration }) => sum + duration, 0),
    isWhole: playlist.endlist,
    isEncrypted: playlist.segments[0].key?.method === "SAMPLE-AES",
  };
}

function readMpd(manifest) {
  const { playlists, mediaGroups, duration } = parseMpd(manifest, { manifestUri: "http://localhost/" });
  return {
    duration,
    videos: playlists.map(({ attributes, segments, contentProtection }) => ({
      codecs: attributes.CODECS,
      height: attributes.RESOLUTION?.height,
      segments: segments.length,
      systems: Object.keys(contentProtection ?? {}),
    })),
    audio: Object.values(mediaGroups.AUDIO.audio).map(({ language }) => language),
  };
}

const manifests = Object.entries(JSON.parse(await text(process.stdin)));
const read = ([name, manifest]) => [name, name.endsWith(".mpd") ? readMpd(manifest) : readPlaylist(manifest)];
console.log(JSON.stringify(Object.fromEntries(manifests.map(read))));
