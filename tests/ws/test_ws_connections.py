"""Connections that stall, die, drip or outlive their token: each is ended, and nothing of it is left."""

import asyncio
import gc
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest

from bff.http import protocols
from tests.ws.plain import Context, Plain, serve_plain, started
from tests.ws.sockets import Socket, open_socket, until

SILENT = "subscription { silent { number } }"
ENDLESS = "subscription { endless(size: 100000) }"
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@asynccontextmanager
async def dialled(plain: Plain) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    parts = urlsplit(plain.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def read_all(reader: asyncio.StreamReader, seconds: float = 5) -> bytes:
    async with asyncio.timeout(seconds):
        return await reader.read()


def post(body: bytes, length: int | None = None, accept: str = "application/json") -> bytes:
    size = len(body) if length is None else length
    head = f"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: {accept}\r\n"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + body


def query(text: str) -> bytes:
    return json.dumps({"query": text}).encode()


async def test_an_upgrade_by_post_is_answered(plain: Plain):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.replace("GET", "POST").encode())
        assert (await read_all(reader)).startswith(b"HTTP/1.1 400 ")


async def test_an_upgrade_without_a_key_is_answered(plain: Plain):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.replace("Sec-WebSocket-Key", "X-Key").encode())
        assert (await read_all(reader)).startswith(b"HTTP/1.1 400 ")


async def test_an_upgrade_with_a_header_too_long_is_answered(plain: Plain):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.replace("Host: a", "Host: a\r\nX-A: " + "a" * 10_000).encode())
        assert (await read_all(reader)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /gra", b"GET /graphql HTTP/1.1\r\nHost: a\r\nX-A: b\r\n"])
async def test_headers_that_do_not_come_end_the_connection(plain: Plain, monkeypatch, sent):
    monkeypatch.setattr(protocols, "HEADER_DEADLINE", 0.2)
    async with dialled(plain) as (reader, writer):
        writer.write(sent)
        answer = await read_all(reader)
        assert answer.startswith(b"HTTP/1.1 408 ") if sent.startswith(b"GET") else not answer


async def test_headers_that_drip_have_no_more_time(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "HEADER_DEADLINE", 0.3)
    async with dialled(plain) as (reader, writer):
        writer.write(b"GET /graphql HTTP/1.1\r\n")
        answer = asyncio.create_task(reader.read(100))
        while not answer.done():
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.05)
        assert answer.result().startswith(b"HTTP/1.1 408 ")


async def test_headers_of_a_later_request_have_their_own_time(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "HEADER_DEADLINE", 0.3)
    async with dialled(plain) as (reader, writer):
        writer.write(post(query("{ hello }")))
        assert b"hello world" in await reader.readuntil(b"}}")
        await asyncio.sleep(0.4)
        writer.write(post(query("{ hello }")))
        assert b"hello world" in await reader.readuntil(b"}}")
        writer.write(b"\r\nPOST /gra")
        assert (await read_all(reader)).startswith(b"HTTP/1.1 408 ")


async def test_an_answer_that_takes_long_is_not_cut_by_the_deadline_of_headers(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "HEADER_DEADLINE", 0.1)
    async with dialled(plain) as (reader, writer):
        writer.write(post(query("{ slow(seconds: 0.4) }")))
        assert b'"slow"' in await reader.readuntil(b"}}")


async def test_a_body_that_does_not_come_ends_the_connection(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "BODY_DEADLINE", 0.2)
    async with dialled(plain) as (reader, writer):
        writer.write(post(b'{"query"', length=100))
        assert (await read_all(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_socket_outlives_the_deadline_of_headers(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "HEADER_DEADLINE", 0.1)
    async with open_socket(plain.url) as one:
        await one.greet()
        await asyncio.sleep(0.3)
        assert "data" in await one.run("{ hello }")


async def test_sockets_that_die_leave_nothing(plain: Plain):
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(plain.url)) for _ in range(20)]
        for number, one in enumerate(sockets):
            await one.greet()
            await one.subscribe("a", f'subscription {{ silent(name: "a{number}") {{ number }} }}')
            await one.subscribe("b", f'{{ hanging(name: "b{number}") }}')
        await until(lambda: len(started) == 40)
        assert (plain.connections.sockets, plain.streams.live) == (20, 20)
        for one in sockets:
            abort(one)
        await until(lambda: plain.is_idle)


def abort(one: Socket) -> None:
    """Reset the connection: no close frame, no FIN."""
    raw = one.connection.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.connection.transport.abort()


async def test_closing_politely_leaves_nothing(plain: Plain):
    async with open_socket(plain.url) as one:
        await one.greet()
        await one.subscribe("a", SILENT)
        await until(lambda: "silent" in started)
        await one.connection.close()
        await until(lambda: plain.is_idle)


async def test_sockets_come_and_go_without_a_line_in_the_log(plain: Plain, caplog):
    with caplog.at_level(logging.INFO, logger="uvicorn"), caplog.at_level(logging.INFO):
        async with open_socket(plain.url) as socket:
            await socket.greet()
        await until(lambda: plain.is_idle)
    assert [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.client")] == []


async def test_a_socket_whose_reader_stalls_is_dropped_and_makes_nothing_ahead(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "STALL_DEADLINE", 0.5)
    async with dialled(plain) as (reader, writer):
        shrink(writer)
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        writer.write(frame('{"type":"connection_init"}'))
        for number in range(50):
            writer.write(frame(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": ENDLESS}})))
        await until(lambda: plain.streams.live == 50)
        made = await count_made(plain)
        assert await count_made(plain) == made
        await until(lambda: plain.is_idle)


async def count_made(plain: Plain) -> int:
    """How many contexts there were, once the connection takes no more."""
    await asyncio.sleep(0.15)
    return plain.identities.opened


async def test_a_stream_whose_reader_stalls_is_dropped(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "STALL_DEADLINE", 0.3)
    async with dialled(plain) as (_, writer):
        shrink(writer)
        writer.transport.pause_reading()
        writer.write(post(query(ENDLESS), accept="text/event-stream"))
        await until(lambda: plain.streams.live == 1)
        await until(lambda: plain.is_idle)


async def test_a_reader_that_is_slow_but_reads_is_served(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "STALL_DEADLINE", 0.2)
    async with dialled(plain) as (reader, writer):
        writer.write(post(query("{ large(size: 20000000) }")))
        size = 0
        while size < 20_000_000:
            async with asyncio.timeout(5):
                size += len(await reader.read(500_000))
            await asyncio.sleep(0.02)


def shrink(writer: asyncio.StreamWriter) -> None:
    """Let the kernel take little on the reader's behalf."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def frame(text: str) -> bytes:
    """A masked text frame."""
    body = text.encode()
    size = struct.pack("!BB", 0x81, 0x80 | len(body)) if len(body) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(body))
    return size + b"\0\0\0\0" + body


async def test_a_socket_that_answers_no_ping_is_dropped(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "PING_EVERY", 0.1)
    monkeypatch.setattr(protocols, "PONG_DEADLINE", 0.1)
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame('{"type":"connection_init"}'))
        await until(lambda: plain.connections.sockets == 1)
        await until(lambda: plain.is_idle)


async def test_a_socket_that_answers_pings_stays(plain: Plain, monkeypatch):
    monkeypatch.setattr(protocols, "PING_EVERY", 0.05)
    monkeypatch.setattr(protocols, "PONG_DEADLINE", 0.5)
    async with open_socket(plain.url) as one:
        await one.greet()
        await asyncio.sleep(0.5)
        assert "data" in await one.run("{ hello }")


async def test_a_token_that_ends_closes_its_socket_alone_within_five_seconds(plain: Plain):
    async with open_socket(plain.url) as one, open_socket(plain.url) as other:
        await one.greet(authorization="Bearer good but short")
        await other.greet(authorization="Bearer good")
        for each in (one, other):
            await each.subscribe("a", SILENT)
        await until(lambda: plain.streams.live == 2)
        plain.identities.ended.add("Bearer good but short")
        assert await one.hear_close(5) == 4403
        assert "data" in await other.run("{ hello }")


async def test_a_stop_answers_what_is_asked_and_then_closes_with_1012():
    async with serve_plain() as plain:
        async with open_socket(plain.url) as one, open_socket(plain.url) as other:
            for each in (one, other):
                await each.greet()
            await one.subscribe("slow", "{ slow(seconds: 0.5) }")
            await one.subscribe("silent", SILENT)
            await until(lambda: "silent" in started)
            plain.connections.drain()
            assert await other.hear_close(1) == 1012
            assert (await one.hear())["payload"] == {"data": {"slow": "slow"}}
            assert await one.hear() == {"id": "slow", "type": "complete"}
            assert await one.hear_close(1) == 1012
        await until(lambda: plain.is_idle)


async def test_a_subscription_that_waits_keeps_no_context(plain: Plain):
    async with open_socket(plain.url) as one:
        await one.greet()
        await one.subscribe("a", SILENT)
        await until(lambda: "silent" in started)
        gc.collect()
        assert not [held for held in gc.get_objects() if isinstance(held, Context)]
