"""The devices and countries that an account was signed in to from, so that a new one is noticed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import asyncpg
from asyncpg.pool import PoolConnectionProxy


class OriginKind(StrEnum):
    """DEVICE is one without an id of its own, by what recognises it."""

    DEVICE = "DEVICE"
    COUNTRY = "COUNTRY"


async def note_origins(
    connection: PoolConnectionProxy, account_id: str, origins: Mapping[OriginKind, str], now: datetime
) -> frozenset[OriginKind]:
    """Remember where a sign-in comes from; answers what of it was not seen before."""
    rows = await connection.fetch(
        """INSERT INTO sign_in_origin (account_id, kind, value, first_seen_at, last_seen_at)
        SELECT $1, kind, value, $4, $4 FROM unnest($2::text[], $3::text[]) AS seen (kind, value)
        ORDER BY kind ON CONFLICT (account_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at
        RETURNING kind, xmax = 0 AS is_new""",
        account_id,
        [kind.value for kind in origins],
        list(origins.values()),
        now,
    )
    return frozenset(OriginKind(row["kind"]) for row in rows if row["is_new"])


async def forget_old_origins(pool: asyncpg.Pool, *, before: datetime, most: int = 1000) -> int:
    """Remove what was last seen before an instant: it is new again then; answers how many."""
    status: str = await pool.execute(
        """DELETE FROM sign_in_origin WHERE (account_id, kind, value) IN (
            SELECT account_id, kind, value FROM sign_in_origin WHERE last_seen_at < $1 LIMIT $2
            FOR UPDATE SKIP LOCKED)""",
        before,
        most,
    )
    return int(status.removeprefix("DELETE "))
