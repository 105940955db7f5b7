"""The ladder's rules: sizes within the master, chunks on the grid of groups, whatever the rate."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.devices import VideoCodec
from bff.domain.ingest import IngestOrder, Preset, TaskKind
from bff.domain.ingest_plan import group_rungs, plan_ingest, plan_tasks
from bff.domain.ladder import (
    SEGMENT_SECONDS,
    choose_sizes,
    count_segments,
    fit_size,
    group_length,
    keep_key_frames,
    plan_chunks,
    plan_rungs,
)
from bff.domain.masters import Master, MasterAudio
from bff.domain.video import Quality
from bff.media.extras import find_start

RATES = [Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]
rates = st.sampled_from([*RATES, Fraction(10), Fraction(15), Fraction(1), Fraction(23_456, 1000)])
pixels = st.integers(2, 5000)


def master(width: int, height: int) -> Master:
    return Master(width=width, height=height, rate=(24, 1), frame_count=240)


@given(pixels, pixels)
def test_no_rung_is_larger_than_the_master_or_its_box(width: int, height: int) -> None:
    sizes = choose_sizes(width, height)
    assert sizes
    for quality, (wide, high) in sizes.items():
        assert wide % 2 == high % 2 == 0
        assert wide <= max(2, width + 1)
        assert high <= max(2, height + 1)
        assert min(wide, high) <= quality.lines


@given(pixels, pixels)
def test_rungs_grow_and_keep_their_proportions(width: int, height: int) -> None:
    sizes = list(choose_sizes(width, height).values())
    areas = [wide * high for wide, high in sizes]
    assert areas == sorted(areas)
    for wide, high in sizes:
        if min(wide, high) >= 50:
            assert wide / high == pytest.approx(width / height, rel=0.05)


lengths = st.sampled_from([1.0, 4.0, 12.0, 16.0, 32.0])
frame_counts = st.integers(1, 60_000)


@st.composite
def key_frames(draw: st.DrawFn, most: int = 60_000) -> list[int]:
    return sorted({0, *draw(st.lists(st.integers(0, most), max_size=40))})


@given(rates, frame_counts, lengths, key_frames(), st.integers(1, 300))
def test_chunks_begin_on_the_grid_and_are_the_whole(
    rate: Fraction, frames: int, seconds: float, keys: list[int], lead_in: int
) -> None:
    chunks = plan_chunks(frames, rate, seconds, key_frames=keys, lead_in=lead_in)
    group = group_length(rate)
    most = max(1, round(seconds * rate / group))
    assert sum(chunk.count for chunk in chunks) == frames
    follow = 0
    for chunk in chunks:
        assert chunk.first == follow
        assert chunk.first % group == 0
        assert 0 < chunk.count < (most + 1) * group
        assert len(chunks) == 1 or (2 * chunk.count + group) // (2 * group) >= most / 2
        follow += chunk.count


@given(rates, frame_counts, lengths, key_frames(), st.integers(1, 300))
def test_chunks_need_of_the_key_frames_only_those_that_are_kept(
    rate: Fraction, frames: int, seconds: float, keys: list[int], lead_in: int
) -> None:
    kept = keep_key_frames(keys, frames, rate, lead_in)
    assert set(kept) <= set(keys)
    assert len(kept) <= count_segments(frames, rate)
    same = plan_chunks(frames, rate, seconds, key_frames=keys, lead_in=lead_in)
    assert plan_chunks(frames, rate, seconds, key_frames=kept, lead_in=lead_in) == same


def test_chunks_begin_soon_after_key_frames() -> None:
    keys = [0, 285, 378, 553, 721, 1006, 1099, 1274]
    chunks = plan_chunks(1440, Fraction(24), 16, key_frames=keys)
    assert [chunk.first for chunk in chunks] == [0, 16 * 24, 32 * 24, 44 * 24]
    assert [chunk.first for chunk in plan_chunks(1440, Fraction(24), 16)] == [0, 12 * 24, 28 * 24, 44 * 24]
    at_the_start = plan_chunks(480, Fraction(24), 16, key_frames=[0, 192, 287])
    assert [chunk.first for chunk in at_the_start] == [0, 288], "a key frame at the very start is not yet one before it"


@pytest.mark.parametrize(("seconds", "place"), [(7200, 0), (60, -3)])
def test_the_longest_tasks_come_first_and_short_sound_fills_the_rest(seconds: int, place: int) -> None:
    film = Master(
        width=640,
        height=360,
        rate=(24, 1),
        frame_count=24 * seconds,
        audio=(MasterAudio(index=0, channels=2, start=0.0),),
    )
    order = IngestOrder(preset=Preset.QUICK)
    tasks = plan_tasks(plan_ingest(film, plan_rungs(film, Preset.QUICK, []), order), Preset.QUICK)
    assert tasks[place].kind is TaskKind.AUDIO
    assert [task.kind for task in tasks[-2:]] == [TaskKind.EXTRAS, TaskKind.PACKAGE]
    chunks = [task.weight for task in tasks if task.kind is TaskKind.CHUNK]
    assert chunks == sorted(chunks, reverse=True)


@given(rates)
def test_a_segment_lasts_as_near_to_four_seconds_as_frames_come(rate: Fraction) -> None:
    assert abs(group_length(rate) / rate - SEGMENT_SECONDS) <= 1 / rate / 2


@pytest.mark.parametrize(("rate", "group"), list(zip(RATES, [96, 96, 100, 120, 200, 240], strict=True)))
def test_groups_of_the_usual_rates(rate: Fraction, group: int) -> None:
    assert group_length(rate) == group
    assert count_segments(group * 5 + 1, rate) == 6


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, {240: (426, 240), 360: (640, 360), 480: (854, 480), 720: (1280, 720), 1080: (1920, 1080)}),
        (1080, 1920, {240: (240, 426), 360: (360, 640), 480: (480, 854), 720: (720, 1280), 1080: (1080, 1920)}),
        (798, 332, {240: (426, 178), 360: (640, 266), 480: (798, 332)}),
        (176, 144, {240: (176, 144)}),
        (2560, 1440, {240: (426, 240), 360: (640, 360), 480: (854, 480), 720: (1280, 720), 1080: (1920, 1080)}),
        (853, 481, {240: (426, 240), 360: (638, 360), 480: (852, 480)}),
    ],
)
def test_sizes_of_masters(width: int, height: int, expected: dict[int, tuple[int, int]]) -> None:
    assert {quality.lines: size for quality, size in choose_sizes(width, height).items()} == expected


def test_two_thousand_lines_only_of_a_master_that_has_them() -> None:
    assert Quality.P2160 in choose_sizes(3840, 2160)
    assert Quality.P2160 in choose_sizes(3840, 1600)
    assert fit_size(3840, 1600, Quality.P1080) == (1920, 800)


def test_h264_comes_whatever_is_asked_for() -> None:
    names = [rung.name for rung in plan_rungs(master(640, 360), Preset.STANDARD, [VideoCodec.AV1])]
    assert names == ["h264-360", "h264-240", "av1-360", "av1-240"]


def test_the_quick_preset_has_three_rungs() -> None:
    names = [rung.name for rung in plan_rungs(master(1920, 1080), Preset.QUICK, [VideoCodec.AV1])]
    assert names == ["h264-1080", "h264-480", "h264-240"]
    assert [rung.name for rung in plan_rungs(master(320, 240), Preset.QUICK, [])] == ["h264-240"]


def test_the_lowest_rung_is_for_the_thinnest_line() -> None:
    assert min(rung.most_bitrate for rung in plan_rungs(master(1920, 1080), Preset.QUICK, [])) < 400_000


def test_rungs_of_a_codec_are_made_from_one_decode_but_for_the_largest() -> None:
    rungs = plan_rungs(master(3840, 2160), Preset.STANDARD, [VideoCodec.AV1])
    groups = {name: [rung.name for rung in group] for name, group in group_rungs(rungs).items()}
    assert groups == {
        f"{codec}{name}": [f"{codec}-{lines}" for lines in members]
        for codec in ("h264", "av1")
        for name, members in (("-2160", [2160]), ("", [1080, 720, 480, 360, 240]))
    }


@given(
    st.integers(1, 20_000).flatmap(lambda frames: st.tuples(st.just(frames), key_frames(frames))),
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.floats(0, 100),
)
def test_previews_lie_within_the_master_and_near_their_place(
    film: tuple[int, list[int]], place: float, length: float, within: float
) -> None:
    frames, keys = film
    made = Master(width=640, height=360, rate=(24, 1), frame_count=frames, key_frames=tuple(keys))
    seconds = length * made.duration
    start = find_start(made, place * made.duration, seconds, within=within)
    assert -0.001 <= start <= made.duration - seconds + 0.001
    wanted = min(place * made.duration, made.duration - seconds)
    assert abs(start - wanted) <= within + 0.001


def test_previews_begin_behind_a_key_frame() -> None:
    film = Master(width=640, height=360, rate=(24, 1), frame_count=1440, key_frames=(0, 378, 553))
    assert find_start(film, 20.0, 6.0, within=5.0) == pytest.approx(553.5 / 24)
    assert find_start(film, 30.0, 6.0, within=5.0) == 30.0
