"""What ended before the tokens that it was named in: a short list in the memory of every process.

Each reads what is new from PostgreSQL every second, whether or not Redis or the worker is there: so no request asks an
engine, and no crash after a commit loses an ending.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Self

import asyncpg

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
_OVERLAP = 60.0
"""Seconds that each look goes back: longer than a transaction takes from writing an ending to its commit."""
_DEADLINE = 2.0


class Endings:
    """Ids of what ended lately, as one process knows them: `in` asks memory alone.

    `read` answers the ids of what ended within an interval ($1); an ending is of use for `kept` seconds.
    """

    def __init__(self, read: str, *, what: str, kept: float) -> None:
        self._read = read
        self._what = what
        self._kept = kept
        self._forget_at: dict[str, float] = {}

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._forget_at

    def __len__(self) -> int:
        return len(self._forget_at)

    def note(self, identifiers: Iterable[str]) -> None:
        """What this process has ended itself need not wait for the next look."""
        forget_at = time.monotonic() + self._kept
        for identifier in identifiers:
            self._forget_at.setdefault(identifier, forget_at)

    async def catch_up(self, pool: asyncpg.Pool, *, seconds: float = _OVERLAP) -> None:
        """Read what ended within the last seconds. Raises what asyncpg does."""
        rows = await pool.fetch(self._read, timedelta(seconds=seconds), timeout=_DEADLINE)
        self.note(row[0] for row in rows)

    @asynccontextmanager
    async def following(self, pool: asyncpg.Pool) -> AsyncIterator[Self]:
        """Read the whole list, then follow it until the block ends, on a pool that requests do not use up."""
        await self.catch_up(pool, seconds=self._kept)
        task = asyncio.create_task(self._follow(pool), name=f"ended {self._what}")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self, pool: asyncpg.Pool) -> None:
        caught_up_at = time.monotonic()
        is_behind = False
        while True:
            await asyncio.sleep(INTERVAL)
            begun_at = time.monotonic()
            try:
                await self.catch_up(pool, seconds=begun_at - caught_up_at + _OVERLAP)
            except Exception as error:  # whatever it is, what has ended must not go on for it
                if not is_behind:
                    log.warning("%s that ended are not heard of until PostgreSQL is back: %r", self._what, error)
                is_behind = True
                continue
            caught_up_at, is_behind = begun_at, False
            self._forget(begun_at)

    def _forget(self, now: float) -> None:
        """They stand in the order in which they go."""
        while self._forget_at:
            identifier, forget_at = next(iter(self._forget_at.items()))
            if forget_at > now:
                return
            del self._forget_at[identifier]
