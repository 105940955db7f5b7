"""Clients that die, in every way and on every transport: what they asked for stops, and nothing of it is left."""

import asyncio
from collections.abc import Callable

import pytest

from tests.ws.plain import Plain, started
from tests.ws.sockets import until
from tests.ws.wire import HANDSHAKE, MULTIPART, dialled, follow_by_socket, following, post, query, reset

SILENT = "subscription { silent { number } }"
ASKED = {
    "socket": follow_by_socket(SILENT),
    "event stream": post(query(SILENT), accept="text/event-stream"),
    "multipart": post(query(SILENT), accept=MULTIPART),
    "event stream, and a request behind it": post(query(SILENT), accept="text/event-stream") + post(query("{hello}")),
    "a query": post(query('{ hanging(name: "hanging") }')),
    "a query, and one behind it": post(query('{ hanging(name: "hanging") }')) + post(query("{hello}")),
    "a query as an event stream": post(query('{ hanging(name: "hanging") }'), accept="text/event-stream"),
}
ENDINGS: dict[str, Callable[[asyncio.StreamWriter], None]] = {
    "reset": lambda writer: reset(writer.transport),
    "close": lambda writer: writer.close(),
    "half close": lambda writer: writer.write_eof(),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("asked", ASKED)
async def test_nothing_is_left_of_a_client_that_dies(plain: Plain, asked: str, ending: str) -> None:
    async with dialled(plain) as (reader, writer):
        if asked == "socket":
            writer.write(HANDSHAKE.encode())
            await reader.readuntil(b"\r\n\r\n")
        writer.write(ASKED[asked])
        await until(lambda: len(started) == 1)
        ENDINGS[ending](writer)
        await until(lambda: plain.is_idle)


@pytest.mark.parametrize("asked", ["event stream", "a query"])
async def test_no_socket_opens_behind_a_request_that_is_not_answered(plain: Plain, asked: str) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(ASKED[asked])
        await until(lambda: len(started) == 1)
        writer.write(HANDSHAKE.encode())
        async with asyncio.timeout(5):
            assert b" 101 " not in await reader.read()
        await until(lambda: plain.is_idle)


async def test_nothing_is_left_of_a_program_that_is_killed(plain: Plain) -> None:
    async with following(plain.url, SILENT) as child:
        await until(lambda: (plain.connections.sockets, plain.connections.streams, plain.streams.live) == (1, 2, 3))
        child.kill()
        await until(lambda: plain.is_idle)


async def test_a_subscription_that_begins_stops_when_its_client_dies(plain: Plain) -> None:
    async with dialled(plain) as (_, writer):
        opening = 'subscription { opening(name: "slow", seconds: 600) { number } }'
        writer.write(post(query(opening), accept="text/event-stream"))
        await until(lambda: "slow" in started)
        reset(writer.transport)
        await until(lambda: plain.is_idle, 3)
