"""Writes what operators change of titles, and notes that it is theirs. All within the caller's transaction.

The caller holds the catalogue's lock (`lock_catalogue`) from the start, and has the cards rebuilt at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from bff.domain.ids import IdKind, kind_of
from bff.domain.title_changes import Column, SeasonChange
from bff.domain.titles import LicenceWindow
from bff.stores.postgres import Connection

COLUMNS = frozenset({
    "name", "original_name", "original_language", "synopsis", "release_year", "certificate", "maturity", "duration",
})  # fmt: skip
"""Those of `title` that operators may change."""

_ADD = """
    INSERT INTO title
        (id, natural_key, type, name, synopsis, release_year, maturity, added_at, popularity, rating_count)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
        (SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY popularity), 0) FROM title), 0)
"""
_NEW_PEOPLE = "INSERT INTO person (id, name) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING"
_ADD_CREDIT = "INSERT INTO credit (title_id, ordinal, person_id, role, character) VALUES ($1, $2, $3, $4, $5)"
_PUT_SEASON = """
    INSERT INTO season (id, title_id, number, name, episode_count)
    VALUES ($1, $2, $3::int, coalesce($4, 'Season ' || $3::int), $5)
    ON CONFLICT (title_id, number) DO UPDATE
    SET name = coalesce($4, season.name), episode_count = coalesce($5, season.episode_count) RETURNING id
"""
_PUT_EPISODE = """
    INSERT INTO episode (id, season_id, number, name, synopsis, released_at, duration)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO UPDATE
    SET season_id = $2, number = $3, name = $4, synopsis = $5, released_at = $6, duration = $7
"""
_PUT_WINDOW = """
    INSERT INTO licence_window (title_id, region, opens, closes) VALUES ($1, $2, $3, $4)
    ON CONFLICT (title_id, region) DO UPDATE SET opens = $3, closes = $4
"""
_PUT_TRAILER = """
    INSERT INTO trailer (id, title_id, name, ordinal) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET name = $3, ordinal = $4
"""


class HeldTitle(Struct, frozen=True):
    """What stays of a title whatever is changed of it; `type` is MOVIE or SERIES."""

    id: str
    natural_key: str
    type: str


class NewCredit(Struct, frozen=True):
    person_id: str
    name: str
    role: str
    character: str | None


async def find_title(connection: Connection, title_id: str) -> HeldTitle | None:
    """Hidden or not."""
    if kind_of(title_id) is not IdKind.TITLE:
        return None
    row = await connection.fetchrow("SELECT id, natural_key, type FROM title WHERE id = $1", title_id)
    return HeldTitle(*row.values()) if row else None


async def add_title(connection: Connection, title: HeldTitle, columns: Mapping[str, Column], now: datetime) -> None:
    """As popular as half of all titles; `columns` has its name, synopsis, year and maturity, and may have more."""
    first = [columns[name] for name in ("name", "synopsis", "release_year", "maturity")]
    await connection.execute(_ADD, title.id, title.natural_key, title.type, *first, now)
    await change_columns(connection, title.id, columns)


async def change_columns(connection: Connection, title_id: str, columns: Mapping[str, Column]) -> None:
    """Raises ValueError for a column that is not an operator's to change."""
    if foreign := columns.keys() - COLUMNS:
        raise ValueError(f"not an operator's: {foreign}")
    if columns:
        settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 2))
        await connection.execute(f"UPDATE title SET {settings} WHERE id = $1", title_id, *columns.values())  # noqa: S608


async def hide_title(connection: Connection, title_id: str, is_hidden: bool) -> None:
    await connection.execute("UPDATE title SET is_hidden = $2 WHERE id = $1", title_id, is_hidden)


async def replace_genres(connection: Connection, title_id: str, genre_ids: Sequence[str]) -> None:
    await connection.execute("DELETE FROM title_genre WHERE title_id = $1", title_id)
    await connection.executemany(
        "INSERT INTO title_genre (title_id, ordinal, genre_id) VALUES ($1, $2, $3)",
        [(title_id, ordinal, genre_id) for ordinal, genre_id in enumerate(genre_ids)],
    )


async def replace_credits(connection: Connection, title_id: str, billed: Sequence[NewCredit]) -> None:
    """In billing order; people who are there already keep the spelling that they have."""
    await connection.execute("DELETE FROM credit WHERE title_id = $1", title_id)
    people = {credit.person_id: credit.name for credit in billed}
    await connection.execute(_NEW_PEOPLE, list(people), list(people.values()))
    await connection.executemany(
        _ADD_CREDIT,
        [(title_id, place, one.person_id, one.role, one.character) for place, one in enumerate(billed)],
    )


async def put_season(connection: Connection, title_id: str, season_id: str, season: SeasonChange) -> str:
    """Put a season in place of the title's of the same number, whose id it keeps; answers its id."""
    count = None if season.episodes is None else len(season.episodes)
    found: str = await connection.fetchval(_PUT_SEASON, season_id, title_id, season.number, season.name, count)
    return found


async def find_episodes(connection: Connection, season_id: str) -> dict[int, str]:
    """Ids by number."""
    rows = await connection.fetch("SELECT number, id FROM episode WHERE season_id = $1", season_id)
    return {row["number"]: row["id"] for row in rows}


async def replace_episodes(connection: Connection, season_id: str, episodes: Mapping[str, tuple[object, ...]]) -> None:
    """`episodes` by id: number, name, synopsis, when it was released, duration."""
    await connection.execute(
        "DELETE FROM episode WHERE season_id = $1 AND id <> ALL($2::text[])", season_id, list(episodes)
    )
    await connection.executemany(_PUT_EPISODE, [(key, season_id, *values) for key, values in episodes.items()])


async def remove_seasons(connection: Connection, title_id: str, numbers: Sequence[int]) -> None:
    await connection.execute("DELETE FROM season WHERE title_id = $1 AND number = ANY($2::int[])", title_id, numbers)


async def find_trailers(connection: Connection, title_id: str) -> list[str]:
    """The ids of a title's trailers."""
    return [row["id"] for row in await connection.fetch("SELECT id FROM trailer WHERE title_id = $1", title_id)]


async def replace_trailers(connection: Connection, title_id: str, names: Mapping[str, str]) -> None:
    """`names` by id, in the order in which they are shown."""
    await connection.execute("DELETE FROM trailer WHERE title_id = $1 AND id <> ALL($2::text[])", title_id, list(names))
    await connection.executemany(
        _PUT_TRAILER,
        [(trailer_id, title_id, name, ordinal) for ordinal, (trailer_id, name) in enumerate(names.items())],
    )


async def put_windows(connection: Connection, title_id: str, windows: Mapping[str, LicenceWindow]) -> None:
    """By region; those of other regions stay."""
    rows = [(title_id, region, window.opens, window.closes) for region, window in windows.items()]
    await connection.executemany(_PUT_WINDOW, rows)


async def remove_windows(connection: Connection, title_id: str, regions: Sequence[str]) -> None:
    await connection.execute(
        "DELETE FROM licence_window WHERE title_id = $1 AND region = ANY($2::text[])", title_id, regions
    )


async def note_edits(connection: Connection, title_id: str, parts: Iterable[str]) -> None:
    """These parts are an operator's from now on; `TitleEditTable` says what parts there are."""
    await connection.execute(
        """INSERT INTO title_edit (title_id, part) SELECT $1, unnest($2::text[])
        ON CONFLICT (title_id, part) DO UPDATE SET edited_at = now()""",
        title_id,
        sorted(parts),
    )
