"""How the sources become one list of titles: over the real files, and small cases."""

import re
from datetime import UTC, date, datetime

import msgspec
import pytest

from bff.catalog.files import open_source
from bff.catalog.importer import DEMO_FILES
from bff.catalog.mappings import read_mappings
from bff.catalog.merge import (
    Calendar,
    MergedTitle,
    collect_unknown_labels,
    join_films,
    join_series,
    merge_titles,
)
from bff.catalog.movietweetings import RatedFilm
from bff.catalog.names import fold_name
from bff.catalog.rows import build_rows
from bff.catalog.sources import Sources, choose_shifts, read_files
from bff.catalog.windows import SERVED_REGIONS
from bff.domain.titles import CreditRole, MaturityRating

TODAY = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def sources() -> Sources:
    return read_files({file.source: file for file in map(open_source, DEMO_FILES)})


@pytest.fixture(scope="module")
def calendar(sources: Sources) -> Calendar:
    shifts = list(choose_shifts(sources, TODAY).values())
    return Calendar(netflix=shifts[0], tvmaze=shifts[1], ratings=shifts[3], anchor=TODAY)


@pytest.fixture(scope="module")
def titles(sources: Sources, calendar: Calendar) -> dict[str, MergedTitle]:
    return {title.key: title for title in merge_titles(sources, calendar, read_mappings())}


def _find(titles: dict[str, MergedTitle], name: str, *, is_series: bool = True) -> list[MergedTitle]:
    return [title for title in titles.values() if title.name == name and title.is_series is is_series]


def test_all_titles_of_both_sources_are_there(titles: dict[str, MergedTitle]) -> None:
    assert len(titles) == 8968
    assert sum(key.startswith("netflix:") for key in titles) == 8807
    assert sum(len(season.episodes) for title in titles.values() for season in title.seasons) == 18_520


def test_series_join_by_exact_name_unless_they_are_distinct_works(sources: Sources) -> None:
    distinct_works = read_mappings().distinct_works
    assert len(join_series(sources.netflix, sources.tvmaze, frozenset())) == 49
    joined = join_series(sources.netflix, sources.tvmaze, distinct_works)
    assert len(joined) == 47
    assert not {"Life", "Mystery Science Theater 3000"} & {show.name for show in joined.values()}


@pytest.mark.parametrize("name", ["Life", "Mystery Science Theater 3000"])
def test_works_of_one_name_stay_two_titles(titles: dict[str, MergedTitle], name: str) -> None:
    assert sorted(title.key.partition(":")[0] for title in _find(titles, name)) == ["netflix", "tvmaze"]


def test_each_source_has_its_say_in_a_joined_series(titles: dict[str, MergedTitle]) -> None:
    [title] = _find(titles, "Breaking Bad")
    assert title.key.startswith("netflix:")
    assert title.synopsis.startswith("A high school chemistry teacher dying of cancer")
    assert (title.certificate, title.language) == ("TV-MA", "en")
    assert title.release_year == 2008
    assert [season.number for season in title.seasons] == [1, 2, 3, 4, 5]
    assert all(season.episode_count == len(season.episodes) > 0 for season in title.seasons)
    actors = [credit for credit in title.credits if credit.role is CreditRole.ACTOR]
    assert (actors[0].person, actors[0].character) == ("Bryan Cranston", "Walter White")


def test_a_series_without_a_list_has_seasons_and_no_invented_episodes(titles: dict[str, MergedTitle]) -> None:
    title = titles["netflix:s2"]
    assert [(season.number, season.episode_count, season.episodes) for season in title.seasons] == [
        (1, None, ()),
        (2, None, ()),
    ]
    assert title.language is None


def test_the_cast_of_the_csv_stays_where_tvmaze_names_nobody(titles: dict[str, MergedTitle]) -> None:
    [title] = _find(titles, "Black Mirror")
    assert len([credit for credit in title.credits if credit.role is CreditRole.ACTOR]) == 50


def test_the_premiere_replaces_the_year_of_the_newest_season(titles: dict[str, MergedTitle]) -> None:
    [title] = _find(titles, "Supernatural")
    assert title.release_year == 2005


def test_names_in_other_scripts_join_nothing_by_accident(sources: Sources) -> None:
    assert sum(not re.search(r"[a-z0-9]", title.name.casefold()) for title in sources.netflix) >= 10
    assert all(fold_name(title.name) for title in sources.netflix)


def test_a_name_that_several_series_share_joins_none(sources: Sources) -> None:
    offices = [show for show in sources.tvmaze if show.name == "The Office"]
    title = msgspec.structs.replace(sources.netflix[1], name="The Office")
    assert (title.is_series, len(offices)) == (True, 2)
    assert join_series([title], offices, frozenset()) == {}
    assert list(join_series([title], offices[:1], frozenset())) == [title.show_id]


def test_real_duplicates_stay_two_titles(titles: dict[str, MergedTitle]) -> None:
    assert titles["netflix:s3372"].name == titles["netflix:s6530"].name == "Consequences"
    assert titles["netflix:s3802"].key != titles["netflix:s3857"].key


def test_films_join_ratings_by_name_and_year(sources: Sources) -> None:
    films = join_films(sources.netflix, sources.films)
    assert len(films) == 740
    assert len({film.id for film in films.values()}) == 740
    assert "s5812" not in films


def test_a_film_that_could_be_either_joins_neither(sources: Sources) -> None:
    title = sources.netflix[0]
    films = [RatedFilm(number, title.name, title.release_year, ()) for number in ("1", "2")]
    assert list(join_films([title], films[:1])) == [title.show_id]
    assert join_films([title], films) == {}
    assert join_films([title], [RatedFilm("1", title.name, title.release_year + 1, ())]) == {}


def test_each_source_ends_today(sources: Sources, titles: dict[str, MergedTitle], calendar: Calendar) -> None:
    arrivals = [title.added_at for key, title in titles.items() if key.startswith("netflix:")]
    releases = [
        episode.released_at
        for title in titles.values()
        for season in title.seasons
        for episode in season.episodes
        if episode.released_at
    ]
    assert max(arrivals) == max(releases) == MIDNIGHT
    assert max(rating.rated_at for rating in sources.ratings) + calendar.ratings == MIDNIGHT


def test_a_title_without_a_date_arrives_with_its_release_year(
    sources: Sources, titles: dict[str, MergedTitle], calendar: Calendar
) -> None:
    undated = [title for title in sources.netflix if title.added_on is None]
    assert len(undated) == 10
    for title in undated:
        expected = datetime(title.release_year, 1, 1, tzinfo=UTC) + calendar.netflix
        assert titles[f"netflix:{title.show_id}"].added_at == min(expected, MIDNIGHT)


def test_language_is_said_only_where_the_data_says_it(titles: dict[str, MergedTitle], sources: Sources) -> None:
    spoken = {title.key: title.language for title in titles.values() if title.language}
    spanish = {f"netflix:{title.show_id}" for title in sources.netflix if "Spanish-Language TV Shows" in title.labels}
    assert {key for key, language in spoken.items() if language == "es"} == spanish
    said = sum(show.language is not None for show in sources.tvmaze) + len(sources.open_films)
    assert len(spoken) == said + len(spanish)


def test_open_films_are_licensed_everywhere_and_rated_by_their_list(titles: dict[str, MergedTitle]) -> None:
    films = [title for key, title in titles.items() if key.startswith("open:")]
    assert [(film.name, film.maturity) for film in films] == [
        ("Sintel", MaturityRating.AGE_13),
        ("Tears of Steel", MaturityRating.AGE_13),
        ("Big Buck Bunny", MaturityRating.ALL),
    ]
    for film in films:
        assert set(SERVED_REGIONS) < set(film.countries)
        assert "clip" in film.synopsis


def test_every_label_and_country_is_mapped(sources: Sources) -> None:
    mappings = read_mappings()
    assert collect_unknown_labels(sources, mappings) == []
    odd = Sources(films=(RatedFilm("1", "A", 2000, ("Polka",)),))
    assert collect_unknown_labels(odd, mappings) == ["movietweetings: Polka"]


def test_the_same_files_give_the_same_rows(sources: Sources, calendar: Calendar) -> None:
    mappings = read_mappings()
    first, second = (
        build_rows(merge_titles(sources, calendar, mappings), sources.ratings, calendar, mappings) for _ in range(2)
    )
    assert first == second
    for table in first:
        keys = [tuple(row[table.columns.index(column)] for column in table.key) for row in table.rows]
        assert len(keys) == len(set(keys)), table.table
