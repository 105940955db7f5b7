"""The devices and countries that an account was signed in to from, so that a new one is noticed."""

from datetime import datetime
from enum import StrEnum

import asyncpg


class OriginKind(StrEnum):
    """DEVICE is one without an id of its own, by what recognises it."""

    DEVICE = "DEVICE"
    COUNTRY = "COUNTRY"


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
