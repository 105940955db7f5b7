"""uvicorn's protocols with what it lacks: limits and time-outs for heads, bodies and readers that stall, bounded
messages, and a stop that lets the application say goodbye.

An application that stays connected puts `drain`, a function without arguments, into its lifespan's state: it is called
when the server is told to stop, and what is connected then is the application's to end.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from bff.http.waiting import STALL_DEADLINE, Gate, Inbox, Stall

_log = logging.getLogger("marquee.sockets")
_log.setLevel(logging.WARNING)  # uvicorn tells of every socket twice, where nothing is told of a request

HEADER_DEADLINE = 10.0
"""Seconds until a request's headers must be there, from its first byte or the opening of the connection."""
BODY_DEADLINE = 30.0
"""Seconds until its body must be."""
MAX_HEAD_BYTES = 64 * 1024
"""What a request may take beside its body: its line, its headers, and the marks of chunks."""
MAX_BODY_BYTES = 1024 * 1024
"""Where a connection ends whatever becomes of the request; endpoints refuse what is too large for them before."""
MAX_PIPELINED = 16
"""Requests that may wait for the answer to one before them."""
MAX_MESSAGE_BYTES = 256 * 1024
SLICE_BYTES = 8 * 1024
"""What a socket reads at once: frames may be so small that all that the kernel holds would stop everybody else."""
PING_EVERY = 15.0
PONG_DEADLINE = 10.0
REPLY_DEADLINE = 1.0
"""Seconds for the other side to answer a close."""
CLOSE_DEADLINE = 5.0
"""Seconds in which a connection that is closed must take what waits for it; then it is dropped."""


def _refuse(status: str, why: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(why)}"
    return f"{head}\r\nconnection: close\r\n\r\n{why}".encode()


_HEAD_TOO_LARGE = _refuse("431 Request Header Fields Too Large", "The request's address and headers are too long.")
_BODY_TOO_LARGE = _refuse("413 Content Too Large", "The body is too large.")
_TOO_MANY = _refuse("400 Bad Request", "So many requests may not wait on one connection; await some answers.")
_REQUEST_TIMEOUT = _refuse("408 Request Timeout", "The request did not arrive whole in time; send it again.")
_NO_HANDSHAKE = _refuse("400 Bad Request", "This is no handshake of a WebSocket; use GET.")


class HttpProtocol(HttpToolsProtocol):
    """One connection of HTTP/1.1. A request that comes in one piece sets no timer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_headers = False
        self._is_in_body = False
        self._is_upgraded = False
        self._awaited: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head_size = self._body_size = 0
        self._refusal: bytes | None = None
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _give_up_the_dead(transport)
        self._stall = Stall(self.loop, transport)
        self._await("headers")

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        self._stall.end()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True  # uvicorn tells the last of several requests alone
            self._answered.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_size += len(data)
        super().data_received(data)
        if self._head_size > MAX_HEAD_BYTES and not self._is_upgraded and not self.transport.is_closing():
            self._refuse(_HEAD_TOO_LARGE)
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
        # What came in one piece is longer than its head; only where it might be too long it is measured.
        if self._head_size > MAX_HEAD_BYTES and self._measure_head() > MAX_HEAD_BYTES:
            raise self._stop_reading(_HEAD_TOO_LARGE)
        super().on_headers_complete()
        if self.pipeline:
            if len(self.pipeline) > MAX_PIPELINED:
                raise self._stop_reading(_TOO_MANY)
            self.flow.resume_reading()  # or nobody would see that the client has left

    def on_body(self, body: bytes) -> None:
        self._head_size -= len(body)
        self._body_size += len(body)
        if self._body_size > MAX_BODY_BYTES:
            raise self._stop_reading(_BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._head_size = self._body_size = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._refusal is None and self._may_answer():
            super().send_400_response(msg)
        else:
            self._refuse(self._refusal or b"")

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _measure_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _stop_reading(self, refusal: bytes) -> Exception:
        """What to raise from a callback of the parser, which then asks for `send_400_response`."""
        self._refusal = refusal
        return ValueError("the request is refused")

    def _may_answer(self) -> bool:
        """Whether the next byte to be sent is the first of the answer to what is being read."""
        return self._answered is None or self._answered.response_complete or not self._answered.response_started

    def _refuse(self, answer: bytes) -> None:
        if self._may_answer():
            self.transport.write(answer)
        self.transport.close()
        self.loop.call_later(CLOSE_DEADLINE, self.transport.abort)

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
            self._refuse(_REQUEST_TIMEOUT if self._is_in_headers else b"")
        else:
            self._refuse(_REQUEST_TIMEOUT)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One socket: bounded messages, no compression (its windows cost more than its messages), pings that close."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = ServerProtocol(max_size=MAX_MESSAGE_BYTES, logger=_log)
        self.logger = _log
        self.queue: Inbox = Inbox()  # type: ignore[assignment]
        self._unread = b""
        self.writable: Gate = Gate()  # type: ignore[assignment]
        self.ping_interval = PING_EVERY
        self.ping_timeout = PONG_DEADLINE
        self.close_timeout = REPLY_DEADLINE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stall = Stall(self.loop, self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if len(data) > SLICE_BYTES and self.handshake_complete and not self.close_sent:
            self._unread = data
            self.queue.more_comes = True
            self.transport.pause_reading()
            self._read_slice()
            return
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

    def handle_cont(self, event: Frame) -> None:
        """Put the piece to those before it: empty ones would gather without end."""
        if not isinstance(self.frames[0], bytearray):
            self.frames = [bytearray(b"".join(self.frames))]  # type: ignore[list-item]
        self.frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def pause_writing(self) -> None:
        self._stall.begin()
        super().pause_writing()
        self.transport.pause_reading()  # pings are answered whether the answers are taken or not

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()
        if not (self.read_paused or self._unread):
            self.transport.resume_reading()

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

    def _read_slice(self) -> None:
        piece, self._unread = self._unread[:SLICE_BYTES], self._unread[SLICE_BYTES:]
        super().data_received(piece)
        if self._unread and not self.transport.is_closing():
            self.loop.call_soon(self._read_slice)
            return
        self._unread = b""
        self.queue.more_comes = False
        if self.queue.empty():
            self.read_paused = False
            if self.writable.is_open:
                self.transport.resume_reading()

    def _refuse(self, answer: bytes) -> None:
        self.close_sent = True
        self.transport.write(answer)
        self.transport.close()
        self.loop.call_later(CLOSE_DEADLINE, self.transport.abort)


def _give_up_the_dead(transport: asyncio.Transport) -> None:
    """Have the kernel end the connection when nothing that was sent is acknowledged: it would wait for a quarter of an
    hour, and a stream that says little never fills what is waited for here."""
    held = transport.get_extra_info("socket")
    if held is not None and held.family in (socket.AF_INET, socket.AF_INET6):
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALL_DEADLINE * 1000))


def _drain(state: dict[str, Any]) -> bool:
    """Tell the application to end what stays connected; whether it does."""
    drain: Callable[[], None] | None = state.get("drain")
    if drain is None:
        return False
    drain()
    return True
