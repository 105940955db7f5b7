"""Requests and messages with bytes changed, lost, added and doubled, sent and dropped at any moment, by a seed: nothing
breaks inside, and nothing of them is left."""

import asyncio
import json
import random
from collections.abc import Callable

import pytest

from tests.ws.plain import Plain, serve_plain
from tests.ws.sockets import until
from tests.ws.wire import HANDSHAKE, MULTIPART, dialled, frame, post, query, reset

pytestmark = pytest.mark.proof

ROUNDS, AT_ONCE = 100, 20
ASKED = (
    *("{hello}", "{slow(seconds: 0.05)}", "{", "{nothing}", "{large(size: 300000)}"),
    *("subscription {silent {number}}", "subscription {count(to: 3) {number}}", "subscription {endless(size: 1000)}"),
)
UPGRADE = b"Connection: upgrade\r\nUpgrade: h2c\r\n"
REQUESTS = (
    *(post(query(text), accept=accept) for text in ASKED for accept in ("*/*", "text/event-stream", MULTIPART)),
    post(query("{hello}")).replace(b"Host: a\r\n", b"Host: a\r\n" + UPGRADE),
    b"GET /graphql?query={hello} HTTP/1.1\r\nHost: a\r\nApollo-Require-Preflight: 1\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5\r\n{"que\r\n10\r\nry":"{ hello }" }\r\n0\r\nX-A: b\r\n\r\n',
    HANDSHAKE.encode(),
)
SAID = (
    *({"type": kind} for kind in ("connection_init", "connection_init", "ping", "pong")),
    *({"type": "complete", "id": name} for name in "abc"),
    *({"type": "subscribe", "id": name, "payload": {"query": text}} for name in "abc" for text in ASKED),
)
MESSAGES = tuple(json.dumps(message) for message in SAID)
FIRST_BYTES = (*[0x81] * 8, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8A)
ENDINGS: tuple[Callable[[asyncio.StreamWriter], None], ...] = (
    lambda writer: reset(writer.transport),
    lambda writer: writer.close(),
    lambda writer: writer.write_eof(),
)


def damage(body: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(body)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        place = chance.randrange(len(damaged) + 1)
        match chance.randrange(4):
            case 0:
                damaged[place : place + 1] = chance.randbytes(1)
            case 1:
                del damaged[place : place + chance.randrange(1, 10)]
            case 2:
                damaged[place:place] = chance.randbytes(chance.randrange(1, 6))
            case _:
                damaged[place:place] = damaged[place : place + chance.randrange(1, 40)]
    return bytes(damaged)


async def misbehave(plain: Plain, chance: random.Random) -> None:
    async with dialled(plain) as (reader, writer):
        pieces = [damage(chance.choice(REQUESTS), chance) for _ in range(chance.randrange(1, 6))]
        if chance.random() < 0.5:
            writer.write(HANDSHAKE.encode())
            await reader.readuntil(b"\r\n\r\n")
            frames = [frame(chance.choice(MESSAGES)) for _ in range(chance.randrange(1, 12))]
            pieces = [bytes([chance.choice(FIRST_BYTES)]) + damage(piece[1:], chance) for piece in frames]
        for piece in pieces:
            writer.write(piece)
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * 0.03)
        ending = chance.choice(ENDINGS)
        if not writer.transport.is_closing():
            ending(writer)


@pytest.mark.parametrize("seed", range(3))
async def test_damaged_wires_break_nothing_and_leave_nothing(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    async with serve_plain() as plain:
        for _ in range(ROUNDS):
            clients = [misbehave(plain, random.Random(chance.random())) for _ in range(AT_ONCE)]
            told = await asyncio.gather(*clients, return_exceptions=True)
            assert [error for error in told if error is not None and not isinstance(error, OSError)] == []
        await until(lambda: plain.is_idle)
        async with dialled(plain) as (reader, writer):
            writer.write(post(query("{hello}")))
            assert b"hello world" in await reader.readuntil(b"}}")
    assert {record.getMessage() for record in caplog.records} <= {
        "Invalid HTTP request received.",
        "socket.send() raised exception.",
    }
