"""Delivers what transactions wrote into the outbox: each row at least once, and again after any crash."""

import asyncpg

from bff.stores import keys
from bff.stores.catalogue import read_version
from bff.stores.profile_state import read_state
from bff.stores.redis import DocumentCache

BATCH = 100
YEAR = 365 * 24 * 60 * 60

_TAKE = """
SELECT id, topic, key FROM outbox WHERE delivered_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""


async def deliver_outbox(pool: asyncpg.Pool, cache: DocumentCache) -> int:
    """Deliver one batch, and answer how many rows it held. Raises RedisAway, with nothing marked as delivered."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        rows = await connection.fetch(_TAKE, BATCH)
        for topic, key in {(row["topic"], row["key"]) for row in rows}:
            await _deliver(pool, cache, topic, key)
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", [row["id"] for row in rows])
    return len(rows)


async def _deliver(pool: asyncpg.Pool, cache: DocumentCache, topic: str, key: str) -> None:
    match topic:
        case "catalogue":
            version = str(await read_version(pool)).encode()
            await cache.put(keys.catalogue_version(), version, age=YEAR)
        case "profile":
            await cache.forget(keys.profile_state(key))
            if await read_state(pool, cache, key) is None:
                return
        case _:
            raise ValueError(f"the outbox holds a row of an unknown topic: {topic}")
