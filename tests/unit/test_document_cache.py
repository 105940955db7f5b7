"""Documents in Redis: a later version is never written over by an earlier one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff.stores.redis import DocumentCache, open_redis, split_version
from tests.engines import Engines


@pytest.fixture
async def cache(database: Engines) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(open_redis(database.settings), deadline=5)
    yield cache
    await cache.close()


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        (0, 1),
        (1, 2),
        (9, 10),
        (64, 65),
        (127, 128),
        (128, 129),
        (255, 256),
        (256, 257),
        (65535, 65536),
        (2**40, 2**40 + 1),
    ],
)
async def test_the_later_version_stays(cache: DocumentCache, held: int, offered: int) -> None:
    await cache.put_if_newer("document", held, b"earlier", age=60)
    await cache.put_if_newer("document", offered, b"later", age=60)
    await cache.put_if_newer("document", held, b"late", age=60)
    await cache.put_if_newer("document", offered, b"again", age=60)
    stored = (await cache.get_many(["document"]))[0]
    assert stored is not None
    assert split_version(stored) == (offered, b"later")


async def test_more_calls_than_connections_wait_for_their_turn(cache: DocumentCache) -> None:
    await cache.put("key", b"document", age=60)
    assert await asyncio.gather(*(cache.get_many(["key"]) for _ in range(500))) == [[b"document"]] * 500


async def test_a_call_that_is_cancelled_while_it_waits_takes_no_turn(cache: DocumentCache) -> None:
    waiting = [asyncio.ensure_future(cache.get_many(["key"])) for _ in range(200)]
    await asyncio.sleep(0)
    for call in waiting:
        call.cancel()
    await asyncio.wait(waiting)
    assert await asyncio.gather(*(cache.get_many(["key"]) for _ in range(200))) == [[None]] * 200
