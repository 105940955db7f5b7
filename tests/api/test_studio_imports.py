"""What an operator has changed, no import changes back."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest

from bff.catalog import studio
from bff.domain.title_changes import AvailabilityChange, CreditChange, EpisodeChange, SeasonChange, TitleChange
from bff.domain.titles import AnyTitleCard, CreditRole, LicenceWindow, SeriesCard
from bff.stores.catalogue import read_cards
from bff.stores.postgres import Connection, open_pool
from tests.api.small_catalogues import FILM, LATER, OTHER, SERIES, SHOW, TODAY, Importer, title_id_of
from tests.engines import Engines

OPENS = datetime(2030, 1, 1, tzinfo=UTC)
SOLO, PAIR, COUNT = (title_id_of(f"netflix:s{number}") for number in (1, 2, 3))
EDITED = FILM.replace("Solo", "Sole").replace("A film.", "Edited at the source.").replace("PG", "R")


@pytest.fixture
async def importer(database: Engines, tmp_path: Path) -> AsyncIterator[Importer]:
    pool = await open_pool(database.settings)
    importer = Importer(pool, tmp_path)
    await importer.everything()
    yield importer
    await pool.close()


async def change(connection: Connection, title_id: str, said: TitleChange) -> None:
    title = await studio.require_title(connection, title_id)
    await studio.change_title(connection, title, said, operator_id=None)


async def read_title(pool: asyncpg.Pool, title_id: str) -> AnyTitleCard:
    return {card.id: card for card in (await read_cards(pool)).cards}[title_id]


async def import_again(
    importer: Importer, rows: tuple[str, ...] = (EDITED, SERIES, OTHER), today: date = LATER
) -> None:
    await importer(rows, [SHOW], today=today)


async def test_fields_stay_as_they_were_set_and_the_others_follow_the_source(importer: Importer) -> None:
    said = TitleChange(
        columns={"synopsis": "An operator's.", "maturity": 0},
        credits=(CreditChange("Nobody Else", CreditRole.ACTOR, "Self"), CreditChange("Bea Fox", CreditRole.WRITER)),
    )
    async with studio.changing(importer.pool) as connection:
        await change(connection, SOLO, said)
    await import_again(importer)
    card = await read_title(importer.pool, SOLO)
    assert (card.name, card.certificate) == ("Sole", "R")
    assert (card.synopsis, card.maturity) == ("An operator's.", 0)
    assert [(credit.name, credit.role) for credit in card.credits] == [("Nobody Else", "ACTOR"), ("Bea Fox", "WRITER")]
    assert len(card.genre_ids) == 2


async def test_genres_stay(importer: Importer) -> None:
    genre_ids = (await read_title(importer.pool, SOLO)).genre_ids
    async with studio.changing(importer.pool) as connection:
        await change(connection, SOLO, TitleChange(columns={}, genre_ids=genre_ids[::-1]))
    await import_again(importer)
    assert (await read_title(importer.pool, SOLO)).genre_ids == genre_ids[::-1]


async def test_windows_stay_region_by_region(importer: Importer) -> None:
    before = (await read_title(importer.pool, SOLO)).windows
    assert "IN" in before
    said = AvailabilityChange({"DE": LicenceWindow(OPENS), "US": LicenceWindow(OPENS)}, ("IN",))
    async with studio.changing(importer.pool) as connection:
        await studio.change_availability(connection, SOLO, said, operator_id=None)
    await import_again(importer, (EDITED.replace("India", "India, Japan"), SERIES, OTHER))
    windows = (await read_title(importer.pool, SOLO)).windows
    assert windows["DE"] == windows["US"] == LicenceWindow(OPENS)
    assert "IN" not in windows
    assert windows["JP"].closes is None
    assert windows.get("BR") == before.get("BR")


async def test_a_season_stays_with_the_ids_of_its_episodes_and_others_follow(importer: Importer) -> None:
    series = await read_title(importer.pool, PAIR)
    assert isinstance(series, SeriesCard)
    ids = [episode.id for _, episode in series.walk_episodes()]
    episodes = (EpisodeChange(2, "Deux"), EpisodeChange(1, "Un"), EpisodeChange(3, "Trois"))
    async with studio.changing(importer.pool) as connection:
        await change(connection, PAIR, TitleChange(columns={}, seasons=(SeasonChange(1, episodes=episodes),)))
        await change(connection, COUNT, TitleChange(columns={}, removed_seasons=(2,)))
    moved = [{"id": 71, "season": 2, "number": 1, "name": "Two"}, {"id": 72, "season": 2, "number": 2, "name": "More"}]
    await importer([EDITED, SERIES, OTHER], [SHOW | {"_embedded": {"episodes": moved, "cast": []}}], today=LATER)
    series, other = await read_title(importer.pool, PAIR), await read_title(importer.pool, COUNT)
    assert isinstance(series, SeriesCard)
    assert isinstance(other, SeriesCard)
    assert [(season.number, episode.name) for season, episode in series.walk_episodes()] == [
        (1, "Un"), (1, "Deux"), (1, "Trois"), (2, "More"),
    ]  # fmt: skip
    assert [episode.id for _, episode in series.walk_episodes()][:2] == ids
    assert [season.number for season in other.seasons] == [1]


async def test_a_withdrawn_title_stays_withdrawn_even_if_its_source_drops_it(importer: Importer) -> None:
    async with studio.changing(importer.pool) as connection:
        await studio.withdraw_title(connection, SOLO, operator_id=None)
    before = await read_title(importer.pool, SOLO)
    assert before.is_hidden
    await import_again(importer)
    assert (await read_title(importer.pool, SOLO)).is_hidden
    await importer([SERIES, OTHER], [SHOW], today=LATER)
    kept = await read_title(importer.pool, SOLO)
    assert kept.is_hidden
    assert (kept.name, kept.credits, kept.windows, kept.genre_ids) == (
        "Sole",
        before.credits,
        before.windows,
        kept.genre_ids,
    )
    await import_again(importer)
    assert (await read_title(importer.pool, SOLO)).is_hidden


async def test_a_title_of_an_operator_is_nothing_to_imports(importer: Importer) -> None:
    said = TitleChange(
        columns={"name": "Ours", "synopsis": "Our own.", "release_year": 2026},
        credits=(CreditChange("Nobody Else", CreditRole.DIRECTOR),),
        seasons=(SeasonChange(1, episodes=(EpisodeChange(1, "Pilot"),)),),
    )
    async with studio.changing(importer.pool) as connection:
        title = await studio.add_title(
            connection, "house-1", "SERIES", said, datetime.combine(TODAY, datetime.min.time(), UTC)
        )
        await studio.change_title(connection, title, said, operator_id=None)
        await studio.change_availability(
            connection, title.id, AvailabilityChange({"DE": LicenceWindow(OPENS)}, ()), operator_id=None
        )
    before = await read_title(importer.pool, title.id)
    await import_again(importer)
    assert await read_title(importer.pool, title.id) == before
    assert isinstance(before, SeriesCard)
    assert [episode.name for _, episode in before.walk_episodes()] == ["Pilot"]
    assert before.maturity == 18


async def test_what_nobody_changed_is_removed_with_its_source(importer: Importer) -> None:
    async with studio.changing(importer.pool) as connection:
        await change(connection, SOLO, TitleChange(columns={"synopsis": "An operator's."}))
    await importer([EDITED], today=LATER)
    assert COUNT not in {card.id for card in (await read_cards(importer.pool)).cards}
    assert await importer.pool.fetchval("SELECT count(*) FROM operator_action WHERE subject = $1", SOLO) == 1
