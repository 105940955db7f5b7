"""Settings of a title: between what was tried, where the rung's target is; and only rungs that are worth their bits."""

from hypothesis import given
from hypothesis import strategies as st

from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset
from bff.domain.ladder import group_length, plan_rungs
from bff.domain.masters import Master
from bff.domain.quality import THIN, Sample, choose_rungs, choose_samples, choose_setting, find_target, list_settings
from bff.domain.video import Quality

MASTER = Master(width=1920, height=1080, rate=(24, 1), frame_count=24 * 600)
RUNGS = plan_rungs(MASTER, Preset.STANDARD, [VideoCodec.AV1])
MEASURED = {
    1080: [(3_883_000, 95.5), (2_213_000, 92.7), (1_259_000, 87.8)],
    720: [(2_144_000, 90.0), (1_200_000, 85.0), (665_000, 79.1)],
    480: [(1_607_000, 81.6), (900_000, 76.0), (500_000, 69.0)],
    360: [(1_169_000, 71.6), (650_000, 66.0), (350_000, 58.0)],
    240: [(560_000, 50.2), (300_000, 45.0), (170_000, 38.0)],
}


def sample_all(factor: float = 1.0) -> dict[str, list[Sample]]:
    return {
        rung.name: [
            Sample(crf, bitrate * factor, vmaf)
            for crf, (bitrate, vmaf) in zip(list_settings(rung.codec), MEASURED[rung.quality.lines], strict=True)
        ]
        for rung in RUNGS
    }


@given(
    st.lists(st.floats(1, 100), min_size=3, max_size=3),
    st.lists(st.floats(1_000, 1e8), min_size=3, max_size=3),
    st.floats(0, 100),
)
def test_a_setting_lies_within_what_was_tried(seen: list[float], bits: list[float], target: float) -> None:
    samples = [Sample(crf, bitrate, vmaf) for crf, bitrate, vmaf in zip((18, 23, 29), bits, seen, strict=True)]
    chosen = choose_setting(samples, target)
    assert 18 <= chosen.crf <= 29
    assert min(bits) * 0.999 <= chosen.bitrate <= max(bits) * 1.001


def test_a_target_between_two_samples_is_interpolated() -> None:
    samples = [Sample(18, 4_000_000, 96), Sample(23, 1_000_000, 92), Sample(29, 500_000, 86)]
    chosen = choose_setting(samples, 94)
    assert chosen.crf == 20.5
    assert round(chosen.bitrate) == 2_000_000


def test_a_real_title_keeps_its_rungs_and_one_for_thin_lines() -> None:
    chosen = [rung for rung in choose_rungs(RUNGS, sample_all(), MASTER) if rung.codec is VideoCodec.H264]
    assert [rung.quality.lines for rung in chosen] == [1080, 720, 480, 360, 240]
    assert chosen[-1].most_bitrate < THIN
    assert 18 <= chosen[0].crf <= 19


def test_a_rung_that_a_larger_one_beats_is_dropped() -> None:
    samples = sample_all()
    samples["h264-720"] = [Sample(18, 6_000_000, 90), Sample(23, 5_000_000, 85), Sample(29, 4_500_000, 80)]
    names = [rung.name for rung in choose_rungs(RUNGS, samples, MASTER)]
    assert "h264-720" not in names
    assert {"h264-1080", "h264-480", "av1-720"} <= set(names)


def test_a_rung_gives_way_to_a_larger_one_that_looks_as_good_for_its_bits() -> None:
    small = Master(width=854, height=480, rate=(24, 1), frame_count=240)
    rungs = plan_rungs(small, Preset.STANDARD, [])
    samples = {
        "h264-480": [Sample(18, 1_200_000, 97.5), Sample(23, 760_000, 95.4), Sample(29, 400_000, 90.0)],
        "h264-360": [Sample(18, 617_000, 92.4), Sample(23, 482_000, 90.5), Sample(29, 280_000, 84.0)],
        "h264-240": [Sample(18, 300_000, 86.5), Sample(23, 190_000, 81.5), Sample(29, 110_000, 70.0)],
    }
    chosen = {rung.name: rung.crf for rung in choose_rungs(rungs, samples, small)}
    alone = {rung.name: choose_setting(samples[rung.name], find_target(rung, small)).crf for rung in rungs}
    assert chosen["h264-480"] == alone["h264-480"]
    assert alone["h264-360"] + 1 < chosen["h264-360"] < 29  # so many bits less are a step of the ladder
    assert chosen["h264-240"] >= alone["h264-240"]


@given(st.lists(st.tuples(st.floats(1e4, 1e7), st.floats(1, 100)), min_size=9, max_size=9))
def test_no_rung_costs_more_for_giving_way(measured: list[tuple[float, float]]) -> None:
    small = Master(width=854, height=480, rate=(24, 1), frame_count=240)
    rungs = plan_rungs(small, Preset.STANDARD, [])
    samples = {}
    for number, rung in enumerate(rungs):
        three = measured[3 * number : 3 * number + 3]
        bits, seen = (sorted(values, reverse=True) for values in zip(*three, strict=True))
        samples[rung.name] = [
            Sample(crf, *both) for crf, both in zip((18, 23, 29), zip(bits, seen, strict=True), strict=True)
        ]
    for rung in choose_rungs(rungs, samples, small):
        assert choose_setting(samples[rung.name], find_target(rung, small)).crf <= rung.crf <= 29


def test_a_flat_picture_costs_little_and_needs_no_lower_rungs() -> None:
    samples = {
        rung.name: [Sample(crf, 90_000 + rung.height, 99.0) for crf in list_settings(rung.codec)] for rung in RUNGS
    }
    names = [rung.name for rung in choose_rungs(RUNGS, samples, MASTER)]
    assert "h264-1080" in names
    assert all(rung.most_bitrate <= 200_000 for rung in choose_rungs(RUNGS, samples, MASTER))


@given(st.floats(0.01, 20))
def test_h264_always_has_its_best_and_a_thin_one(factor: float) -> None:
    chosen = [rung for rung in choose_rungs(RUNGS, sample_all(factor), MASTER) if rung.codec is VideoCodec.H264]
    assert chosen[0].quality is Quality.P1080
    assert min(rung.most_bitrate for rung in chosen) <= THIN * 1.5


@given(st.integers(1, 500_000), st.sampled_from([(24, 1), (24000, 1001), (25, 1), (60, 1)]))
def test_samples_lie_within_the_master_on_the_grid(frames: int, rate: tuple[int, int]) -> None:
    master = Master(width=640, height=360, rate=rate, frame_count=frames)
    samples = choose_samples(master)
    assert 1 <= len(samples) <= 3
    for sample in samples:
        assert sample.first % group_length(master.frames_a_second) == 0 or sample.first + sample.count == frames
        assert sample.count > 0
        assert sample.first + sample.count <= frames


def test_targets_go_by_the_share_of_the_masters_lines() -> None:
    h264 = [rung for rung in RUNGS if rung.codec is VideoCodec.H264]
    assert [round(find_target(rung, MASTER)) for rung in h264] == [95, 90, 80, 68, 50]
    small = Master(width=854, height=480, rate=(24, 1), frame_count=240)
    targets = [
        find_target(rung, small) for rung in plan_rungs(small, Preset.STANDARD, []) if rung.codec is VideoCodec.H264
    ]
    assert targets == sorted(targets, reverse=True)
    assert targets[0] == 95
    assert targets[-1] == 82.5
