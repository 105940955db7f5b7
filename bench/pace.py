"""Load at a constant rate, whatever the answers take: what waits for a busy server waits in the figures, too."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import cast

from msgspec import Struct

from bench.stage import HOME

CONNECTIONS = 64
TICK = 0.001


class Paced(Struct, frozen=True):
    """Milliseconds from the instant at which a request was due: until its answer was there, and until it was sent.

    `due` are the instants of those in `answered`, in seconds of the machine's monotonic clock.
    """

    answered: list[float]
    sent: list[float]
    due: list[float]


async def pace(url: str, tokens: Sequence[str], *, rate: float, seconds: float) -> Paced:
    """Ask for the contract's Home so often a second. Raises RuntimeError when any answer is not 200."""
    loop = asyncio.get_running_loop()
    host, _, port = url.removeprefix("http://").partition(":")
    requests = [_write_request(host, token) for token in tokens]
    waiting: deque[tuple[float, bytes]] = deque()
    idle: list[_Connection] = []
    paced = Paced([], [], [])

    def send() -> None:
        while waiting and idle:
            due, request = waiting.popleft()
            paced.sent.append((time.perf_counter() - due) * 1000)
            idle.pop().ask(request, due)

    def finish(connection: _Connection, due: float) -> None:
        paced.answered.append((time.perf_counter() - due) * 1000)
        paced.due.append(due)
        idle.append(connection)
        send()

    for _ in range(CONNECTIONS):
        _, connection = await loop.create_connection(lambda: _Connection(finish), host, int(port))
        idle.append(connection)
    connections = tuple(idle)
    due = time.perf_counter()
    end = due + seconds
    upcoming = cycle(requests)
    while due < end or len(idle) < CONNECTIONS:
        now = time.perf_counter()
        while due <= min(now, end):
            waiting.append((due, next(upcoming)))
            due += 1 / rate
        send()
        await asyncio.sleep(TICK)
        for connection in connections:
            if connection.failure:
                raise RuntimeError(connection.failure)
    for connection in connections:
        connection.leave()
    return paced


class _Connection(asyncio.Protocol):
    """One request at a time. Answers are counted, not kept."""

    def __init__(self, on_answer: "Callable[[_Connection, float], None]") -> None:
        self.failure = ""
        self._on_answer = on_answer
        self._head = b""
        self._left = 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.failure = self.failure or f"a connection was lost: {exc}"

    def ask(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def leave(self) -> None:
        self.failure = "left"
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._left == 0:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 200 " not in head[:15]:
                self.failure = head.decode()
                return
            self._head = b""
            self._left = read_length(head) - len(rest)
        else:
            self._left -= len(data)
        if self._left == 0:
            self._on_answer(self, self._due)


def read_length(head: bytes) -> int:
    """Raises ValueError where an answer's head does not say how long it is."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.removeprefix(b"content-length:"))
    raise ValueError(head)


def _write_request(host: str, token: str) -> bytes:
    body = json.dumps({"query": HOME}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
