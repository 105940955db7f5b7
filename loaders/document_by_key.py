"""Documents of the cache by key: whatever one tick of an operation asks for is one round trip."""

from collections.abc import Sequence

from aiodataloader import DataLoader

from bff.stores.redis import DocumentCache, RedisAway


class DocumentByKey(DataLoader[str, bytes | None]):
    """None where the cache has no document, and for every key while Redis is away; `degraded` then says so."""

    def __init__(self, cache: DocumentCache, degraded: set[str]) -> None:
        super().__init__()
        self._cache_store = cache
        self._degraded = degraded

    async def batch_load_fn(self, keys: Sequence[str]) -> list[bytes | None]:
        try:
            return await self._cache_store.get_many(keys)
        except RedisAway:
            self._degraded.add("redis")
            return [None] * len(keys)
