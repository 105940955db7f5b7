"""Small assets that are packaged once a session: 8 s of a test picture in three codecs, two languages, thumbnails.

Encoded at 240 and 720 lines in H.264, at 240 in AV1 and VP9; the tones of the languages differ, and so do their cues.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

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
    label_of,
)
from bff.media.commands import run_ffmpeg
from bff.media.package import AnyInput, AudioInput, PictureInput, TextInput, package
from bff.media.thumbnails import draw_sprites

DURATION = 8.0
SEGMENT = 2.0
LANGUAGES = {"en": "English", "es": "Spanish"}
CUES = {language: [f"{name} one", f"{name} two"] for language, name in LANGUAGES.items()}
KEYS = {
    label: ContentKey(bytes([number] * 16), bytes([0xF0 + number] * 16))
    for number, label in enumerate((KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO), 1)
}

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

    @property
    def quality(self) -> Quality:
        return Quality(f"P{self.height}")

    @property
    def label(self) -> KeyLabel:
        return label_of(self.quality)

    @property
    def folder(self) -> str:
        return f"{self.codec.value.lower()}-{self.height}"


PICTURES = (
    Picture(VideoCodec.H264, 720, 1280),
    Picture(VideoCodec.H264, 240, 426),
    Picture(VideoCodec.AV1, 240, 426),
    Picture(VideoCodec.VP9, 240, 426),
)


@dataclass(frozen=True)
class Asset:
    """`folder` holds what stands below `media/{asset_id}/` in the object store."""

    folder: Path
    thumbnails: TrickPlay
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
                    quality=picture.quality,
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
            thumbnails=self.thumbnails,
            is_encrypted=bool(self.keys),
        )


@pytest.fixture(scope="session")
async def encodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracks before they are packaged."""
    folder = tmp_path_factory.mktemp("encodes")
    arguments = ["-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=24:duration={DURATION}"]
    for number in range(len(LANGUAGES)):
        arguments += ["-f", "lavfi", "-i", f"sine=frequency={440 * (number + 1)}:duration={DURATION}"]
    for picture in PICTURES:
        scale = f"scale={picture.width}:{picture.height},setsar=1"
        arguments += ["-map", "0:v", "-vf", scale, *_ENCODERS[picture.codec].split(), f"{folder}/{picture.folder}.mp4"]
    for number, language in enumerate(LANGUAGES, 1):
        arguments += ["-map", f"{number}:a", "-c:a", "aac", "-b:a", "64k", f"{folder}/audio-{language}.mp4"]
    await run_ffmpeg(arguments, deadline=120)
    for language, (first, second) in CUES.items():
        text = f"WEBVTT\n\n00:00.200 --> 00:03.500\n{first}\n\n00:04.000 --> 00:07.500\n{second}\n"
        (folder / f"text-{language}.vtt").write_text(text)
    return folder


@pytest.fixture(scope="session")
async def clear_asset(encodes: Path, tmp_path_factory: pytest.TempPathFactory) -> Asset:
    return await package_asset(encodes, tmp_path_factory.mktemp("clear"), {})


@pytest.fixture(scope="session")
async def encrypted_asset(encodes: Path, tmp_path_factory: pytest.TempPathFactory) -> Asset:
    """Under `KEYS`, by the scheme `cbcs`."""
    return await package_asset(encodes, tmp_path_factory.mktemp("encrypted"), KEYS)


async def package_asset(encodes: Path, folder: Path, keys: Mapping[KeyLabel, ContentKey]) -> Asset:
    """As the pipeline does; encrypted where there are keys."""
    inputs: list[AnyInput] = [
        PictureInput(path=encodes / f"{picture.folder}.mp4", folder=picture.folder, label=picture.label)
        for picture in PICTURES
    ]
    for language, name in LANGUAGES.items():
        audio, text = f"audio-{language}", f"text-{language}"
        inputs += [
            AudioInput(
                path=encodes / f"{audio}.mp4", folder=audio, language=language, name=name, is_main=language == "en"
            ),
            TextInput(path=encodes / f"{text}.vtt", folder=text, language=language, name=name),
        ]
        (folder / f"{text}.vtt").write_bytes((encodes / f"{text}.vtt").read_bytes())
    await package(inputs, folder, segment_seconds=SEGMENT, language="en", keys=keys or None)
    thumbnails = await draw_sprites(encodes / "h264-240.mp4", folder, width=426, height=240, duration=DURATION)
    return Asset(folder, thumbnails, keys)
