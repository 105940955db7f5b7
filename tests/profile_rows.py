"""Rows of a profile's state that no mutation writes yet: progress and history, put straight into PostgreSQL.

Write them before the profile is first read: its copy in Redis does not hear of them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

DURATION = 900.0
"""Seconds that everything lasts here."""


async def add_progress(
    pool: asyncpg.Pool,
    profile_id: str,
    playable_id: str,
    title_id: str,
    at: datetime,
    *,
    position: float = 300,
    completed: bool = False,
) -> None:
    await pool.execute(
        """INSERT INTO watch_progress (profile_id, playable_id, title_id, position, duration, completed, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        profile_id,
        playable_id,
        title_id,
        position,
        DURATION,
        completed,
        at,
    )


async def add_sitting(pool: asyncpg.Pool, profile_id: str, playable_id: str, title_id: str, at: datetime) -> None:
    await pool.execute(
        """INSERT INTO viewing_history (id, profile_id, playable_id, title_id, watched_at, watched_seconds, completed)
        VALUES ($1, $2, $3, $4, $5, 300, false)""",
        f"{profile_id}.{playable_id}.{at.timestamp()}",
        profile_id,
        playable_id,
        title_id,
        at,
    )


async def fill_profile(pool: asyncpg.Pool, profile_id: str, film_ids: Sequence[str], now: datetime) -> None:
    """Every film is on the list, liked, half watched and in the history, the first latest."""
    rows = [
        (profile_id, title_id, float(place), now - timedelta(minutes=place)) for place, title_id in enumerate(film_ids)
    ]
    async with pool.acquire() as connection, connection.transaction():
        for statement in (
            "INSERT INTO my_list_entry (profile_id, title_id, position, added_at) VALUES ($1, $2, $3, $4)",
            """INSERT INTO title_rating (profile_id, title_id, thumb, rated_at)
            SELECT $1, $2, 'UP', $4::timestamptz WHERE $3::float8 >= 0""",
            """INSERT INTO watch_progress (profile_id, playable_id, title_id, position, duration, completed, updated_at)
            SELECT $1, $2, $2, 300 + $3::float8, 900, false, $4""",
            """INSERT INTO viewing_history
            (id, profile_id, playable_id, title_id, watched_at, watched_seconds, completed)
            SELECT $1 || '.' || $2, $1, $2, $2, $4, $3::float8, false""",
        ):
            await connection.executemany(statement, rows)


async def add_invoices(pool: asyncpg.Pool, account_id: str, count: int, now: datetime) -> None:
    """Paid ones, a month each, the last issued now."""
    await pool.execute(
        """INSERT INTO invoice (id, account_id, kind, plan, plan_price, amount, currency, country, covers_from,
            covers_until, anchor_at, status, description, issued_at, paid_at)
        SELECT 'inv_' || md5($1 || n), $1, 'RENEWAL', 'BASIC', 999, 999, 'USD', 'US', at, at + interval '1 month', at,
            'PAID', 'Basic', at, at
        FROM generate_series(0, $2 - 1) AS n,
            LATERAL (SELECT $3::timestamptz - n * interval '1 month' AS at) AS month""",
        account_id,
        count,
        now,
    )
