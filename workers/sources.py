"""Masters that a worker has fetched from a store beyond this machine: once for all its tasks, not once for each."""

import asyncio
import os
from pathlib import Path

from bff.stores.objects import Objects

MOST_KEPT = 2
"""Masters that take turns stay both; each takes its size on the worker's disk."""
KEPT = 600.0
"""Seconds without use after which a master goes."""


class Sources:
    """What was fetched lies in `folder`. Tasks get links to it, so that it may go while they still read."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder
        self._used_at: dict[Path, float] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def fetch(self, key: str, task_folder: Path) -> Path:
        """Like `Objects.fetch`, of which it is a copy: to be read only."""
        if self._objects.locate(key) is not None:
            return await self._objects.fetch(key, task_folder)
        link = task_folder / key.replace("/", "_")
        if await asyncio.to_thread(link.exists):
            return link
        async with self._turns.setdefault(key, asyncio.Lock()):
            held = self._folder / link.name
            if held not in self._used_at:
                await self._bring(key, held)
            # Up to the link nothing is awaited: what others make room of meanwhile is not missed.
            self._used_at.pop(held, None)
            self._used_at[held] = asyncio.get_running_loop().time()
            os.link(held, link)
        return link

    def drop_unused(self, seconds: float = KEPT) -> None:
        """Make room of what no task has asked for since then."""
        before = asyncio.get_running_loop().time() - seconds
        for held in [held for held, used_at in self._used_at.items() if used_at <= before]:
            self._drop(held)

    async def _bring(self, key: str, held: Path) -> None:
        while len(self._used_at) >= MOST_KEPT:
            self._drop(next(iter(self._used_at)))
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        try:
            await self._objects.fetch(key, self._folder)
        except BaseException:
            _unlink(held)
            raise

    def _drop(self, held: Path) -> None:
        """What stands last in `_used_at` was used last."""
        del self._used_at[held]
        _unlink(held)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
