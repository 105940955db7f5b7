"""The outbox: what a transaction wrote into it reaches Redis, whatever is away or killed meanwhile."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from bff.auth.demo import DEMO_ACCOUNTS, seed_demo_accounts
from bff.embedded import EmbeddedEngines
from bff.embedded.leftovers import find_engine_processes
from bff.stores import keys
from bff.stores.outbox import BATCH, deliver_outbox
from bff.stores.profile_state import decode_state, read_state
from bff.stores.redis import DocumentCache, open_redis, split_version
from tests.engines import Engines
from workers.outbox import relay_outbox

ADA = DEMO_ACCOUNTS[0].profile_id("Ada")
KIT = DEMO_ACCOUNTS[0].profile_id("Kit")
CARD = "INSERT INTO title_card (title_id, version, document) VALUES ('tit_1', $1, NULL)"
OUTBOX = "INSERT INTO outbox (topic, key, payload) VALUES ($1, $2, '{}')"


@pytest.fixture(autouse=True)
async def _profiles(database: Engines, pool: asyncpg.Pool) -> None:
    """The demo's, with an empty outbox."""
    await seed_demo_accounts(pool, database.settings, today=datetime.now(UTC).date(), report=lambda _: None)


@pytest.fixture
async def cache(database: Engines) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(open_redis(database.settings), deadline=5)
    yield cache
    await cache.close()


@asynccontextmanager
async def relaying(pool: asyncpg.Pool, cache: DocumentCache) -> AsyncIterator[None]:
    task = asyncio.create_task(relay_outbox(pool, cache))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def wait_for(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 -- what it waits for is in an engine
            await asyncio.sleep(0.02)


async def count_outbox(pool: asyncpg.Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM outbox")
    return count


async def read_copy(cache: DocumentCache, key: str) -> bytes | None:
    return (await cache.get_many([key]))[0]


async def test_delivers_the_newest_version_of_the_catalogue(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    await pool.execute(CARD, 41)
    await pool.execute(OUTBOX, "catalogue", "")
    async with relaying(pool, cache):
        await wait_for(lambda: _is_empty(pool))
    assert await read_copy(cache, keys.catalogue_version()) == b"41"


async def test_renews_the_copy_of_a_profile(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    await cache.put(keys.profile_state(ADA), (99).to_bytes(8) + b"of a database that was restored", age=60)
    await pool.execute("UPDATE profile SET state_version = 7 WHERE id = $1", ADA)
    await pool.execute(OUTBOX, "profile", ADA)
    async with relaying(pool, cache):
        await wait_for(lambda: _is_empty(pool))
    copy = await read_copy(cache, keys.profile_state(ADA))
    assert copy is not None
    assert (decode_state(copy).profile_id, decode_state(copy).version) == (ADA, 7)


async def test_takes_the_copy_of_a_removed_profile_away(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    await cache.put(keys.profile_state(KIT), b"left behind", age=60)
    await pool.execute("DELETE FROM profile WHERE id = $1", KIT)
    await pool.execute(OUTBOX, "profile", KIT)
    assert await deliver_outbox(pool, cache) == 1
    left = await read_copy(cache, keys.profile_state(KIT))
    assert left is not None, "nobody who read it before may write it again"
    assert split_version(left)[1] == b""
    assert await read_state(pool, cache, KIT) is None


async def test_many_rows_go_while_two_workers_relay(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    await pool.executemany(OUTBOX, [("profile", ADA if number % 2 else KIT) for number in range(3 * BATCH)])
    async with relaying(pool, cache), relaying(pool, cache):
        await wait_for(lambda: _is_empty(pool))
    assert await read_copy(cache, keys.profile_state(ADA))
    assert await read_copy(cache, keys.profile_state(KIT))


async def test_a_row_that_cannot_be_read_holds_no_other_up(
    pool: asyncpg.Pool, cache: DocumentCache, caplog: pytest.LogCaptureFixture
) -> None:
    await pool.execute("UPDATE profile SET maturity_ceiling = 77 WHERE id = $1", KIT)
    await pool.executemany(OUTBOX, [("profile", KIT), ("profile", ADA)])
    assert await deliver_outbox(pool, cache) == 1
    assert await read_copy(cache, keys.profile_state(ADA))
    assert KIT in caplog.text
    assert await pool.fetchval("SELECT key FROM outbox") == KIT


async def test_a_topic_of_a_newer_version_waits_for_its_worker(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    await pool.executemany(OUTBOX, [("of tomorrow", "x"), ("profile", ADA)])
    assert [await deliver_outbox(pool, cache) for _ in range(2)] == [1, 0]
    assert await pool.fetchval("SELECT topic FROM outbox") == "of tomorrow"


async def test_waits_for_redis_and_loses_nothing(
    database: Engines, pool: asyncpg.Pool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
        cache = DocumentCache(open_redis(replace(database.settings, redis_url=engines.redis_url)), deadline=0.5)
        [server] = find_engine_processes(tmp_path / "own" / "redis")
        async with relaying(pool, cache):
            os.kill(server, signal.SIGSTOP)
            try:
                await pool.execute(OUTBOX, "profile", ADA)
                await wait_for(lambda: _says(caplog, "The outbox waits for an engine"))
                assert await count_outbox(pool) == 1
            finally:
                os.kill(server, signal.SIGCONT)
            await wait_for(lambda: _is_empty(pool))
            assert await read_copy(cache, keys.profile_state(ADA))
            os.kill(server, signal.SIGKILL)
            await pool.execute(OUTBOX, "profile", KIT)
            await wait_for(lambda: _is_empty(pool))
        assert await read_copy(cache, keys.profile_state(KIT))
        await cache.close()


async def test_waits_for_postgres(pool: asyncpg.Pool, cache: DocumentCache, caplog: pytest.LogCaptureFixture) -> None:
    async with relaying(pool, cache):
        async with pool.acquire() as connection:
            await connection.execute("ALTER TABLE outbox RENAME TO away")
            await wait_for(lambda: _says(caplog, "The outbox waits for an engine"))
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.execute("ALTER TABLE away RENAME TO outbox")
            await connection.execute(OUTBOX, "profile", ADA)
        await wait_for(lambda: _is_empty(pool))
    assert await read_copy(cache, keys.profile_state(ADA))


async def _is_empty(pool: asyncpg.Pool) -> bool:
    return await count_outbox(pool) == 0


async def _says(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return words in caplog.text
