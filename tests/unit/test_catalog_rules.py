"""The rules between files and tables: names, certificates, genres, the clock, popularity, windows."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.catalog.certificates import rate_certificate
from bff.catalog.clock import choose_shift, start_of_day
from bff.catalog.mappings import read_mappings
from bff.catalog.movietweetings import FilmRating
from bff.catalog.names import fold_name
from bff.catalog.popularity import HALF_LIFE, estimate_popularity, expect_counts, summarise_ratings
from bff.catalog.windows import SERVED_REGIONS, SHARES, WindowClass, classify_window, plan_windows
from bff.domain.titles import LicenceWindow, MaturityRating

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("WHAT / IF", "whatif"),
        ("What If?", "whatif"),
        ("Consequences\xa0", "consequences"),
        ("ＦＵＬＬ", "full"),
        ("Straße", "strasse"),
        ("进击的巨人", "进击的巨人"),
        ("?!", ""),
    ],
)
def test_names_fold_to_letters_and_digits_of_every_script(name: str, key: str) -> None:
    assert fold_name(name) == key


@pytest.mark.parametrize(
    ("certificates", "age"),
    [
        (["TV-Y", "TV-G", "G"], MaturityRating.ALL),
        (["TV-Y7", "TV-Y7-FV", "TV-PG", "PG"], MaturityRating.AGE_7),
        (["TV-14", "PG-13"], MaturityRating.AGE_13),
        (["R"], MaturityRating.AGE_16),
        (["TV-MA", "NC-17", "NR", "UR", None, "", "18"], MaturityRating.AGE_18),
    ],
)
def test_certificates_say_an_age(certificates: list[str | None], age: MaturityRating) -> None:
    assert {rate_certificate(certificate) for certificate in certificates} == {age}


def test_the_mapping_tables_hold_together() -> None:
    mappings = read_mappings()
    assert 28 <= len(mappings.genres) <= 34
    assert {slug for slug in mappings.labels.values() if slug} == set(mappings.genres)
    assert {source for source, _ in mappings.labels} == {"netflix", "tvmaze", "movietweetings"}
    assert all(len(code) == 2 and code.isupper() for code in mappings.countries.values())
    assert {
        mappings.countries[name] for name in ("United States", "United Kingdom", "India", "Japan", "Brazil")
    } == set(SERVED_REGIONS)


def test_where_a_title_comes_from_stands_after_its_kind_of_story() -> None:
    labels = [("netflix", label) for label in ("British TV Shows", "International TV Shows", "TV Dramas", "TV Shows")]
    assert read_mappings().find_genres(labels) == ("drama", "british", "international")


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)), min_size=1))
def test_the_newest_date_moves_to_today(instants: list[datetime]) -> None:
    shift = choose_shift([None, *instants], TODAY)
    assert max(instants) + shift == start_of_day(TODAY)


def test_without_dates_nothing_moves() -> None:
    assert choose_shift([None], TODAY) == timedelta()


def _rating(film: str, rating: int, age: timedelta) -> FilmRating:
    return FilmRating(1, film, rating, datetime(2013, 9, 1, tzinfo=UTC) - age)


def test_a_rating_counts_half_after_the_half_life() -> None:
    ratings = [_rating("1", 8, timedelta()), _rating("1", 5, HALF_LIFE), _rating("2", 9, 2 * HALF_LIFE)]
    summaries = summarise_ratings(ratings)
    assert (summaries["1"].count, summaries["1"].average, summaries["1"].decayed_count) == (2, 6.5, 1.5)
    assert summaries["2"].decayed_count == 0.25
    assert summarise_ratings([]) == {}


def test_the_prior_follows_genre_age_and_taste() -> None:
    expected = expect_counts([(["drama"], 4.0), (["drama", "war"], 8.0)], newest_year=2021)
    assert estimate_popularity(["drama"], 2021, None, expected) == 6
    assert estimate_popularity(["war"], 2021, None, expected) == 8
    assert estimate_popularity(["drama", "war"], 2013, None, expected) == 3.5
    assert estimate_popularity(["drama"], 2021, 8.0, expected) == 12
    assert estimate_popularity(["unheard of"], 2021, 7.0, expected) == 6
    assert estimate_popularity([], 2021, None, expect_counts([], newest_year=2021)) == 1


def test_named_countries_are_licensed_in_full_wherever_they_are() -> None:
    windows = plan_windows("tit_1", ["FR", "US"], date(2020, 1, 1), TODAY)
    full = LicenceWindow(datetime(2020, 1, 1, tzinfo=UTC))
    assert (windows["FR"], windows["US"]) == (full, full)
    assert list(windows) == sorted(windows)
    assert set(windows) <= {"FR", *SERVED_REGIONS}


@given(st.text(min_size=1), st.sampled_from(SERVED_REGIONS), st.integers(0, 9000))
def test_every_window_keeps_what_its_class_says(title_id: str, region: str, age: int) -> None:
    added_on = TODAY - timedelta(days=age)
    window_class, _ = classify_window(title_id, region)
    window = plan_windows(title_id, [], added_on, TODAY).get(region)
    assert window == plan_windows(title_id, [], added_on, TODAY).get(region)
    if window is None:
        assert window_class is WindowClass.MISSING
        return
    now = start_of_day(TODAY)
    assert window.closes is None or window.opens < window.closes
    match window_class:
        case WindowClass.FULL:
            assert window == LicenceWindow(start_of_day(added_on))
        case WindowClass.LEAVING:
            assert window.closes
            assert timedelta() < window.closes - now <= timedelta(days=14)
            assert window.opens <= now
        case WindowClass.NEW:
            assert timedelta() <= now - window.opens < timedelta(days=30)
        case WindowClass.UPCOMING:
            assert timedelta() < window.opens - now <= timedelta(days=60)
        case WindowClass.CLOSED:
            assert window.closes
            assert timedelta() <= now - window.closes < timedelta(days=30)


def test_the_classes_have_their_shares() -> None:
    counts = Counter(classify_window(f"tit_{number}", "JP")[0] for number in range(20_000))
    for window_class, share in SHARES.items():
        assert abs(counts[window_class] / 20 - share) < 0.2 * share
