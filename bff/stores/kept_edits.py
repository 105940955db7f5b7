"""Keeps what operators have changed of titles out of an import's reach, before what it loaded replaces the tables.

A title that an operator had a hand in stays whole even where the sources have it no more.
"""

from collections.abc import Mapping, Sequence

from bff.stores.postgres import Connection

_DEADLINE = 120.0

_LISTS = {"genres": "title_genre", "credits": "credit"}
"""The table of each part that is kept or replaced as a whole."""

_OWNED_SEASON = """
    SELECT FROM title_edit AS edit
    WHERE edit.title_id = {season}.title_id AND edit.part = 'season:' || {season}.number
    UNION ALL SELECT FROM kept_title WHERE kept_title.id = {season}.title_id
"""
_OWNED_WINDOW = """
    SELECT FROM title_edit AS edit
    WHERE edit.title_id = {window}.title_id AND edit.part = 'window:' || {window}.region
    UNION ALL SELECT FROM kept_title WHERE kept_title.id = {window}.title_id
"""


async def keep_edits(connection: Connection, columns: Mapping[str, Sequence[str]]) -> None:
    """Put what is an operator's into the tables `incoming_…` that an import has loaded, in place of what it brings.

    `columns` are those that the import writes, by table; within its transaction.
    """
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM title_edit)"):
        return
    listed = {table: ", ".join(names) for table, names in columns.items()}
    for statement in (
        _keep_missing_titles(listed["title"]),
        *_keep_columns(columns["title"]),
        *(_keep_list(part, table, listed[table]) for part, table in _LISTS.items()),
        _keep_seasons(columns),
        _keep_windows(listed["licence_window"]),
        _keep_people(columns["person"]),
    ):
        await connection.execute(statement, timeout=_DEADLINE)


def _keep_missing_titles(listed: str) -> str:
    return f"""
        CREATE TEMP TABLE kept_title ON COMMIT DROP AS
        SELECT DISTINCT title_id AS id FROM title_edit
        WHERE NOT EXISTS (SELECT FROM incoming_title WHERE incoming_title.id = title_id);
        INSERT INTO incoming_title ({listed}) SELECT {listed} FROM title WHERE id IN (SELECT id FROM kept_title)
    """  # noqa: S608 - constants only


def _keep_columns(names: Sequence[str]) -> list[str]:
    return [
        f"""
        UPDATE incoming_title SET {name} = held.{name}
        FROM title AS held JOIN title_edit ON title_id = held.id AND part = '{name}'
        WHERE incoming_title.id = held.id
        """  # noqa: S608 - constants only
        for name in names
        if name != "id"
    ]


def _keep_list(part: str, table: str, listed: str) -> str:
    owned = f"SELECT title_id FROM title_edit WHERE part = '{part}' UNION SELECT id FROM kept_title"  # noqa: S608
    return f"""
        DELETE FROM incoming_{table} WHERE title_id IN ({owned});
        INSERT INTO incoming_{table} ({listed}) SELECT {listed} FROM {table} WHERE title_id IN ({owned})
    """  # noqa: S608 - constants only


def _keep_seasons(columns: Mapping[str, Sequence[str]]) -> str:
    """A season with its episodes; one that the import would move to another season of the title stays, too."""
    owned_incoming = _OWNED_SEASON.format(season="incoming_season")
    owned = _OWNED_SEASON.format(season="season")
    season, episode = ", ".join(columns["season"]), ", ".join(columns["episode"])
    return f"""
        DELETE FROM incoming_episode USING incoming_season
        WHERE incoming_season.id = season_id AND EXISTS ({owned_incoming});
        DELETE FROM incoming_season WHERE EXISTS ({owned_incoming});
        DELETE FROM incoming_episode USING episode JOIN season ON season.id = episode.season_id
        WHERE episode.id = incoming_episode.id AND EXISTS ({owned});
        INSERT INTO incoming_season ({season}) SELECT {season} FROM season WHERE EXISTS ({owned});
        INSERT INTO incoming_episode ({episode})
        SELECT {", ".join(f"episode.{name}" for name in columns["episode"])}
        FROM episode JOIN season ON season.id = season_id WHERE EXISTS ({owned})
    """  # noqa: S608 - constants only


def _keep_windows(listed: str) -> str:
    return f"""
        DELETE FROM incoming_licence_window WHERE EXISTS ({_OWNED_WINDOW.format(window="incoming_licence_window")});
        INSERT INTO incoming_licence_window ({listed})
        SELECT {listed} FROM licence_window WHERE EXISTS ({_OWNED_WINDOW.format(window="licence_window")})
    """  # noqa: S608 - constants only


def _keep_people(names: Sequence[str]) -> str:
    """Those whom a credit that was kept names, and the import does not."""
    listed = ", ".join(names)
    return f"""
        INSERT INTO incoming_person ({listed}) SELECT {listed} FROM person
        WHERE EXISTS (SELECT FROM incoming_credit WHERE person_id = person.id)
            AND NOT EXISTS (SELECT FROM incoming_person AS incoming WHERE incoming.id = person.id)
    """  # noqa: S608 - constants only
