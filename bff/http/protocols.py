"""uvicorn's protocols with what it lacks: time-outs for headers, bodies and readers that stall, bounded messages, and a
stop that lets the application say goodbye.

An application that stays connected puts `drain`, a function without arguments, into its lifespan's state: it is called
when the server is told to stop, and what is connected then is the application's to end.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.server import ServerProtocol

_log = logging.getLogger("marquee.sockets")
_log.setLevel(logging.WARNING)  # uvicorn tells of every socket twice, where nothing is told of a request

HEADER_DEADLINE = 10.0
"""Seconds until a request's headers must be there, from its first byte or the opening of the connection."""
BODY_DEADLINE = 30.0
"""Seconds until its body must be."""
STALL_DEADLINE = 30.0
"""Seconds in which a reader must take something of what waits for it."""
LEAST_TAKEN = 4096
"""What counts as something, in bytes."""
MAX_MESSAGE_BYTES = 256 * 1024
PING_EVERY = 15.0
PONG_DEADLINE = 10.0
REPLY_DEADLINE = 1.0
"""Seconds for the other side to answer a close."""
CLOSE_DEADLINE = 5.0
"""Seconds in which a connection that is closed must take what waits for it; then it is dropped."""


def _refuse(status: str, why: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(why)}"
    return f"{head}\r\nconnection: close\r\n\r\n{why}".encode()


_REQUEST_TIMEOUT = _refuse("408 Request Timeout", "The request did not arrive whole in time; send it again.")
_NO_HANDSHAKE = _refuse("400 Bad Request", "This is no handshake of a WebSocket; use GET.")


class _Stall:
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


class _Inbox:
    """What uvicorn uses of an asyncio.Queue, for one reader, at a tenth of the memory of an idle one."""

    __slots__ = ("_arrived", "_messages")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._arrived: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._messages

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


class _Gate:
    """What uvicorn uses of an asyncio.Event, which is open most of the time."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None

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


class HttpProtocol(HttpToolsProtocol):
    """One connection of HTTP/1.1. A request that comes in one piece sets no timer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_headers = False
        self._is_in_body = False
        self._is_upgraded = False
        self._awaited: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._stall = _Stall(self.loop, transport)
        self._await("headers")

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        self._stall.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_upgraded or self.transport.is_closing():
            self._await(None)
        elif self._is_in_body:
            self._await("body")
        elif self._is_in_headers or not (self._is_answering or self.timeout_keep_alive_task):
            self._await("headers")
        else:
            self._await(None)

    def on_message_begin(self) -> None:
        self._is_in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_headers = False
        self._is_in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_body = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._is_upgraded = True
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        self._stall.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.loop.call_later(STALL_DEADLINE, self.transport.abort)  # closing waits until all was taken

    def shutdown(self) -> None:
        _drain(self.app_state)
        super().shutdown()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await(self, part: str | None) -> None:
        """Set the timer for the part that is to come; what is awaited already keeps its timer."""
        if part == self._awaited:
            return
        self._awaited = part
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if part is not None:
            seconds = BODY_DEADLINE if part == "body" else HEADER_DEADLINE
            self._timer = self.loop.call_later(seconds, self._time_out)

    def _time_out(self) -> None:
        if self._awaited == "headers":
            if self._is_answering:  # the next request is late, while the one before it is still answered
                self._awaited = None
                return
            may_answer = self._is_in_headers
        else:
            may_answer = self.cycle is None or not self.cycle.response_started
        if may_answer:
            self.transport.write(_REQUEST_TIMEOUT)
        self.transport.close()
        self.loop.call_later(CLOSE_DEADLINE, self.transport.abort)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One socket: bounded messages, no compression (its windows cost more than its messages), pings that close."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = ServerProtocol(max_size=MAX_MESSAGE_BYTES, logger=_log)
        self.logger = _log
        self.queue = _Inbox()  # type: ignore[assignment]
        self.writable = _Gate()  # type: ignore[assignment]
        self.ping_interval = PING_EVERY
        self.ping_timeout = PONG_DEADLINE
        self.close_timeout = REPLY_DEADLINE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stall = _Stall(self.loop, self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            # uvicorn would wait for ever for a handshake that has failed.
            self._refuse(b"".join(self.conn.data_to_send()) or _NO_HANDSHAKE)

    def handle_connect(self, event: Request) -> None:
        if event.method != "GET":
            self.handshake_initiated = True
            self._refuse(_NO_HANDSHAKE)
            return
        super().handle_connect(event)

    def pause_writing(self) -> None:
        self._stall.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()

    def start_keepalive(self) -> None:
        super().start_keepalive()
        del self.request, self.response  # the handshake is over; its headers are in the scope

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # closing waits until everything is sent, which nobody takes

    def shutdown(self) -> None:
        if not (self.handshake_complete and _drain(self.app_state)):
            super().shutdown()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(CLOSE_DEADLINE, self.transport.abort)

    def _refuse(self, answer: bytes) -> None:
        self.close_sent = True
        self.transport.write(answer)
        self.transport.close()
        self.loop.call_later(CLOSE_DEADLINE, self.transport.abort)


def _drain(state: dict[str, Any]) -> bool:
    """Tell the application to end what stays connected; whether it does."""
    drain: Callable[[], None] | None = state.get("drain")
    if drain is None:
        return False
    drain()
    return True
