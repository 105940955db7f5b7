"""Delivers what transactions wrote into the outbox: each row at least once, and again after any crash."""

import logging

import asyncpg

from bff.stores import keys
from bff.stores.catalogue import read_version
from bff.stores.profile_state import bury_state, read_state
from bff.stores.redis import DocumentCache

log = logging.getLogger(__name__)

TOPICS = ("catalogue", "device", "profile")
"""What this version can deliver; other rows wait for a worker that knows them."""

BATCH = 100
YEAR = 365 * 24 * 60 * 60

_TAKE = """
SELECT id, topic, key FROM outbox WHERE delivered_at IS NULL AND topic = ANY($1)
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


async def deliver_outbox(pool: asyncpg.Pool, cache: DocumentCache) -> int:
    """Deliver one batch, and answer how many of its rows went; what cannot be delivered is logged and stays.

    Raises RedisAway, with nothing taken out.
    """
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        rows = await connection.fetch(_TAKE, TOPICS, BATCH)
        wanted = {(row["topic"], row["key"]) for row in rows}
        delivered = {(topic, key) for topic, key in wanted if await _deliver(pool, cache, topic, key)}
        done = [row["id"] for row in rows if (row["topic"], row["key"]) in delivered]
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", done)
    return len(done)


async def count_waiting(pool: asyncpg.Pool) -> int:
    """Rows that are not delivered yet."""
    return int(await pool.fetchval("SELECT count(*) FROM outbox WHERE delivered_at IS NULL", timeout=2))


async def announce_catalogue(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    """Let every process know which version the title cards have come to. Raises RedisAway."""
    version = str(await read_version(pool)).encode()
    await cache.put_aloud(keys.catalogue_version(), version, age=YEAR, channel=keys.catalogue_changes())


async def _deliver(pool: asyncpg.Pool, cache: DocumentCache, topic: str, key: str) -> bool:
    try:
        match topic:
            case "catalogue":
                await announce_catalogue(pool, cache)
            case "device":
                await cache.forget(keys.device(key))
            case "profile":
                await cache.forget(keys.profile_state(key))
                if await read_state(pool, cache, key) is None:
                    await _forget_profile(cache, key)
    except ValueError:
        log.exception("what the outbox says of %s %s cannot be read", topic, key)
        return False
    return True


async def _forget_profile(cache: DocumentCache, profile_id: str) -> None:
    """A profile that is gone leaves nothing behind."""
    left = await cache.find_keys(keys.all_of_profile(profile_id))
    if left:
        await cache.forget(*left)
    await bury_state(cache, profile_id)
