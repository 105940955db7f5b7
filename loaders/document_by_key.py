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
        self._wanted: dict[str, None] = {}

    def want(self, key: str) -> None:
        """Have a document read with the next `fetch`: it will be loaded then."""
        self._wanted[key] = None

    async def fetch(self, keys: Sequence[str]) -> list[bytes | None]:
        """These documents and what is wanted, in one round trip."""
        wanted = [*keys, *self._wanted]
        self._wanted.clear()
        documents = await self.batch_load_fn(wanted)
        for key, document in zip(wanted[len(keys) :], documents[len(keys) :], strict=True):
            self.prime(key, document)
        return documents[: len(keys)]

    async def batch_load_fn(self, keys: Sequence[str]) -> list[bytes | None]:
        try:
            return await self._cache_store.get_many(keys)
        except RedisAway:
            self._degraded.add("redis")
            return [None] * len(keys)
