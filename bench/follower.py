"""A client of `graphql-transport-ws` that costs next to nothing, so that a thousand of them fit beside a server."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_NO_MASK = b"\0\0\0\0"
"""Clients have to mask what they send; this one leaves it as it is."""


class Follower(asyncio.Protocol):
    """Follows one subscription. `on_event` gets the data of every event; `failure` says why there are no more."""

    def __init__(self, url: str, token: str, query: str, on_event: Callable[[dict[str, Any]], None]) -> None:
        self.is_acknowledged = False
        self.failure = ""
        self._host = urlsplit(url).netloc
        self._greeting = _write({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        self._subscribe = _write({"id": "1", "type": "subscribe", "payload": {"query": query}})
        self._on_event = on_event
        self._is_open = False
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._is_open:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                self._fail(head.decode())
                return
            self._is_open = True
            self._unread = rest
            self.transport.write(self._greeting)
        while (frame := self._take_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    def leave(self) -> None:
        """Without a word, as when a network goes."""
        self.failure = "left"
        self.transport.abort()

    def _fail(self, why: str) -> None:
        self.failure = self.failure or why

    def _take_frame(self) -> tuple[int, bytes] | None:
        """The next whole frame's opcode and payload; no server masks what it sends."""
        unread = self._unread
        if len(unread) < 2:
            return None
        start, size = 2, unread[1]
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(unread[2:start])
        if len(unread) < start + size:
            return None
        self._unread = unread[start + size :]
        return unread[0] & 15, unread[start : start + size]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self.transport.write(_frame(_PONG, payload))
        elif opcode == _CLOSE:
            self._fail(f"closed: {payload[2:].decode()}")
        elif opcode == _TEXT:
            message = orjson.loads(payload)
            match message["type"]:
                case "connection_ack":
                    self.is_acknowledged = True
                    self.transport.write(self._subscribe)
                case "next":
                    self._on_event(message["payload"]["data"])
                case kind:
                    self._fail(f"{kind}: {payload.decode()}")


def _write(message: dict[str, Any]) -> bytes:
    return _frame(_TEXT, json.dumps(message).encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((128 | opcode, 128 | size)) if size < 126 else bytes((128 | opcode, 254)) + size.to_bytes(2)
    return head + _NO_MASK + payload
