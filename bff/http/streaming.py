"""Sends results as they come over one HTTP answer, in a framing of the client's choice; ends with the client, with its
token, or with the process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import orjson
from msgspec import Struct
from starlette.requests import HTTPConnection
from starlette.types import Receive, Send

from bff.http.connections import Connections, Ending
from bff.http.subscriptions import Asked, Refused, ResultStreams

HEARTBEAT_EVERY = 15.0
"""Seconds without a result after which something is sent, so that nothing between here and there gives up."""


class Framing(Struct, frozen=True, kw_only=True):
    """How results lie in the body. `last` follows them when no more will come; a stream that breaks off lacks it."""

    media_type: str
    content_type: str
    frame: Callable[[bytes], bytes]
    heartbeat: bytes
    last: bytes
    first: bytes = b""


class StreamAnswer(Struct, frozen=True):
    """An answer whose results are to come; `goes_on` until somebody ends it, else its last one comes by a deadline."""

    framing: Framing
    results: AsyncGenerator[bytes, None]
    goes_on: bool = False


async def open_stream(streams: ResultStreams, asked: Asked, framing: Framing) -> StreamAnswer:
    """What the operation is refused for is told in the stream.

    Raises errors of `bff.errors`, to be told by a status.
    """
    try:
        return StreamAnswer(framing, await streams.open(asked), goes_on=asked.is_subscription)
    except Refused as refused:
        return StreamAnswer(framing, refuse(refused))


async def refuse(refused: Refused) -> AsyncGenerator[bytes, None]:
    """The only result of an operation that did not begin."""
    yield orjson.dumps({"errors": refused.errors})


async def send_stream(
    answer: StreamAnswer, connection: HTTPConnection, connections: Connections, receive: Receive, send: Send
) -> None:
    stream = _Stream(answer, connection, receive, send)
    with connections.holding_stream(stream):
        await stream.run()


class _Stream:
    """One answer, from its headers to its end."""

    def __init__(self, answer: StreamAnswer, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        self.connection = connection
        self._answer = answer
        self._receive = receive
        self._send = send
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, why: Ending) -> None:
        """Break off without a farewell, at which clients connect again; what has an end of its own comes to it."""
        del why
        if self._answer.goes_on:
            self._break_off()

    async def run(self) -> None:
        framing = self._answer.framing
        headers = {
            "content-type": framing.content_type,
            "cache-control": "no-store",
            "vary": "Accept",
            "x-accel-buffering": "no",  # nginx would keep events back
        }
        raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw_headers})
        await self._write(framing.first)
        leaving = asyncio.create_task(self._watch())
        try:
            async with aclosing(self._answer.results) as results:
                await self._write_results(results)
        finally:
            leaving.cancel()
        await self._send({"type": "http.response.body", "body": b""})

    async def _write_results(self, results: AsyncGenerator[bytes, None]) -> None:
        framing = self._answer.framing
        coming: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                if coming is None:
                    coming = asyncio.create_task(_take(results))
                waiting: set[asyncio.Future[Any]] = {coming, self._ended}
                await asyncio.wait(waiting, timeout=HEARTBEAT_EVERY, return_when=asyncio.FIRST_COMPLETED)
                if self._ended.done():
                    return
                if not coming.done():
                    await self._write(framing.heartbeat)
                    continue
                try:
                    result = coming.result()
                except Refused as refused:
                    await self._write(framing.frame(orjson.dumps({"errors": refused.errors})))
                    break
                finally:
                    coming = None
                if result is None:
                    break
                await self._write(framing.frame(result))
            await self._write(framing.last)
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.wait({coming})

    async def _watch(self) -> None:
        """A client that leaves ends its stream."""
        while True:
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                self._break_off()
                return

    def _break_off(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    async def _write(self, body: bytes) -> None:
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def _take(results: AsyncGenerator[bytes, None]) -> bytes | None:
    """None where there are no more."""
    return await anext(results, None)
