"""Documents read from Redis, and scripts run in it, over one connection that is held open, many under way at once.

redis-py opens, signs in and closes the connection; what goes over it in between is done here: every request that is
signed in makes such a read, and by way of redis-py's pool it would cost three times as much.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any, cast

from hiredis import ProtocolError, Reader, ReplyError
from redis.asyncio.connection import AbstractConnection, ConnectionPool

from bff.stores.redis_breaker import Breaker, RedisAway, refuses_writes
from bff.stores.redis_round_trip import Gathered, RoundTrip, ScriptRun

_MOST_UNANSWERED = 1024
"""Round trips; more are refused, so that a Redis that stands still does not fill the memory."""

_TICKS = 10
"""A deadline has so many."""


class HeldConnection:
    """Round trips that share one connection, which the first of them opens, and the next after it was lost.

    What is not answered within `deadline` seconds fails, with all that is under way: it waits for the same Redis. The
    seconds are counted by ticks of the event loop, to a tenth: a process that was busy itself must not take its own
    lateness for Redis's. `round_trips` counts what was sent.
    """

    def __init__(self, pool: ConnectionPool, breaker: Breaker, *, deadline: float) -> None:
        self.round_trips = 0
        self._pool = pool
        self._breaker = breaker
        self._deadline = deadline
        self._gathering: Gathered | None = None
        self._unanswered: deque[RoundTrip] = deque()
        self._connection: AbstractConnection | None = None
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._ticks = 0
        self._ticker: asyncio.TimerHandle | None = None
        self._nowhere = Context()  # what is done for all is told in nobody's trace
        self._is_closed = False

    def ask(self, keys: Sequence[str]) -> "asyncio.Future[list[bytes | None]]":
        """None where a key is missing. One round trip for all who ask in the same turn of the event loop: most of what
        one costs is waking Redis. Awaiting it raises RedisAway."""
        encoded = [key.encode() for key in keys]  # what cannot be is the asker's own fault
        trip = self._gathering
        if trip is None or trip.is_full:
            trip = self._gathering = Gathered()
            asyncio.get_running_loop().call_soon(self._begin, trip, context=self._nowhere)
        return trip.add(encoded)

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes]) -> "asyncio.Future[Any]":
        """What a script answers. Awaiting it raises RedisAway; it may have run all the same, but never twice."""
        trip = ScriptRun(script, keys, arguments)
        self._begin(trip)
        return trip.answered

    async def close(self) -> None:
        """Who still waits is told that Redis is away."""
        self._is_closed = True
        self._cut_off("ConnectionClosed")
        if self._ticker is not None:
            self._ticker.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting

    def _begin(self, trip: RoundTrip) -> None:
        if self._gathering is trip:
            self._gathering = None
        if refusal := self._find_refusal():
            trip.fail(refusal, RedisAway.__name__)
            return
        trip.began = self._ticks
        self._unanswered.append(trip)
        if self._ticker is None:
            self._set_ticker()
        if self._wire is None:
            self._connect()
        else:
            self._send(trip, self._wire)

    def _find_refusal(self) -> str:
        if self._is_closed:
            return "The connection to Redis is closed"
        if self._breaker.is_open:
            return "Redis did not answer a moment ago"
        if len(self._unanswered) >= _MOST_UNANSWERED:
            return "Redis owes too many answers"
        return ""

    def _send(self, trip: RoundTrip, wire: "_Wire") -> None:
        self.round_trips += 1
        trip.times_sent += 1
        wire.send(trip.pack())

    def _connect(self) -> None:
        if self._connecting is None:
            loop = asyncio.get_running_loop()
            self._connecting = loop.create_task(self._open_wire(), context=self._nowhere)

    async def _open_wire(self) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                connection = await self._open_connection()
        except Exception as error:  # whatever it is, all who wait must learn of it
            self.give_up(type(error).__name__)
        else:
            self._wire = wire = _Wire(self, connection)
            for trip in self._unanswered:
                self._send(trip, wire)
        finally:
            self._connecting = None

    async def _open_connection(self) -> AbstractConnection:
        """Of the pool, which never gets it back but closes it with the others."""
        if self._connection is None:
            self._connection = await self._pool.get_connection()
        else:
            await self._connection.disconnect(nowait=True)
            await self._pool.ensure_connection(self._connection)
        return self._connection

    def take(self, reply: object) -> None:
        """The next in the order of what was sent."""
        if isinstance(reply, ReplyError):
            code = str(reply).partition(" ")[0]
            if self._unanswered and refuses_writes(reply):
                self._unanswered.popleft().fail(f"Redis does not write: {code}", code)
            else:
                self.give_up(code)
        elif self._unanswered and self._unanswered[0].takes(reply):
            self._unanswered.popleft().answer(reply)
        else:
            self.give_up("UnexpectedReply")

    def lose(self, wire: "_Wire") -> None:
        """What is under way is sent once more, but for scripts: the connection may have been dead for long."""
        if wire is not self._wire:
            return
        self._wire = None
        for trip in [trip for trip in self._unanswered if not trip.may_be_repeated]:
            self._unanswered.remove(trip)
            trip.fail("Redis does not answer: ConnectionError", "ConnectionError")
        if not self._unanswered:
            return
        if self._unanswered[0].times_sent > 1:
            self.give_up("ConnectionError")
        else:
            self._connect()

    def give_up(self, failure: str) -> None:
        """On this connection, and on all that is under way."""
        self._breaker.trip()
        self._cut_off(failure)

    def _cut_off(self, failure: str) -> None:
        if self._wire is not None:
            self._wire.abort()
            self._wire = None
        while self._unanswered:
            self._unanswered.popleft().fail(f"Redis does not answer: {failure}", failure)

    def _set_ticker(self) -> None:
        loop = asyncio.get_running_loop()
        self._ticker = loop.call_later(self._deadline / _TICKS, self._tick, context=self._nowhere)

    def _tick(self) -> None:
        self._ticks += 1
        self._ticker = None
        if self._unanswered and self._ticks - self._unanswered[0].began > _TICKS:
            self.give_up("TimeoutError")
        if self._unanswered:
            self._set_ticker()


class _Wire(asyncio.Protocol):
    """The bytes of a connection that redis-py has opened, from then until it is lost."""

    def __init__(self, held: HeldConnection, connection: AbstractConnection) -> None:
        self._held = held
        self._replies = Reader()
        self._transport = cast("asyncio.Transport", cast("Any", connection)._writer.transport)
        self._streams = self._transport.get_protocol()
        self._transport.set_protocol(self)
        self.send = self._transport.write
        self.abort = self._transport.abort

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        try:
            while (reply := self._replies.gets()) is not False and not self._transport.is_closing():
                self._held.take(reply)
        except ProtocolError:
            self._held.give_up(ProtocolError.__name__)

    def connection_lost(self, error: Exception | None) -> None:
        self._streams.connection_lost(error)  # redis-py waits for that when it closes the connection
        self._held.lose(self)
