"""The connection to Redis: documents read and written with a deadline, and a breaker, so that a Redis that is away
costs requests nothing. Knows nothing of what the documents hold."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bff.settings import Settings
from bff.stores.held_connection import HeldConnection
from bff.stores.redis_breaker import Breaker, RedisAway, refuses_writes
from bff.telemetry import note_call

__all__ = ["Copy", "DocumentCache", "RedisAway", "open_redis", "read_document", "split_version"]

T = TypeVar("T")

_MOST_CONNECTIONS = 64
_AT_ONCE = 48
"""Of the connections, what one `DocumentCache` uses; the rest are for others on the same client."""

_PUT_IF_NEWER = """
local held = redis.call('GETRANGE', KEYS[1], 0, 7)
if #held < 8 or struct.unpack('>I8', held) < struct.unpack('>I8', ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  return 1
end
return 0
"""


class Copy(NamedTuple):
    """A document as it stands in Redis under its key, for `age` seconds."""

    key: str
    document: bytes
    age: int


class DocumentCache:
    """Documents by key. After a failure calls fail at once for `rest` seconds instead of waiting again.

    The deadline is far above what Redis takes: a process that is busy itself must not take its own lateness for
    Redis's, or it would go on to PostgreSQL and be busier still.

    Documents are read, and scripts run, over a `HeldConnection`. But for reads so many calls are under way at once, and
    others wait for their turn: past its connections the client fails, and past what Redis may owe the connection does,
    which would be taken for Redis's failure.
    """

    def __init__(self, redis: Redis, *, deadline: float = 1.0, rest: float = 0.5) -> None:
        self.redis = redis
        self._deadline = deadline
        self._breaker = Breaker(rest)
        self._held = HeldConnection(redis.connection_pool, self._breaker, deadline=deadline)
        self._sent = 0
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @property
    def round_trips(self) -> int:
        """How many were sent, for tests and metrics."""
        return self._sent + self._held.round_trips

    def ask(self, keys: Sequence[str]) -> "asyncio.Future[list[bytes | None]]":
        """What `HeldConnection` says of it. Awaiting it raises RedisAway."""
        return self._held.ask(keys)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """None where a key is missing. Raises RedisAway."""
        return await self.ask(keys)

    async def put(self, key: str, document: bytes, *, age: int) -> None:
        """Write over what is there; gone after `age` seconds. Raises RedisAway."""
        await self._send("SET", self.redis.set(key, document, ex=age))

    async def put_many(
        self, documents: Iterable[tuple[str, bytes, int]], *, outdated: Iterable[tuple[str, int]] = ()
    ) -> None:
        """Key, document and age each, in one round trip; `outdated` keys go after their seconds. Raises RedisAway."""
        pipeline = self.redis.pipeline(transaction=False)
        for key, document, age in documents:
            pipeline.set(key, document, ex=age)
        for key, age in outdated:
            pipeline.expire(key, age)
        await self._send("PIPELINE", pipeline.execute())

    async def put_if_newer(self, key: str, version: int, document: bytes, *, age: int) -> None:
        """Write unless the same or a later version is there; `read_version` tells them apart. Raises RedisAway."""
        await self.run_script(_PUT_IF_NEWER, [key], [version.to_bytes(8) + document, str(age)])

    async def run_script(self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes]) -> Any:
        """What a Lua script answers, in one round trip. Raises RedisAway."""
        async with self._slots:
            return await self._held.run(script, keys, arguments)

    async def put_aloud(self, key: str, document: bytes, *, age: int, channel: str) -> None:
        """`put`, and `publish` of the document, in one round trip. Raises RedisAway."""
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.set(key, document, ex=age)
        pipeline.publish(channel, document)
        await self._send("PIPELINE", pipeline.execute())

    async def publish(self, channel: str, message: bytes) -> None:
        """Give a message to whoever listens to the channel now. Raises RedisAway."""
        await self._send("PUBLISH", self.redis.publish(channel, message))

    async def forget(self, *keys: str) -> None:
        """Raises RedisAway."""
        await self._send("DEL", self.redis.delete(*keys))

    async def find_keys(self, pattern: str) -> list[str]:
        """All keys like the pattern. Walks through the whole of Redis, a little at a time: for jobs, never requests.

        Raises RedisAway.
        """
        found: set[bytes] = set()
        cursor = 0
        while True:
            cursor, names = await self._send("SCAN", self.redis.scan(cursor, match=pattern, count=2000))
            found.update(names)
            if not cursor:
                return [name.decode() for name in found]

    async def ping(self) -> None:
        """Raises RedisAway."""
        self._breaker.reset()
        await self._send("PING", self.redis.ping())

    async def close(self) -> None:
        """And the client with it."""
        await self._held.close()
        await self.redis.aclose()

    async def _send(self, name: str, command: Awaitable[T]) -> T:
        try:
            await self._slots.acquire()
        except asyncio.CancelledError:
            _discard(command)
            raise
        started = 0.0
        failure = ""
        try:
            if self._breaker.is_open:
                _discard(command)
                raise RedisAway("Redis did not answer a moment ago")
            self._sent += 1
            started = time.perf_counter()
            async with asyncio.timeout(self._deadline):
                return await command
        except (RedisError, OSError, TimeoutError) as error:
            if not refuses_writes(error):
                self._breaker.trip()
            failure = type(error).__name__
            raise RedisAway(f"Redis does not answer: {type(error).__name__}") from error
        finally:
            self._slots.release()
            if started:
                note_call("redis", name, time.perf_counter() - started, failure)


def _discard(command: Awaitable[object]) -> None:
    """It will not be sent."""
    if asyncio.iscoroutine(command):
        command.close()


def read_document(stored: bytes | None, decode: Callable[[bytes], T]) -> T | None:
    """What `decode` makes of a document; None for none, and for one that another release wrote in another form."""
    if stored is None:
        return None
    try:
        return decode(stored)
    except msgspec.MsgspecError:
        return None


def split_version(stored: bytes) -> tuple[int, bytes]:
    """What `put_if_newer` wrote, as version and document."""
    return int.from_bytes(stored[:8]), stored[8:]


def open_redis(settings: Settings) -> Redis:
    """A pool of connections; nothing is sent before the first command."""
    options: dict[str, Any] = {"socket_connect_timeout": 1.0, "max_connections": _MOST_CONNECTIONS}
    client: Redis = Redis.from_url(settings.redis_url, **options)
    return client
