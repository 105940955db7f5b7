"""Sees who waits for whom in PostgreSQL."""

import asyncio

import asyncpg

_IS_WAITING = """SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"""


async def wait_until_it_waits(pool: asyncpg.Pool, task: asyncio.Task[object]) -> None:
    """For a lock that somebody else has, in a database of the test's own."""
    while not await pool.fetchval(_IS_WAITING):
        assert not task.done(), "it waits for nothing"
        await asyncio.sleep(0.01)
