"""Documents of the cache by key, each read once an operation, together with what others ask for in the same turn."""

import asyncio
from collections.abc import Sequence

from bff.stores.redis import DocumentCache, RedisAway


class DocumentByKey:
    """None where the cache has no document, and for every key while Redis is away; `degraded` then says so."""

    def __init__(self, cache: DocumentCache, degraded: set[str]) -> None:
        self._cache = cache
        self._degraded = degraded
        self._wanted: list[str] = []
        self._places: dict[str, tuple[asyncio.Future[list[bytes | None]], int]] = {}

    def want(self, key: str) -> None:
        """Have a document read with the next that are loaded."""
        self._wanted.append(key)

    async def load(self, key: str) -> bytes | None:
        """One document; nothing is sent for one that was asked for."""
        if key in self._places:
            return await self._take(*self._places[key])
        return (await self.load_many((key,)))[0]

    async def load_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """These documents; what is wanted is read with them."""
        unread = [key for key in (*keys, *self._wanted) if key not in self._places]
        self._wanted.clear()
        if unread:
            documents = self._cache.ask(unread)
            for place, key in enumerate(unread):
                self._places[key] = documents, place
        return [await self._take(*self._places[key]) for key in keys]

    async def _take(self, documents: asyncio.Future[list[bytes | None]], place: int) -> bytes | None:
        try:
            return (await documents)[place]
        except RedisAway:
            self._degraded.add("redis")
            return None
