"""Which renditions a master gets, and on which grid of frames they are cut. No I/O."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct

from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset
from bff.domain.masters import Master
from bff.domain.video import Quality

SEGMENT_SECONDS = 4
CHUNK_SECONDS = {Preset.QUICK: 16, Preset.STANDARD: 32}
"""Of the longest. Long chunks cost less, since each decodes anew from the master's key frame before it; short ones lose
less."""
_START_SECONDS = 1.0
"""To begin a chunk takes about as long as to decode so much of it."""

_WIDTHS = {
    Quality.P240: 426,
    Quality.P360: 640,
    Quality.P480: 854,
    Quality.P720: 1280,
    Quality.P1080: 1920,
    Quality.P2160: 3840,
}

USUAL_CRF: Mapping[VideoCodec, int] = {
    VideoCodec.H264: 23,
    VideoCodec.HEVC: 25,
    VideoCodec.VP9: 34,
    VideoCodec.AV1: 35,
}
"""Where nothing was measured: about the same picture from each."""

MOST_BITRATE = {
    Quality.P240: 350_000,
    Quality.P360: 800_000,
    Quality.P480: 1_600_000,
    Quality.P720: 3_500_000,
    Quality.P1080: 6_500_000,
    Quality.P2160: 18_000_000,
}
"""Of H.264, in bits a second: what no rung goes over for long; the lowest is for the thinnest line."""

_SAVINGS = {VideoCodec.H264: 1.0, VideoCodec.HEVC: 0.7, VideoCodec.VP9: 0.75, VideoCodec.AV1: 0.65}


class Rung(Struct, frozen=True, kw_only=True):
    """One rendition that is to be made; `most_bitrate` is in bits a second, `vmaf` what was measured, 0..100."""

    quality: Quality
    codec: VideoCodec
    width: int
    height: int
    crf: float
    most_bitrate: int
    vmaf: float | None = None

    @property
    def name(self) -> str:
        return f"{self.codec.value.lower()}-{self.quality.lines}"


class Chunk(Struct, frozen=True):
    """Frames `first` to `first + count - 1` of the grid."""

    first: int
    count: int


def fit_size(width: int, height: int, quality: Quality) -> tuple[int, int]:
    """The largest even size of these proportions within the quality's box, lying or upright, and never enlarged."""
    longer, shorter = _WIDTHS[quality], quality.lines
    scale = min(Fraction(1), Fraction(longer, max(width, height)), Fraction(shorter, min(width, height)))
    return _even(width * scale), _even(height * scale)


def choose_sizes(width: int, height: int) -> dict[Quality, tuple[int, int]]:
    """The qualities that a picture of this size has, from low to high.

    A quality whose box the picture does not fill is its highest, at its own size, where that is a tenth more than the
    quality below; of 2160 lines only what fills the box.
    """
    sizes: dict[Quality, tuple[int, int]] = {}
    for quality in Quality:
        size = fit_size(width, height, quality)
        is_filled = width >= _WIDTHS[quality] or height >= _WIDTHS[quality] or min(width, height) >= quality.lines
        held = max((max(other) for other in sizes.values()), default=0)
        if is_filled or (max(size) > held * 1.1 and quality is not Quality.P2160):
            sizes[quality] = size
        if not is_filled:
            break
    return sizes


def plan_rungs(master: Master, preset: Preset, codecs: Sequence[VideoCodec]) -> list[Rung]:
    """At the usual qualities, best first, H.264 always; the quick preset keeps three sizes of H.264 alone."""
    sizes = choose_sizes(master.width, master.height)
    qualities = list(sizes)
    wanted: Sequence[VideoCodec] = dict.fromkeys([VideoCodec.H264, *codecs])  # type: ignore[assignment]
    if preset is Preset.QUICK:
        wanted = [VideoCodec.H264]
        qualities = sorted({qualities[0], qualities[len(qualities) // 2], qualities[-1]}, key=qualities.index)
    return [
        Rung(
            quality=quality,
            codec=codec,
            width=sizes[quality][0],
            height=sizes[quality][1],
            crf=USUAL_CRF[codec],
            most_bitrate=limit_bitrate(quality, codec),
        )
        for codec in wanted
        for quality in reversed(qualities)
    ]


def limit_bitrate(quality: Quality, codec: VideoCodec) -> int:
    """In bits a second."""
    return round(MOST_BITRATE[quality] * _SAVINGS[codec])


def group_length(rate: Fraction) -> int:
    """Frames of a group of pictures, which is a segment: as near to `SEGMENT_SECONDS` as whole frames come."""
    return max(1, round(SEGMENT_SECONDS * rate))


def keep_key_frames(key_frames: Iterable[int], frame_count: int, rate: Fraction, lead_in: int) -> tuple[int, ...]:
    """Of the frames, in order, that a decoder can begin with those that matter to chunks: the last before each start
    that they may have, `lead_in` frames earlier."""
    found = list(key_frames)
    starts = range(group_length(rate), frame_count, group_length(rate))
    places = (bisect_right(found, start - lead_in) for start in starts)
    return tuple(dict.fromkeys(found[place - 1] for place in places if place))


def plan_chunks(
    frame_count: int, rate: Fraction, longest: float, *, key_frames: Sequence[int] = (), lead_in: int = 1
) -> list[Chunk]:
    """Chunks that begin on the grid of groups and together are the whole: up to `longest` seconds, and half as long at
    least, such that the fewest frames are decoded in vain.

    A decoder begins with the last of `key_frames` that is `lead_in` frames before a chunk. A rest of less than half a
    group joins the last one.
    """
    group = group_length(rate)
    most = max(1, round(longest * rate / group))
    least = (most + 1) // 2
    groups = max(1, (2 * frame_count + group) // (2 * group))
    costs = [0.0] + [math.inf] * groups
    starts = [0] * (groups + 1)
    for end in range(1, groups + 1):
        for start in range(max(0, end - most), end - least + 1):
            cost = costs[start] + _count_vain(start * group, key_frames, lead_in) + _START_SECONDS * rate
            if cost < costs[end]:
                costs[end], starts[end] = cost, start
    firsts: list[int] = []
    end = groups
    while end:
        end = starts[end]
        firsts.append(end * group)
    return [Chunk(first, end - first) for first, end in pairwise([*reversed(firsts), frame_count])]


def _count_vain(first: int, key_frames: Sequence[int], lead_in: int) -> int:
    """Frames that are decoded before a chunk that begins there; as if there were none where nothing is known."""
    place = bisect_right(key_frames, first - lead_in)
    return first - key_frames[place - 1] if place else 0


def count_segments(frame_count: int, rate: Fraction) -> int:
    """How many segments there are of a picture."""
    return math.ceil(frame_count / group_length(rate))


def _even(size: Fraction) -> int:
    return max(2, round(size / 2) * 2)
