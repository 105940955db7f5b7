"""Rows of a profile's state that no mutation writes yet: progress and history, put straight into PostgreSQL.

Write them before the profile is first read: its copy in Redis does not hear of them.
"""

from datetime import datetime

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
