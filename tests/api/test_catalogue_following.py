"""Every process sees what operators change: told, by a look of its own, and without Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis

from bff.stores import keys
from bff.stores.catalogue_follower import CatalogueFollower
from bff.stores.redis import DocumentCache
from bff.stores.signals import Signals
from tests.api.studio_desk import NEW_FILM, remove_own_titles, upsert
from tests.live import Client, Demo


@pytest.fixture(scope="module")
async def operator(demo: Demo) -> AsyncIterator[Client]:
    yield await demo.sign_in("operator@example.com")
    await remove_own_titles(demo)


async def test_a_process_that_was_not_asked_sees_it_without_a_worker(demo: Demo, operator: Client) -> None:
    """No process is told of its own changes in another way than the others."""
    made = await upsert(operator, key="everywhere", **NEW_FILM)
    await until_held(demo.services.follower, made["id"])


@asynccontextmanager
async def following(demo: Demo, how: str) -> AsyncIterator[CatalogueFollower]:
    """As another process does, which hears of changes in no other way."""
    pool, cache = demo.services.pool, demo.services.cache
    away = DocumentCache(Redis.from_url("unix:///nowhere.sock"))
    if how == "told":
        listening = await count_listeners(cache)
        async with (
            Signals(cache).listening() as signals,
            CatalogueFollower(pool, cache, signals, interval=3600).following() as follower,
        ):
            async with asyncio.timeout(10):
                while await count_listeners(cache) == listening:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.02)
            yield follower
    else:
        used = cache if how == "by a look" else away
        async with CatalogueFollower(pool, used, Signals(used)).following() as follower:
            yield follower


async def count_listeners(cache: DocumentCache) -> int:
    ((_, count),) = await cache.redis.pubsub_numsub(keys.catalogue_changes())
    return int(count)


@pytest.mark.parametrize("how", ["told", "by a look", "without Redis"])
async def test_another_process_sees_it(demo: Demo, operator: Client, how: str) -> None:
    async with following(demo, how) as follower:
        made = await upsert(operator, key=how, **NEW_FILM)
        await until_held(follower, made["id"])


async def until_held(follower: CatalogueFollower, title_id: str) -> None:
    async with asyncio.timeout(10):
        while title_id not in follower.catalogue.cards:  # noqa: ASYNC110 - nothing tells when it swaps
            await asyncio.sleep(0.02)


class LosingCache(DocumentCache):
    """Loses a cancellation that comes while the follower asks, as redis-py may before Python 3.12."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.asked = asyncio.Event()
        self._count = 0

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        self._count += 1
        if self._count == 2:  # the first is that of the start
            self.asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return await super().get_many(names)


async def test_following_ends_though_a_cancellation_is_lost(demo: Demo) -> None:
    cache = LosingCache(demo.services.cache.redis)
    async with asyncio.timeout(10):
        async with CatalogueFollower(demo.services.pool, cache, Signals(cache)).following():
            await cache.asked.wait()
