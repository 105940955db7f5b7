"""Playback sessions that nothing allows any more, however many they are."""

from datetime import UTC, datetime, timedelta

import asyncpg

from tests.workers.sign_ins import begin_many
from workers.playback import forget_playback, sweep_playback

LONG_AGO = timedelta(days=31)


async def test_one_sweep_ends_them_all(pool: asyncpg.Pool) -> None:
    await begin_many(pool, 2500, datetime.now(UTC) + timedelta(hours=1))
    assert await sweep_playback(pool) == 2500
    assert await pool.fetchval("SELECT count(*) FROM playback_session WHERE ended_at IS NULL") == 0
    assert await sweep_playback(pool) == 0


async def test_what_is_long_over_is_forgotten_in_one_run(pool: asyncpg.Pool) -> None:
    await begin_many(pool, 5500, datetime.now(UTC) - LONG_AGO)
    assert await forget_playback({"pool": pool}) == 5500
