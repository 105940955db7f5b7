"""One round trip to Redis for all who ask for documents at the same time."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from bff.stores.redis_breaker import RedisAway
from bff.telemetry import Place, note_call, traced_place

_MOST_KEYS = 128
"""From so many on a round trip takes nobody else in."""


class _Asker(NamedTuple):
    """Who waits for the documents of so many keys, since when, and where to tell of it."""

    documents: "asyncio.Future[list[bytes | None]]"
    keys: int
    since: float
    place: Place | None

    def tell(self, failure: str = "") -> None:
        if self.place is not None:
            note_call("redis", "MGET", time.perf_counter() - self.since, failure, self.place)


class RoundTrip:
    """All keys, and who wants how many of them. `began` is the owner's to set, and it counts `times_sent`."""

    __slots__ = ("_askers", "began", "keys", "times_sent")

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.began = 0
        self.times_sent = 0
        self._askers: list[_Asker] = []

    @property
    def is_full(self) -> bool:
        return len(self.keys) >= _MOST_KEYS

    def add(self, keys: Sequence[bytes]) -> "asyncio.Future[list[bytes | None]]":
        """Who goes away cancels the future, and nothing else."""
        self.keys += keys
        documents: asyncio.Future[list[bytes | None]] = asyncio.get_running_loop().create_future()
        self._askers.append(_Asker(documents, len(keys), time.perf_counter(), traced_place()))
        return documents

    def answer(self, found: list[bytes | None]) -> None:
        """To each what it asked for; `found` has the order of the keys."""
        start = 0
        for asker in self._askers:
            if not asker.documents.done():
                asker.documents.set_result(found[start : start + asker.keys])
            start += asker.keys
            asker.tell()

    def fail(self, reason: str, failure: str) -> None:
        """All get RedisAway for the reason; traces are told the kind of failure."""
        for asker in self._askers:
            if not asker.documents.done():
                asker.documents.set_exception(RedisAway(reason))
                asker.documents.exception()  # not to be logged, should nobody await it in the end
            asker.tell(failure)
