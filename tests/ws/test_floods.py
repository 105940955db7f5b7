"""Clients that send without end, or what is no HTTP: each is told so or cut off, and little of it is ever held."""

import asyncio
import gc
import socket
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

from bff.http import protocols, socket_protocol, waiting
from tests.ws.plain import Plain
from tests.ws.sockets import until
from tests.ws.wire import HANDSHAKE, dialled, frame, post, query, shrink

POST = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n".encode()
HELLO = query("{ hello }")
ENOUGH = 32 * 1024 * 1024
"""Bytes of a flood that nobody takes to its end; the kernel holds a few million on both sides."""
PIECE = b"a" * 65536
FLOODS = {
    "headers": (b"GET /graphql HTTP/1.1\r\n", b"X-A: " + b"a" * 8000 + b"\r\n"),
    "a header": (b"GET /graphql HTTP/1.1\r\nX-A: ", PIECE),
    "a header's name": (b"GET /graphql HTTP/1.1\r\n", PIECE),
    "an address": (b"GET /graphql?query=", PIECE),
    "a body": (f"{POST}Content-Length: 1000000000\r\n\r\n".encode(), PIECE),
    "a body in chunks": (CHUNKED, b"10000\r\n" + PIECE + b"\r\n"),
    "chunks that say more than they hold": (CHUNKED, b"1;" + b"a" * 8000 + b"\r\na\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X-A: " + b"a" * 8000 + b"\r\n"),
    "requests": (post(query("{ slow(seconds: 600) }")), post(HELLO) * 100),
}
PINGS = (b"\x89\xfd" + b"\0" * 4 + b"a" * 125) * 500
EMPTY_PONG = b"\x8a\x80\0\0\0\0"
EMPTY_PIECES = b"\x00\x80\0\0\0\0" * 5000


async def pour(writer: asyncio.StreamWriter, pieces: Iterator[bytes]) -> int:
    """Send until the other side takes no more for a while, or has hung up; gives how much it took."""
    sent = 0
    for piece in pieces:
        writer.write(piece)
        sent += len(piece)
        try:
            async with asyncio.timeout(0.5):
                await writer.drain()
        except (OSError, TimeoutError):
            break
        if sent > ENOUGH:
            break
    return sent


def find_served(kind: type[Any], writer: asyncio.StreamWriter) -> Any:
    """The server's end of a connection."""
    ours = writer.get_extra_info("sockname")
    (served,) = (
        held for held in gc.get_objects() if type(held) is kind and held.transport.get_extra_info("peername") == ours
    )
    return served


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_ends_its_connection(plain: Plain, name: str) -> None:
    first, piece = FLOODS[name]
    async with dialled(plain) as (_, writer):
        writer.write(first)
        assert await pour(writer, repeat(piece)) < ENOUGH
        await until(writer.transport.is_closing)


async def test_a_socket_that_takes_no_pongs_sends_no_more_pings(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "STALL_DEADLINE", 1)
    async with dialled(plain) as (reader, writer):
        shrink(writer)
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        assert await pour(writer, repeat(PINGS)) < ENOUGH
        await until(lambda: plain.is_idle)


async def test_a_socket_that_takes_its_pongs_is_read_again(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(PINGS * 20 + frame('{"type":"connection_init"}'))
        taken = b""
        async with asyncio.timeout(10):
            while b"connection_ack" not in taken[-100:]:
                taken += await reader.read(100_000)


async def test_pieces_of_a_message_that_hold_nothing_do_not_gather(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x01\x80" + b"\0" * 4 + EMPTY_PIECES + b"\x89\x80" + b"\0" * 4)
        assert await reader.readexactly(2) == b"\x8a\x00"  # the pong: all before it was read
        served = find_served(socket_protocol.WebSocketProtocol, writer)
        assert len(served.frames) == 1
        message = frame('{"type":"connection_init"}')
        writer.write(b"\x80" + message[1:])
        assert b"connection_ack" in await reader.readuntil(b"_ack")


async def test_others_have_their_turn_while_a_socket_reads_what_came_at_once(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        served = find_served(socket_protocol.WebSocketProtocol, writer)
        writer.write(frame('{"type":"connection_init"}') + EMPTY_PONG * 10_000)
        async with asyncio.timeout(10):
            while not served._unread:  # noqa: ASYNC110 - every turn is looked at
                await asyncio.sleep(0)
        writer.write(frame('{"type":"complete","id":"a"}') * 2000 + frame('{"type":"ping"}'))
        waiting: set[int] = set()
        answer = asyncio.create_task(reader.readuntil(b"pong"))
        async with asyncio.timeout(10):
            while not answer.done():
                waiting.add(len(served.queue._messages))
                await asyncio.sleep(0)
        assert len(waiting) > 100


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /graphql HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * protocols.MAX_HEAD_BYTES + b"\r\n\r\n", b"431"),
        (b"GET /graphql?query=" + b"a" * protocols.MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"431"),
        (b"GET /graphql?query=" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (f"{POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}".encode(), b"400"),
        (f"{POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(), b"400"),
        (f"{POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n".encode(), b"400"),
        (f"{POST}Content-Length: -2\r\n\r\n{{}}".encode(), b"400"),
        (f"{POST}Content-Length : 2\r\n\r\n{{}}".encode(), b"400"),
        (f"{POST}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{{}}".encode(), b"400"),
        (CHUNKED + b"xyz\r\n", b"400"),
        (CHUNKED + b"-1\r\n", b"400"),
        (CHUNKED + b"fffffffffffffffff\r\n", b"400"),
        (CHUNKED + b"2\r\n{}garbage", b"400"),
        (b"GET /graphql HTTP/1.1\r\nHost: a\nX-\0: b\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
)
async def test_what_is_no_request_or_two_at_once_is_refused_and_the_connection_closed(
    plain: Plain, head: bytes, status: bytes
) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(head)
        assert (await reader.readline()).split()[1] == status


UPGRADES = {
    "as Java's client asks": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "to several": "Connection: keep-alive, upgrade\r\nUpgrade: h2c, foo/2\r\n",
    "in two headers": "Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: foo\r\n",
}


@pytest.mark.parametrize("body", ["whole", "late", "chunked"])
@pytest.mark.parametrize("name", UPGRADES)
async def test_an_upgrade_to_what_is_not_served_is_as_if_not_asked_for(plain: Plain, name: str, body: str) -> None:
    async with dialled(plain) as (reader, writer):
        for _ in range(2):
            head = POST + UPGRADES[name]
            if body == "chunked":
                writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(HELLO), HELLO))
            else:
                writer.write(f"{head}Content-Length: {len(HELLO)}\r\n\r\n".encode())
                if body == "late":
                    served = find_served(protocols.HttpProtocol, writer)
                    await until(lambda served=served: served._is_in_body)  # type: ignore[misc]
                writer.write(HELLO)
            async with asyncio.timeout(5):
                assert b"hello world" in await reader.readuntil(b"}}")


async def test_requests_behind_each_other_may_all_wish_for_an_upgrade(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        heads = [f"{POST}{upgrade}Content-Length: {len(HELLO)}\r\n\r\n".encode() for upgrade in UPGRADES.values()]
        writer.write(b"".join(head + HELLO for head in heads))
        for _ in heads:
            async with asyncio.timeout(5):
                assert b"hello world" in await reader.readuntil(b"}}")


async def test_a_tunnel_is_refused(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_a_body_in_chunks_is_read_like_any(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(CHUNKED)
        for byte in HELLO:
            writer.write(b"1\r\n%c\r\n" % byte)
        writer.write(b"0\r\nX-Trailer: a\r\n\r\n")
        assert b"hello world" in await reader.readuntil(b"}}")


async def test_a_body_in_chunks_that_does_not_end_ends_the_connection(
    plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "BODY_DEADLINE", 0.3)
    async with dialled(plain) as (reader, writer):
        writer.write(CHUNKED)
        answer = asyncio.create_task(reader.read(100))
        while not answer.done():
            writer.write(b"1\r\n \r\n")
            await asyncio.sleep(0.05)
        assert answer.result().startswith(b"HTTP/1.1 408 ")


async def test_a_body_too_large_for_graphql_is_told_so_in_chunks_too(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(CHUNKED + (b"10000\r\n" + PIECE + b"\r\n") * 5 + b"0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")


async def test_requests_that_wait_for_their_turn_are_all_answered(plain: Plain) -> None:
    async with dialled(plain) as (reader, writer):
        writer.write(post(HELLO) * protocols.MAX_PIPELINED)
        for _ in range(protocols.MAX_PIPELINED):
            async with asyncio.timeout(5):
                assert b"hello world" in await reader.readuntil(b"}}")


async def test_the_kernel_gives_up_a_client_that_acknowledges_nothing(plain: Plain) -> None:
    """A machine that lost its power says nothing; a stream to it would be held for a quarter of an hour."""
    async with dialled(plain) as (reader, writer):
        writer.write(post(HELLO))
        await reader.readuntil(b"}}")
        served = find_served(protocols.HttpProtocol, writer)
        raw = served.transport.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
