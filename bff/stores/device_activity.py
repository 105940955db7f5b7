"""When devices were last in use: noted in memory, and written now and then for all of them, never by a request."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import asyncpg

log = logging.getLogger(__name__)

INTERVAL = 15.0
"""Seconds between two writes; what a process that is killed had noted meanwhile is lost."""
_BATCH = 1000
_MOST = 100_000
"""Devices that are remembered while PostgreSQL is away."""

# What another process writes at this moment is as good; waiting for each other in turn would lock both.
_WRITE = """
WITH seen AS (SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS seen (id, at)),
held AS (
  SELECT d.id, seen.at FROM device d JOIN seen ON seen.id = d.id
  WHERE d.last_active_at < seen.at - interval '30 seconds' FOR NO KEY UPDATE OF d SKIP LOCKED
)
UPDATE device SET last_active_at = held.at FROM held WHERE device.id = held.id
"""


class DeviceActivity:
    """What one process has seen of devices since it last wrote."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._seen: dict[str, datetime] = {}

    def note(self, device_id: str, now: datetime) -> None:
        """The device is in use."""
        if len(self._seen) < _MOST or device_id in self._seen:
            self._seen[device_id] = now

    async def write(self) -> None:
        """Write what was noted; what could not be written is kept. Raises what asyncpg does."""
        while self._seen:
            ids = list(self._seen)[:_BATCH]
            batch = {device_id: self._seen.pop(device_id) for device_id in ids}
            try:
                await self._pool.execute(_WRITE, list(batch), list(batch.values()), timeout=5)
            except BaseException:
                self._seen = {**batch, **self._seen}
                raise

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["DeviceActivity"]:
        """Write now and then until the block ends, and once more then."""
        task = asyncio.create_task(self._keep_writing(), name="device activity")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._try_to_write()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except Exception as error:  # it can wait, whatever it is
            log.warning("When devices were last in use could not be written yet: %r", error)
