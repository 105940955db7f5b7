"""Bare connections, for what no client would send."""

import asyncio
import json
import socket
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.ws.plain import Plain

MULTIPART = "multipart/mixed;subscriptionSpec=1.0"
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_PROGRAM = """
import socket, sys
port, *asked = sys.argv[1:]
held = []
for text in asked:
    held.append(socket.create_connection(("127.0.0.1", int(port))))
    for part in text.split():
        held[-1].sendall(bytes.fromhex(part))
        if len(text.split()) > 1:
            held[-1].recv(1000)
sys.stdin.read()
"""


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


@asynccontextmanager
async def following(url: str, subscription: str, authorization: str = "") -> AsyncIterator[Process]:
    """A program of its own that follows by a socket, an event stream and multipart, and says nothing more."""
    asked = [
        f"{HANDSHAKE.encode().hex()} {follow_by_socket(subscription, authorization).hex()}",
        post(query(subscription), accept="text/event-stream", authorization=authorization).hex(),
        post(query(subscription), accept=MULTIPART, authorization=authorization).hex(),
    ]
    command = (sys.executable, "-c", _PROGRAM, str(urlsplit(url).port), *asked)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def follow_by_socket(subscription: str, authorization: str = "") -> bytes:
    """What a socket says after its handshake."""
    payload = {"authorization": authorization} if authorization else {}
    subscribe = {"id": "a", "type": "subscribe", "payload": {"query": subscription}}
    messages = ({"type": "connection_init", "payload": payload}, subscribe)
    return b"".join(frame(json.dumps(message)) for message in messages)


def post(body: bytes, length: int | None = None, accept: str = "application/json", authorization: str = "") -> bytes:
    size = len(body) if length is None else length
    head = f"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: {accept}\r\n"
    if authorization:
        head += f"Authorization: {authorization}\r\n"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + body


def query(text: str) -> bytes:
    return json.dumps({"query": text}).encode()


def reset(transport: asyncio.WriteTransport) -> None:
    """End the connection by RST: nothing is said before."""
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def shrink(writer: asyncio.StreamWriter) -> None:
    """Let the kernel take little on the reader's behalf."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def frame(text: str) -> bytes:
    """A masked text frame."""
    body = text.encode()
    size = struct.pack("!BB", 0x81, 0x80 | len(body)) if len(body) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(body))
    return size + b"\0\0\0\0" + body
