"""Keeps a process's snapshot of the catalogue in step with the title cards: at once when it is told, and by a look."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import asyncpg

from bff.cancellation import run_until_cancelled
from bff.stores import keys
from bff.stores.catalogue import read_cards, read_genres, read_version
from bff.stores.redis import DocumentCache, RedisAway
from bff.stores.signals import Signals
from bff.stores.snapshot import Catalogue

log = logging.getLogger(__name__)

INTERVAL = 0.25
"""Seconds between two looks at the version, for what nobody told: signals get lost, and need a Redis."""
_PAUSE = 1.0


class CatalogueFollower:
    """Holds the newest snapshot; `catalogue` is replaced whole, never changed, and `on_swap` is called after it was."""

    def __init__(
        self, pool: asyncpg.Pool, cache: DocumentCache, signals: Signals, *, interval: float = INTERVAL
    ) -> None:
        self.catalogue: Catalogue
        self.on_swap: Callable[[], None] | None = None
        self._pool = pool
        self._cache = cache
        self._signals = signals
        self._interval = interval
        self._seen: bytes | None = None
        self._told = asyncio.Event()
        self._catching_up = asyncio.Lock()

    @asynccontextmanager
    async def following(self) -> AsyncIterator["CatalogueFollower"]:
        """Load the whole catalogue, then follow it until the block ends."""
        self._seen = await self._read_mark()
        cards = await read_cards(self._pool, since=0)
        genres = await read_genres(self._pool)
        self.catalogue = await asyncio.to_thread(Catalogue.build, cards.version, cards.cards, genres)
        tasks = [
            asyncio.create_task(self._listen(), name="catalogue listener"),
            asyncio.create_task(run_until_cancelled(self._follow()), name="catalogue follower"),
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def catch_up(self) -> None:
        """Read what changed since the snapshot's version, and swap the snapshot; one after another."""
        async with self._catching_up:
            held = self.catalogue
            cards = await read_cards(self._pool, since=held.version)
            if cards.version == held.version:
                return
            genres = await read_genres(self._pool)
            self.catalogue = await asyncio.to_thread(held.apply, cards.version, cards.cards, cards.removed, genres)
            if self.on_swap is not None:
                self.on_swap()

    async def _listen(self) -> None:
        async with aclosing(self._signals.follow(keys.catalogue_changes())) as told:
            async for _ in told:
                self._told.set()

    async def _follow(self) -> None:
        while True:
            try:
                if await self._is_told():
                    await self.catch_up()
                    continue
                mark = await self._read_mark()
                if mark != self._seen:
                    await self.catch_up()
                    self._seen = mark
            except Exception:
                log.exception("the catalogue could not be followed; trying again")
                await asyncio.sleep(_PAUSE)

    async def _is_told(self) -> bool:
        """Whether somebody says that there is something new, before it is time to look by oneself."""
        try:
            async with asyncio.timeout(self._interval):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return True

    async def _read_mark(self) -> bytes | None:
        """Redis's version; where Redis is away, that of PostgreSQL itself."""
        try:
            return (await self._cache.get_many([keys.catalogue_version()]))[0]
        except RedisAway:
            return str(await read_version(self._pool)).encode()
