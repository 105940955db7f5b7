"""The hourly job publishes the next key in time, once."""

import asyncpg

from tests.engines import Engines
from workers.keys import rotate_keys


async def test_rotates_an_old_key_and_leaves_a_young_one(pool: asyncpg.Pool, database: Engines) -> None:
    ctx = {"pool": pool, "settings": database.settings}
    first = await rotate_keys(ctx)
    assert first is not None
    assert await rotate_keys(ctx) is None
    await pool.execute("UPDATE signing_key SET signs_from = signs_from - interval '30 days'")
    second = await rotate_keys(ctx)
    assert second not in (first, None)
    rows = {row["kid"]: row["retires_at"] for row in await pool.fetch("SELECT kid, retires_at FROM signing_key")}
    assert rows[second] is None
    assert rows[first] is not None
