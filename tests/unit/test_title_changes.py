"""What operators may say of a title: the rules by which it is read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.catalog.markers import read_seconds
from bff.domain.title_changes import check_markers, read_line, read_marker, read_text, read_window
from bff.domain.video import SkipKind, SkipMarker

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXTS = st.text(max_size=300) | st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=260)
"""Any, and such as are mostly taken."""


@given(TEXTS)
def test_a_line_is_taken_once_and_for_all(text: str) -> None:
    try:
        line = read_line(text)
    except ValueError:
        return
    assert read_line(line) == line
    assert 0 < len(line) <= 200
    assert line.splitlines() == [line]
    assert line.encode()


@given(TEXTS)
def test_a_text_is_taken_once_and_for_all(text: str) -> None:
    try:
        whole = read_text(text, 250)
    except ValueError:
        return
    assert read_text(whole, 250) == whole
    assert 0 < len(whole) <= 250
    assert "\x00" not in whole.encode().decode()


@pytest.mark.parametrize("text", ["", "\u2003", "a\x00b", "a\ud800", "x" * 201, "\x1b[31m"])
def test_what_cannot_be_shown_is_no_line(text: str) -> None:
    with pytest.raises(ValueError, match="It h"):
        read_line(text)


def test_a_window_closes_after_it_opens() -> None:
    assert read_window(NOON.astimezone(), NOON + timedelta(seconds=1)).opens == NOON
    for closes in (NOON, NOON - timedelta(days=1)):
        with pytest.raises(ValueError, match="after it opens"):
            read_window(NOON, closes)
    with pytest.raises(ValueError, match="zone"):
        read_window(NOON.replace(tzinfo=None), None)


@given(st.floats(), st.floats(), st.none() | st.floats(1, 10_000))
def test_a_marker_lies_within_what_it_marks(start: float, end: float, duration: float | None) -> None:
    try:
        marker = read_marker("INTRO", start, end, duration)
    except ValueError:
        assert not 0 <= start < end <= (duration or 86_400)
    else:
        assert 0 <= marker.start < marker.end <= (duration or 86_400)


@given(st.lists(st.tuples(st.sampled_from(SkipKind), st.integers(0, 20), st.integers(1, 5)), max_size=6))
def test_markers_of_a_kind_stand_apart(spans: list[tuple[SkipKind, int, int]]) -> None:
    markers = [SkipMarker(kind, start, start + length) for kind, start, length in spans]
    seconds = [(kind, second) for kind, start, length in spans for second in range(start, start + length)]
    if len(seconds) == len(set(seconds)):
        check_markers(markers)
    else:
        with pytest.raises(ValueError, match="overlap"):
            check_markers(markers)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_times_are_read_as_they_are_written(hours: int, minutes: int, thousandths: int) -> None:
    seconds = thousandths / 1000
    assert read_seconds(f"{hours}:{minutes:02}:{seconds:06.3f}") == pytest.approx(hours * 3600 + minutes * 60 + seconds)


@pytest.mark.parametrize("text", ["", "five", "-1", "1:", "1:2:3:4", "1e3", "nan", "inf", "1.2.3", "١"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        read_seconds(text)
