"""Signals over a Redis that stops, freezes and comes back."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bff.embedded import EmbeddedEngines
from bff.embedded.leftovers import find_engine_processes
from bff.settings import Secret
from bff.stores.redis import DocumentCache, open_redis
from bff.stores.signals import MOST_WAITING, Signals
from tests.engines import Engines

BACK_WITHIN = 5.0
NOTHING = object()


@asynccontextmanager
async def opened(engines: Engines) -> AsyncIterator[Signals]:
    async with AsyncExitStack() as stack:
        redis = open_redis(engines.settings)
        stack.push_async_callback(redis.aclose)
        yield await stack.enter_async_context(Signals(DocumentCache(redis)).listening())


@pytest.fixture
async def redis_alone(tmp_path: Path) -> AsyncIterator[Engines]:
    async with EmbeddedEngines(tmp_path, postgres=False) as running:
        yield Engines(database_url=Secret("postgresql://"), redis_url=running.redis_url, data_dir=running.data_dir)


class Reader:
    """Follows a channel from now on."""

    def __init__(self, signals: Signals, channel: str) -> None:
        self.messages: AsyncGenerator[bytes | None, None] = signals.follow(channel)
        self._next: asyncio.Future[bytes | None] = asyncio.ensure_future(anext(self.messages))

    async def take(self, seconds: float = 20) -> bytes | None:
        async with asyncio.timeout(seconds):
            message = await self._next
        self._next = asyncio.ensure_future(anext(self.messages))
        return message

    async def take_soon(self) -> object:
        """NOTHING where nothing comes in a moment."""
        await asyncio.wait({self._next}, timeout=0.1)
        return await self.take() if self._next.done() else NOTHING

    async def close(self) -> None:
        self._next.cancel()
        await asyncio.wait({self._next})
        await self.messages.aclose()


async def begin(signals: Signals, channel: str) -> Reader:
    """A reader to whom messages do come."""
    reader = Reader(signals, channel)
    await send_until_heard(signals, reader, channel)
    return reader


async def send_until_heard(signals: Signals, reader: Reader, channel: str) -> None:
    """Only what is sent after Redis has taken the wish to listen is heard; then nothing else lies there."""
    async with asyncio.timeout(20):
        for number in itertools.count():
            message = b"begin %d" % number
            await signals.send(channel, message)
            while (heard := await reader.take_soon()) is not NOTHING:
                if heard == message:
                    return


async def test_every_follower_of_a_channel_in_every_process_hears_it(redis_alone: Engines):
    async with opened(redis_alone) as one, opened(redis_alone) as other:
        readers = [await begin(signals, "a") for signals in (one, one, other)]
        stranger = await begin(other, "b")
        for reader in readers:
            await drain(reader)
        await one.send("a", b"hello")
        assert [await reader.take() for reader in readers] == [b"hello"] * 3
        await one.send("b", b"for b")
        assert await stranger.take() == b"for b"
        for reader in (*readers, stranger):
            await reader.close()
        assert (one.followers, other.followers) == (0, 0)


async def drain(reader: Reader) -> None:
    """Take what lies there already."""
    while await reader.take_soon() is not NOTHING:
        pass


async def test_a_busy_follower_is_told_that_it_missed_some(redis_alone: Engines):
    async with opened(redis_alone) as signals:
        reader = await begin(signals, "a")
        for number in range(MOST_WAITING + 5):
            await signals.send("a", b"%d" % number)
        await signals.send("a", b"last")
        heard = [await reader.take()]
        while heard[-1] != b"last":
            heard.append(await reader.take())
        assert None in heard
        assert len(heard) <= MOST_WAITING + 2
        await reader.close()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_followers_are_told_of_the_gap_and_go_on_within_five_seconds(redis_alone: Engines, fault):
    async with opened(redis_alone) as signals:
        reader = await begin(signals, "a")
        (process,) = find_engine_processes(redis_alone.data_dir / "redis")
        if fault == "kill":
            os.kill(process, signal.SIGKILL)
            back = await wait_for_redis(redis_alone)
        else:
            os.kill(process, signal.SIGSTOP)
            await asyncio.sleep(6)
            os.kill(process, signal.SIGCONT)
            back = time.monotonic()
        assert await reader.take() is None
        assert time.monotonic() - back < BACK_WITHIN
        await send_until_heard(signals, reader, "a")
        await reader.close()


async def wait_for_redis(engines: Engines) -> float:
    """The instant at which it answers again."""
    cache = DocumentCache(open_redis(engines.settings))
    async with asyncio.timeout(20):
        while True:
            try:
                await cache.ping()
            except Exception:
                await asyncio.sleep(0.02)
            else:
                await cache.close()
                return time.monotonic()


async def test_without_redis_the_own_process_is_served(redis_alone: Engines):
    async with opened(redis_alone) as signals:
        reader = await begin(signals, "a")
        (process,) = find_engine_processes(redis_alone.data_dir / "redis")
        os.kill(process, signal.SIGSTOP)
        try:
            await signals.send("a", b"near")
            assert await reader.take() == b"near"
        finally:
            os.kill(process, signal.SIGCONT)
        await reader.close()
