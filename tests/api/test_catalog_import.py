"""The import against a real database: the whole demo once, small catalogues for what changes between imports."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bff.artwork.describe import describe_artwork
from bff.catalog.files import CatalogueFileError
from bff.catalog.importer import DEMO_FILES, ImportReport, import_catalogue
from bff.domain.titles import MaturityRating, MovieCard, SeriesCard
from bff.stores.catalogue import read_cards, read_genres, read_version
from bff.stores.postgres import open_pool
from bff.stores.title_cards import rebuild_cards
from tests.api.small_catalogues import (
    ALONE,
    FILM,
    FILMS,
    HEADER,
    LATER,
    OTHER,
    RATINGS,
    SERIES,
    SHOW,
    TODAY,
    Importer,
    title_id_of,
)
from tests.engines import Engines


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()


@pytest.fixture
def importer(pool: asyncpg.Pool, tmp_path: Path) -> Importer:
    return Importer(pool, tmp_path)


async def test_the_demo_imports_whole_and_only_once(pool: asyncpg.Pool) -> None:
    told: list[str] = []
    report = await import_catalogue(pool, DEMO_FILES, today=TODAY, report=told.append)
    assert (report.counts["title"], report.counts["episode"], report.counts["movie_rating"]) == (8968, 18_520, 18_229)
    assert (report.bad_rows, report.unknown_labels, report.written, report.removed) == ((), (), 8968, 0)
    cards = await read_cards(pool)
    assert len(cards.cards) == len({card.id for card in cards.cards}) == 8968
    assert cards.version == await read_version(pool)
    assert sum(isinstance(card, MovieCard) for card in cards.cards) == 6134
    assert sum(bool(card.rating_count) for card in cards.cards) == 740
    assert len(await read_genres(pool)) == 31
    assert told[-1] == "Imported: 8,968 titles written, 0 removed."

    again = await import_catalogue(pool, DEMO_FILES, today=LATER, report=told.append)
    assert again == ImportReport(unchanged=True)
    await pool.execute("UPDATE catalogue_source SET digest = ''")
    forced = await import_catalogue(pool, DEMO_FILES, today=LATER, report=told.append)
    assert (forced.unchanged, forced.written, forced.removed) == (False, 0, 0)
    assert await read_version(pool) == cards.version
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_film_becomes_a_card(importer: Importer) -> None:
    await importer.everything()
    cards = {card.id: card for card in (await read_cards(importer.pool)).cards}
    film = cards[title_id_of("netflix:s1")]
    assert isinstance(film, MovieCard)
    genres = {genre.id: genre.slug for genre in await read_genres(importer.pool)}
    assert [genres[genre] for genre in film.genre_ids] == ["drama", "war", "international"]
    assert (film.name, film.synopsis, film.release_year, film.duration) == ("Solo", "A film.", 2012, 5400)
    assert (film.maturity, film.certificate) == (MaturityRating.AGE_7, "PG")
    assert [(credit.name, credit.role) for credit in film.credits] == [
        ("Ann Lee", "DIRECTOR"),
        ("Bea Fox", "ACTOR"),
        ("Cy Day", "ACTOR"),
    ]
    assert film.added_at == film.windows["IN"].opens == datetime(2026, 11, 21, tzinfo=UTC)
    assert (film.average_rating, film.rating_count) == (6.5, 2)
    assert 1 < film.popularity < 2
    assert film.artwork == describe_artwork("Solo", 2012, ["drama", "war", "international"])


async def test_a_joined_series_becomes_a_card(importer: Importer) -> None:
    await importer.everything()
    cards = {card.id: card for card in (await read_cards(importer.pool)).cards}
    assert len(cards) == 3
    series = cards[title_id_of("netflix:s2")]
    assert isinstance(series, SeriesCard)
    assert (series.name, series.release_year, series.original_language) == ("Pair", 2015, "en")
    assert [(credit.name, credit.character) for credit in series.credits] == [("Eli Roe", "Zed")]
    [season] = series.seasons
    assert (season.number, season.episode_count) == (1, 2)
    assert [(episode.name, episode.synopsis, episode.duration) for episode in season.episodes] == [
        ("One", None, 3000),
        ("Two", "A & B", None),
    ]
    assert season.episodes[1].released_at == datetime(2026, 11, 21, tzinfo=UTC)
    counted = cards[title_id_of("netflix:s3")]
    assert isinstance(counted, SeriesCard)
    assert [(season.episode_count, season.episodes) for season in counted.seasons] == [(None, ()), (None, ())]
    assert counted.maturity is MaturityRating.AGE_18


async def test_only_what_changed_is_written(importer: Importer) -> None:
    await importer.everything()
    before = await read_cards(importer.pool)
    report = await importer([FILM.replace("A film.", "A longer film."), SERIES, OTHER], today=LATER)
    assert (report.written, report.removed) == (1, 0)
    since = await read_cards(importer.pool, since=before.version)
    assert [card.synopsis for card in since.cards] == ["A longer film."]
    assert since.version == before.version + 1
    assert since.cards[0].added_at == datetime(2026, 11, 21, tzinfo=UTC)
    payload = await importer.pool.fetchval(
        "SELECT payload FROM outbox WHERE topic = 'catalogue' ORDER BY id DESC LIMIT 1"
    )
    assert json.loads(payload) == {"version": since.version, "written": 1, "removed": 0}


async def test_a_source_that_is_not_given_stays(importer: Importer) -> None:
    await importer([FILM, SERIES, OTHER])
    report = await importer(shows=[ALONE, SHOW])
    assert (report.counts["title"], report.written) == (4, 2)
    report = await importer(films=FILMS, ratings=RATINGS)
    assert report.counts["movie_rating"] == 2


async def test_a_title_that_vanished_is_removed_and_can_come_back(importer: Importer) -> None:
    await importer.everything()
    before = await read_version(importer.pool)
    assert (await importer([SERIES, OTHER])).removed == 1
    since = await read_cards(importer.pool, since=before)
    assert since.removed == [title_id_of("netflix:s1")]
    assert await importer.pool.fetchval("SELECT count(*) FROM movie_rating") == 0
    assert not await importer.pool.fetchval("SELECT count(*) FROM person WHERE name = 'Cy Day'")
    assert (await importer([FILM, SERIES, OTHER])).written >= 1
    back = await read_cards(importer.pool, since=since.version)
    assert title_id_of("netflix:s1") in {card.id for card in back.cards}
    assert back.removed == []


async def test_bad_rows_are_told_with_their_lines_and_the_rest_goes_in(importer: Importer) -> None:
    report = await importer([FILM, "s9,Movie,Odd", SERIES], [SHOW, {"id": "x"}, ALONE])
    assert report.counts["title"] == 3
    assert [(bad.file, bad.line) for bad in report.bad_rows] == [("titles.csv", 3), ("shows.jsonl", 2)]
    assert "Left out: titles.csv, line 3: has 3 fields where 12 belong." in importer.told


async def test_a_broken_file_changes_nothing(importer: Importer) -> None:
    await importer.everything()
    before = await _read_state(importer.pool)
    packed = importer.folder / "broken.csv.gz"
    packed.write_bytes(gzip.compress("\n".join([HEADER, OTHER, ""]).encode())[:-8])
    with pytest.raises(CatalogueFileError, match="damaged"):
        await import_catalogue(importer.pool, [packed], today=TODAY, report=importer.told.append)
    with pytest.raises(CatalogueFileError, match="rows are bad"):
        await importer([OTHER, "s1", "s2"], [SHOW | {"name": "Changed"}])
    twins = [importer.folder / "titles.csv", importer.folder / "copy.csv"]
    twins[1].write_text(f"{HEADER}\n{FILM}\n")
    with pytest.raises(CatalogueFileError, match="both of netflix"):
        await import_catalogue(importer.pool, twins, today=TODAY, report=importer.told.append)
    assert await _read_state(importer.pool) == before


async def test_a_failure_while_writing_leaves_nothing_behind(importer: Importer) -> None:
    await importer.pool.execute("ALTER TABLE title_card ADD CHECK (document NOT LIKE '%Solo%')")
    with pytest.raises(asyncpg.CheckViolationError):
        await importer.everything()
    assert await importer.pool.fetchval("SELECT count(*) FROM title") == 0
    assert await importer.pool.fetchval("SELECT count(*) FROM catalogue_source") == 0


async def test_two_importers_take_turns(importer: Importer) -> None:
    paths = importer.write([FILM, SERIES, OTHER], [SHOW])
    reports = await asyncio.gather(
        *(import_catalogue(importer.pool, paths, today=TODAY, report=importer.told.append) for _ in range(2))
    )
    assert sorted(report.unchanged for report in reports) == [False, True]


async def test_what_an_operator_withdrew_stays_withdrawn(importer: Importer) -> None:
    await importer.everything()
    title_id = title_id_of("netflix:s1")
    before = await read_version(importer.pool)
    async with importer.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE title SET is_hidden = true WHERE id = $1", title_id)
        changes = await rebuild_cards(connection, [title_id])
    assert (changes.written, changes.removed, changes.version) == ([title_id], [], before + 1)
    await importer([FILM.replace("A film.", "A longer film."), SERIES, OTHER])
    since = await read_cards(importer.pool, since=before + 1)
    assert [card.is_hidden for card in since.cards] == [True]


async def _read_state(pool: asyncpg.Pool) -> list[object]:
    queries = (
        "SELECT * FROM title ORDER BY id",
        "SELECT * FROM title_card ORDER BY title_id",
        "SELECT * FROM catalogue_source ORDER BY name",
        "SELECT * FROM outbox ORDER BY id",
    )
    return [await pool.fetch(query) for query in queries]
