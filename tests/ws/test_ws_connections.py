"""Connections that stall, die, drip or outlive their token: each is ended, and nothing of it is left."""

import asyncio
import gc
import json
import logging
from contextlib import AsyncExitStack

import pytest

from bff.http import protocols, socket_protocol, waiting
from tests.ws.plain import Context, Plain, serve_plain, started
from tests.ws.sockets import open_socket, until
from tests.ws.wire import HANDSHAKE, MULTIPART, dialled, frame, post, query, read_all, reset, shrink

SILENT = "subscription { silent { number } }"
ENDLESS = "subscription { endless(size: 100000) }"


async def test_an_upgrade_by_post_is_answered(plain: Plain):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.replace("GET", "POST").encode())
        assert (await read_all(reader)).startswith(b"HTTP/1.1 400 ")


async def test_no_compression_is_agreed_on_and_a_compressed_message_is_none(plain: Plain):
    async with dialled(plain) as (reader, writer):
        wish = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        writer.write(HANDSHAKE.replace("\r\n\r\n", f"\r\n{wish}").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"extensions" not in head.lower()
        compressed = frame("a bomb")
        writer.write(bytes([compressed[0] | 0x40]) + compressed[1:])
        kind, _, *code = await reader.readexactly(4)
        assert (kind, int.from_bytes(bytes(code))) == (0x88, 1002)


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
            reset(one.connection.transport)
        await until(lambda: plain.is_idle)


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
    monkeypatch.setattr(waiting, "STALL_DEADLINE", 0.5)
    async with dialled(plain) as (reader, writer):
        shrink(writer)
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        said = [{"type": "connection_init"}]
        said += [{"id": str(number), "type": "subscribe", "payload": {"query": ENDLESS}} for number in range(50)]
        writer.write(b"".join(frame(json.dumps(message)) for message in said))
        await until(lambda: plain.streams.live == 50)
        made = await count_made(plain)
        assert await count_made(plain) == made
        await until(lambda: plain.is_idle)


async def count_made(plain: Plain) -> int:
    """How many contexts there were, once the connection takes no more."""
    await asyncio.sleep(0.15)
    return plain.identities.opened


@pytest.mark.parametrize("accept", ["text/event-stream", MULTIPART])
async def test_a_stream_whose_reader_stalls_is_dropped(plain: Plain, monkeypatch, accept):
    monkeypatch.setattr(waiting, "STALL_DEADLINE", 0.3)
    async with dialled(plain) as (_, writer):
        shrink(writer)
        writer.transport.pause_reading()
        writer.write(post(query(ENDLESS), accept=accept))
        await until(lambda: plain.streams.live == 1)
        await until(lambda: plain.is_idle)


async def test_a_reader_that_is_slow_but_reads_is_served(plain: Plain, monkeypatch):
    monkeypatch.setattr(waiting, "STALL_DEADLINE", 0.2)
    async with dialled(plain) as (reader, writer):
        writer.write(post(query("{ large(size: 20000000) }")))
        size = 0
        while size < 20_000_000:
            async with asyncio.timeout(5):
                size += len(await reader.read(500_000))
            await asyncio.sleep(0.02)


async def test_a_socket_that_answers_no_ping_is_dropped(plain: Plain, monkeypatch):
    monkeypatch.setattr(socket_protocol, "PING_EVERY", 0.1)
    monkeypatch.setattr(socket_protocol, "PONG_DEADLINE", 0.1)
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame('{"type":"connection_init"}'))
        await until(lambda: plain.connections.sockets == 1)
        await until(lambda: plain.is_idle)


async def test_a_socket_that_answers_pings_stays(plain: Plain, monkeypatch):
    monkeypatch.setattr(socket_protocol, "PING_EVERY", 0.05)
    monkeypatch.setattr(socket_protocol, "PONG_DEADLINE", 0.5)
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
        assert not [held for held in gc.get_objects() if type(held) is Context]
