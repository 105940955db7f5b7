"""Signals between processes: small messages on named channels of Redis pub/sub, each delivered at most once.

One connection a process listens for all its followers. Whoever may have missed something is told so.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from bff.cancellation import run_until_cancelled
from bff.stores.redis import DocumentCache, RedisAway

log = logging.getLogger(__name__)

MOST_WAITING = 16
"""Messages that are kept for one follower who is busy; past it they become one that says some were missed."""
_SILENCE = 1.5
"""Seconds without a word from Redis after which it is asked for one; after twice that it is away."""
_PAUSE = 0.5
_CONNECT_DEADLINE = 2.0


class _Follower:
    """What waits for one reader, bounded."""

    __slots__ = ("_arrived", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[bytes | None] = []
        self._arrived: asyncio.Future[None] | None = None

    def push(self, message: bytes | None) -> None:
        if message is None or len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            message = None
        self._waiting.append(message)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def take(self) -> bytes | None:
        while not self._waiting:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        return self._waiting.pop(0)


class Signals:
    """Sends messages to channels and follows them, across all processes on one Redis.

    While Redis is away messages reach the followers in this process alone; the others are told, when it is back, that
    they may have missed some. It is found again within five seconds.
    """

    def __init__(self, cache: DocumentCache) -> None:
        self._cache = cache
        self._followers: dict[str, set[_Follower]] = {}
        self._changed = asyncio.Event()

    @property
    def followers(self) -> int:
        """How many follow some channel now."""
        return sum(map(len, self._followers.values()))

    async def send(self, channel: str, message: bytes) -> None:
        """Whoever follows the channel gets it; nobody else ever does."""
        try:
            await self._cache.publish(channel, message)
        except RedisAway:
            self._deliver(channel, message)

    async def follow(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """The messages sent to the channel from now on; None where some may have been missed.

        Never ends by itself: close it.
        """
        follower = _Follower()
        followers = self._followers.get(channel)
        if followers is None:
            followers = self._followers[channel] = set()
            self._changed.set()
        followers.add(follower)
        try:
            while True:
                yield await follower.take()
        finally:
            followers.discard(follower)
            if not followers and self._followers.get(channel) is followers:
                del self._followers[channel]
                self._changed.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Signals"]:
        """Followers are served until the block ends. Redis may be away at any time."""
        task = asyncio.create_task(self._listen(), name="signals")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            connection: AbstractConnection = self._cache.redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                async with asyncio.timeout(_CONNECT_DEADLINE):
                    await connection.connect()  # type: ignore[no-untyped-call]
                # In a task of its own: a group that fails leaves its task half cancelled, and then no timeout in that
                # ends as one (Python 3.11.2, which is Debian's).
                await run_until_cancelled(self._serve(connection))
            except* (RedisError, OSError, TimeoutError) as lost:
                log.warning("signals from Redis are interrupted: %r", lost.exceptions[0])
            finally:
                with suppress(Exception):  # whatever its state: it is given up
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(_PAUSE)

    async def _serve(self, connection: AbstractConnection) -> None:
        writing = asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(connection, writing))
            group.create_task(run_until_cancelled(self._ask(connection, writing)))

    async def _ask(self, connection: AbstractConnection, writing: asyncio.Lock) -> None:
        """Keep what Redis sends to what is followed here; many changes at once are one command."""
        asked: set[str] = set()
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = set(self._followers)
            for command, channels in (("UNSUBSCRIBE", asked - wanted), ("SUBSCRIBE", wanted - asked)):
                if channels:
                    async with writing:
                        await connection.send_command(command, *channels, check_health=False)
            asked = wanted

    async def _read(self, connection: AbstractConnection, writing: asyncio.Lock) -> None:
        unheard = set(self._followers)
        is_silent = False
        while True:
            reply: Any = await connection.read_response(
                disable_decoding=True, timeout=_SILENCE, disconnect_on_error=False
            )
            if reply is not None:
                is_silent = False
                kind, channel = (reply[0], reply[1].decode()) if isinstance(reply, list) else (reply, "")
                if kind == b"message":
                    self._deliver(channel, reply[2])
                elif kind == b"subscribe" and channel in unheard:
                    # Who followed it before this connection heard it may have missed something until now.
                    unheard.discard(channel)
                    self._deliver(channel, None)
                continue
            if is_silent:
                raise TimeoutError("Redis says nothing")
            is_silent = True
            async with writing:
                await connection.send_command("PING", check_health=False)

    def _deliver(self, channel: str, message: bytes | None) -> None:
        for follower in self._followers.get(channel, ()):
            follower.push(message)
