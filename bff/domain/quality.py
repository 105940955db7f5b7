"""Finds for each rung of a title the setting that looks as good as it should, and leaves out what others do better."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from bff.domain.devices import VideoCodec
from bff.domain.ladder import USUAL_CRF, Chunk, Rung, fit_size, group_length, limit_bitrate
from bff.domain.masters import Master
from bff.domain.video import Quality

TARGETS = ((2 / 9, 50.0), (1 / 3, 68.0), (4 / 9, 80.0), (2 / 3, 90.0), (1.0, 95.0))
"""VMAF, 0..100, seen as large as the master, of rungs by their share of its lines: less than a rung can reach, more
than bits would be worth. Between them it goes in straight lines."""

THIN = 400_000
"""Bits a second: one rung below is always kept."""
_STEPS = (-5, 0, 6)
_HEADROOM = 1.5
"""Of the mean bitrate, that a rung may have in its hardest scenes."""
_WORTH = 1.0
"""Points of VMAF that a rung must be better than the one below it."""
_LEAST_STEP = 1.5
"""A rung takes this times the bits of the one below it, unless that one makes the most of more."""
_GIVEN = 0.5
"""Points of VMAF that a rung gives way at once."""
_SAMPLE_SECONDS = 8
_MOST_SAMPLES = 3


class Sample(Struct, frozen=True):
    """What a rung came to at one setting: `bitrate` is the mean, in bits a second."""

    crf: float
    bitrate: float
    vmaf: float


def list_settings(codec: VideoCodec) -> list[int]:
    """The three that are tried."""
    return [USUAL_CRF[codec] + step for step in _STEPS]


def choose_samples(master: Master) -> list[Chunk]:
    """Parts that stand for the whole, on the grid of groups: up to three, spread evenly; a short master as it is."""
    rate = master.frames_a_second
    group = group_length(rate)
    length = group * max(1, round(_SAMPLE_SECONDS * rate / group))
    if master.frame_count <= 2 * length:
        return [Chunk(0, min(master.frame_count, length))]
    number = min(_MOST_SAMPLES, master.frame_count // (2 * length))
    step = master.frame_count / number
    starts = [round((step * (place + 0.5) - length / 2) / group) * group for place in range(number)]
    return [Chunk(max(0, min(start, master.frame_count - length)), length) for start in starts]


def choose_setting(samples: Sequence[Sample], target: float) -> Sample:
    """Between the samples where the target is met, as if VMAF and the logarithm of the bitrate went in straight lines;
    the nearest sample where none is as good, or all are better."""
    ordered = sorted(samples, key=lambda sample: sample.crf)
    if target >= ordered[0].vmaf:
        return ordered[0]
    for better, worse in pairwise(ordered):
        if better.vmaf >= target >= worse.vmaf and better.vmaf > worse.vmaf:
            share = (better.vmaf - target) / (better.vmaf - worse.vmaf)
            crf = better.crf + share * (worse.crf - better.crf)
            bits = math.log(better.bitrate) + share * (math.log(worse.bitrate) - math.log(better.bitrate))
            return Sample(round(crf, 1), math.exp(bits), target)
    return ordered[-1]


def find_target(rung: Rung, master: Master) -> float:
    """How good a rung should look, of 100."""
    lines = min(fit_size(master.width, master.height, Quality.P1080))
    share = min(1.0, max(TARGETS[0][0], min(rung.width, rung.height) / lines))
    for (low, worse), (high, better) in pairwise(TARGETS):
        if share <= high:
            return worse + (better - worse) * (share - low) / (high - low)
    return TARGETS[-1][1]


def choose_rungs(rungs: Sequence[Rung], samples: Mapping[str, Sequence[Sample]], master: Master) -> list[Rung]:
    """Rungs at the settings that their samples, by the rungs' names, lead to; best first within each codec.

    A rung gives way where a larger one of its codec looks as good for the same bits, and is dropped where a cheaper one
    does. The highest of the H.264 stays, and its cheapest is held below `THIN`.
    """
    chosen: list[Rung] = []
    for codec in dict.fromkeys(rung.codec for rung in rungs):
        of_codec: list[tuple[Rung, Sample]] = []
        for rung in [rung for rung in rungs if rung.codec is codec]:
            setting = choose_setting(samples[rung.name], find_target(rung, master))
            if of_codec:
                larger = [samples[above.name] for above, _ in of_codec]
                setting = _give_way(samples[rung.name], setting, larger, floor=of_codec[-1][1].bitrate / _LEAST_STEP)
            of_codec.append((rung, setting))
        kept = _drop_dominated(of_codec)
        if codec is VideoCodec.H264 and all(sample.bitrate >= THIN for _, sample in kept):
            lowest = min(of_codec, key=lambda pair: pair[0].height)
            kept = [pair for pair in kept if pair[0] is not lowest[0]] + [lowest]
        chosen += [_set(rung, sample) for rung, sample in sorted(kept, key=lambda pair: -pair[0].height)]
    return chosen


def _give_way(
    samples: Sequence[Sample], setting: Sample, larger: Sequence[Sequence[Sample]], *, floor: float
) -> Sample:
    """Fewer bits, as long as a larger picture makes more of them, but not past `floor`: who has fewer bits than the
    rung above takes needs one all the same."""
    worst = min(sample.vmaf for sample in samples)
    target = setting.vmaf
    while setting.bitrate > floor and target > worst and any(_beats(other, setting) for other in larger):
        target = max(worst, target - _GIVEN)
        setting = choose_setting(samples, target)
    return setting


def _beats(samples: Sequence[Sample], setting: Sample) -> bool:
    """Whether a rung that came to these looks as good as the setting for no more bits."""
    same = choose_setting(samples, setting.vmaf)
    return same.vmaf >= setting.vmaf and same.bitrate <= setting.bitrate


def _drop_dominated(pairs: Sequence[tuple[Rung, Sample]]) -> list[tuple[Rung, Sample]]:
    """Those that no other beats: cheaper, and at least as good but for a point."""
    kept = [
        (rung, sample)
        for rung, sample in pairs
        if not any(
            other.bitrate <= sample.bitrate and other.vmaf > sample.vmaf - _WORTH and rival.height > rung.height
            for rival, other in pairs
        )
    ]
    best = max(pairs, key=lambda pair: (pair[1].vmaf, pair[0].height))
    return kept if best in kept else [*kept, best]


def _set(rung: Rung, sample: Sample) -> Rung:
    most = min(limit_bitrate(rung.quality, rung.codec), round(sample.bitrate * _HEADROOM))
    return replace(rung, crf=sample.crf, most_bitrate=max(most, 100_000))
