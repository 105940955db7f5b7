"""What a connection waits with: lighter than asyncio's own, for there are thousands of them."""

import asyncio
from typing import Any

STALL_DEADLINE = 30.0
"""Seconds in which a reader must take something of what waits for it."""
LEAST_TAKEN = 4096
"""What counts as something, in bytes."""


class Stall:
    """Drops a connection whose reader takes nothing while something waits for it."""

    __slots__ = ("_loop", "_timer", "_transport", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = 0

    def begin(self) -> None:
        self._waiting = self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(STALL_DEADLINE, self._look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        if self._transport.get_write_buffer_size() > self._waiting - LEAST_TAKEN:
            self._transport.abort()
        else:
            self.begin()


class Inbox:
    """What uvicorn uses of an asyncio.Queue, for one reader, at a tenth of the memory of an idle one.

    While `more_comes` it never says that it is empty, at which uvicorn would have more read.
    """

    __slots__ = ("_arrived", "_messages", "more_comes")

    def __init__(self) -> None:
        self.more_comes = False
        self._messages: list[Any] = []
        self._arrived: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not (self._messages or self.more_comes)

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def get(self) -> Any:
        while not self._messages:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        self._arrived = None
        return self._messages.pop(0)


class Gate:
    """What uvicorn uses of an asyncio.Event, which is open most of the time."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._opened is None

    def set(self) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)
        self._opened = None

    def clear(self) -> None:
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        while self._opened is not None:
            await asyncio.shield(self._opened)
