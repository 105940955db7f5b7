"""Badges at the edges of the calendar."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.badges import find_phase, has_new_episodes, is_leaving, is_new, list_badges
from bff.domain.titles import Badge, LicenceWindow, MaturityRating
from bff.domain.visibility import Audience, Visibility, judge
from tests.cards import NOON, make_film, make_series

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

windows = st.builds(
    lambda opens, length: LicenceWindow(opens=NOON + opens, closes=None if length is None else NOON + opens + length),
    st.timedeltas(-400 * DAY, 400 * DAY),
    st.none() | st.timedeltas(SECOND, 400 * DAY),
)


def open_since(age: timedelta, left: timedelta | None = None) -> dict[str, LicenceWindow]:
    return {"US": LicenceWindow(opens=NOON - age, closes=None if left is None else NOON + left)}


@pytest.mark.parametrize(
    ("age", "left", "expected"),
    [
        (0 * DAY, None, True),
        (30 * DAY - SECOND, None, True),
        (30 * DAY, None, False),
        (-SECOND, None, False),
        (3 * DAY, SECOND, True),
        (3 * DAY, 0 * DAY, False),
    ],
)
def test_new_for_thirty_days_from_opening(age: timedelta, left: timedelta | None, expected: bool) -> None:
    assert is_new(make_film("film", windows=open_since(age, left)), "US", NOON) is expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [(None, False), (0 * DAY, False), (SECOND, True), (14 * DAY, True), (14 * DAY + SECOND, False)],
)
def test_leaving_within_fourteen_days(left: timedelta | None, expected: bool) -> None:
    assert is_leaving(make_film("film", windows=open_since(100 * DAY, left)), "US", NOON) is expected


def test_a_title_that_was_never_licensed_here_has_neither() -> None:
    film = make_film("film", windows=open_since(DAY, DAY))
    assert not is_new(film, "GB", NOON)
    assert not is_leaving(film, "GB", NOON)


@pytest.mark.parametrize(
    ("released_at", "expected"),
    [(None, False), (NOON, True), (NOON + SECOND, False), (NOON - 30 * DAY + SECOND, True), (NOON - 30 * DAY, False)],
)
def test_new_episodes_were_released_within_thirty_days(released_at: datetime | None, expected: bool) -> None:
    assert has_new_episodes(make_series("series", 2, released_at=released_at), NOON) is expected


def test_films_have_no_episodes() -> None:
    assert not has_new_episodes(make_film("film"), NOON)


@given(windows, st.booleans())
def test_what_is_open_and_marked_is_marked_for_its_window(window: LicenceWindow, in_top_ten: bool) -> None:
    film = make_film("film", windows={"US": window})
    marked = list_badges(film, "US", NOON, in_top_ten=in_top_ten)
    assert len(set(marked)) == len(marked)
    assert (Badge.TOP_TEN in marked) is in_top_ten
    if Badge.NEW in marked:
        assert judge(film, Audience(region="US", ceiling=MaturityRating.ALL), NOON) is Visibility.OPEN


def test_most_telling_first_and_new_episodes_only_where_the_series_is_not_new() -> None:
    fresh = make_series("fresh", 1, windows=open_since(DAY, DAY), released_at=NOON - DAY)
    known = make_series("known", 1, released_at=NOON - DAY)
    assert list_badges(fresh, "US", NOON, in_top_ten=True) == (Badge.TOP_TEN, Badge.LEAVING_SOON, Badge.NEW)
    assert list_badges(known, "US", NOON, in_top_ten=False) == (Badge.NEW_EPISODES,)


@given(windows, st.booleans(), st.timedeltas(-60 * DAY, 60 * DAY), st.timedeltas(-100 * DAY, 100 * DAY))
def test_a_phase_has_the_badges_of_all_its_time(
    window: LicenceWindow, is_series: bool, age: timedelta, later: timedelta
) -> None:
    windows = {"US": window}
    film, series = make_film("film", windows=windows), make_series("s", 2, windows=windows, released_at=NOON - age)
    card = series if is_series else film
    phase = find_phase(card, "US", NOON)
    assert phase.since <= NOON < phase.until
    first, last = max(phase.since, NOON - 999 * DAY), min(phase.until, NOON + 999 * DAY) - timedelta.resolution
    for moment in (first, NOON, min(max(first, NOON + later), last), last):
        assert list_badges(card, "US", moment, in_top_ten=False) == phase.badges
