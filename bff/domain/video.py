"""What was made of a master, as cards carry it: renditions, tracks, thumbnails, markers. All viewers share it."""

from enum import StrEnum

from msgspec import Struct

from bff.domain.devices import AudioCodec, VideoCodec


class VideoState(StrEnum):
    """Whether a playable has a video that plays; PROCESSING and FAILED only while it has none that does."""

    NONE = "NONE"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"


class Quality(StrEnum):
    """A height of the picture in lines, from low to high; a wider one has fewer, and keeps the quality of its width."""

    P240 = "P240"
    P360 = "P360"
    P480 = "P480"
    P720 = "P720"
    P1080 = "P1080"
    P2160 = "P2160"

    @property
    def lines(self) -> int:
        return int(self.value[1:])


class AudioKind(StrEnum):
    ORIGINAL = "ORIGINAL"
    DUBBED = "DUBBED"
    DESCRIPTION = "DESCRIPTION"


class SubtitleKind(StrEnum):
    SUBTITLES = "SUBTITLES"
    CLOSED_CAPTIONS = "CLOSED_CAPTIONS"
    FORCED = "FORCED"


class SkipKind(StrEnum):
    INTRO = "INTRO"
    RECAP = "RECAP"
    CREDITS = "CREDITS"


class KeyLabel(StrEnum):
    """Which content key a track is encrypted with: SD to 480p, HD to 1080p, UHD above."""

    SD = "SD"
    HD = "HD"
    UHD = "UHD"
    AUDIO = "AUDIO"


class ContentKey(Struct, frozen=True):
    """AES-128: 16 bytes each. The id is public (`default_KID` in manifests and segments), the key is not."""

    key_id: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"ContentKey({self.key_id.hex()}, …)"


def label_of(quality: Quality) -> KeyLabel:
    """The key that pictures of a quality are encrypted with."""
    if quality.lines <= Quality.P480.lines:
        return KeyLabel.SD
    return KeyLabel.HD if quality.lines <= Quality.P1080.lines else KeyLabel.UHD


class Rendition(Struct, frozen=True, kw_only=True, gc=False):
    """One encode of the picture. `name` is its folder below the asset's: `h264-480`; `codecs` is by RFC 6381.

    `bitrate` is the peak over segments, as HLS's BANDWIDTH has it, `average_bitrate` the mean, both in bits a second.
    `vmaf` is the mean over the encode against the master, 0..100, where it was measured.
    """

    name: str
    quality: Quality
    width: int
    height: int
    bitrate: int
    average_bitrate: int
    codec: VideoCodec
    codecs: str
    hdr: bool = False
    vmaf: float | None = None


class AudioTrack(Struct, frozen=True, kw_only=True, gc=False):
    """`name` is for viewers, `folder` its place below the asset's; `bitrate` in bits a second."""

    folder: str
    language: str
    name: str
    kind: AudioKind
    channels: int
    codec: AudioCodec = AudioCodec.AAC
    codecs: str = "mp4a.40.2"
    bitrate: int


class SubtitleTrack(Struct, frozen=True, kw_only=True, gc=False):
    """`file` is the whole track as WebVTT, below the asset's folder; `folder` its segments, for manifests."""

    folder: str
    file: str
    language: str
    name: str
    kind: SubtitleKind = SubtitleKind.SUBTITLES


class TrickPlay(Struct, frozen=True, kw_only=True, gc=False):
    """Scrubbing thumbnails: `file` is the WebVTT below the asset's folder, `interval` the seconds between two tiles."""

    file: str
    tile_width: int
    tile_height: int
    interval: float


class SkipMarker(Struct, frozen=True, gc=False):
    """`start` and `end` in seconds."""

    kind: SkipKind
    start: float
    end: float


class Preview(Struct, frozen=True, kw_only=True, gc=False):
    """A short clip without sound. `name` is what stands behind `/previews/`; `duration` in seconds."""

    name: str
    width: int
    height: int
    duration: float
    codec: VideoCodec = VideoCodec.H264


class Video(Struct, frozen=True, kw_only=True, gc=False):
    """A published asset. Its files lie in the object store under `media/{asset_id}/` and never change.

    There stand `manifest.mpd` (DASH), `master.m3u8` (HLS), a playlist `{folder}.m3u8` and a folder with `init.mp4` and
    segments `00001.m4s`, … for each rendition and audio track, segments of WebVTT (`00001.vtt`) and of wvtt for each
    of subtitles, and `digests.json` with the SHA-256 of each file. `duration` and `segment_duration` are in seconds;
    `renditions` stand best first. `is_encrypted` says that segments need content keys;
    `placeholder` is the ThumbHash, in base64, of the film's own poster or else of the first still.
    """

    asset_id: str
    duration: float
    segment_duration: float
    segment_count: int
    renditions: tuple[Rendition, ...]
    audio: tuple[AudioTrack, ...] = ()
    subtitles: tuple[SubtitleTrack, ...] = ()
    thumbnails: TrickPlay | None = None
    stills: tuple[str, ...] = ()
    placeholder: str = ""
    previews: tuple[Preview, ...] = ()
    is_encrypted: bool = False
