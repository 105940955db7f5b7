"""Reads the catalogue as processes follow it: title cards by version, and the genres."""

import asyncio
from collections.abc import Sequence

import msgspec
from asyncpg import Pool, Record
from msgspec import Struct

from bff.domain.ids import IdKind, kind_of
from bff.domain.titles import AnyTitleCard, Genre

READ_DEADLINE = 30.0

_CARD = msgspec.json.Decoder(AnyTitleCard)


class CardsSince(Struct, frozen=True):
    """What changed after a version: `version` is the newest, `removed` the ids of titles that are gone."""

    version: int
    cards: list[AnyTitleCard]
    removed: list[str]


async def read_cards(pool: Pool, since: int = 0) -> CardsSince:
    """The cards that changed after the version `since`, oldest change first; all cards after 0."""
    rows = await pool.fetch(
        "SELECT title_id, version, document FROM title_card WHERE version > $1 ORDER BY version",
        since,
        timeout=READ_DEADLINE,
    )
    return CardsSince(
        version=rows[-1]["version"] if rows else since,
        cards=await asyncio.to_thread(_decode, rows),  # of an import they are many
        removed=[row["title_id"] for row in rows if row["document"] is None],
    )


async def read_card(pool: Pool, title_id: str) -> AnyTitleCard | None:
    """The newest card of a title, which snapshots may not have yet; None for one that is not there."""
    if kind_of(title_id) is not IdKind.TITLE:
        return None
    document = await pool.fetchval("SELECT document FROM title_card WHERE title_id = $1", title_id, timeout=2)
    return None if document is None else _CARD.decode(document)


async def read_version(pool: Pool) -> int:
    """The version of the newest title card, 0 where there is none."""
    version: int = await pool.fetchval("SELECT coalesce(max(version), 0) FROM title_card")
    return version


async def read_genres(pool: Pool) -> list[Genre]:
    """All genres in the order in which they are listed."""
    rows = await pool.fetch("SELECT id, slug, name FROM genre ORDER BY ordinal")
    return [Genre(id=row["id"], slug=row["slug"], name=row["name"]) for row in rows]


def _decode(rows: Sequence[Record]) -> list[AnyTitleCard]:
    return [_CARD.decode(row["document"]) for row in rows if row["document"] is not None]
