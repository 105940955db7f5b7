"""uvicorn's protocol of sockets with what it lacks: bounded messages, a reader's pace, and a stop that lets the
application say goodbye."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from bff.http.endings import CLOSE_DEADLINE, drain, write_refusal
from bff.http.waiting import Gate, Inbox, Stall

_log = logging.getLogger("marquee.sockets")
_log.setLevel(logging.WARNING)  # uvicorn tells of every socket twice, where nothing is told of a request
_log.addFilter(lambda record: "UTF-8" not in record.getMessage())  # with a traceback, of whatever a client sends

MAX_MESSAGE_BYTES = 256 * 1024
SLICE_BYTES = 8 * 1024
"""What a socket reads at once: frames may be so small that all that the kernel holds would stop everybody else."""
PING_EVERY = 15.0
PONG_DEADLINE = 10.0
REPLY_DEADLINE = 1.0
"""Seconds for the other side to answer a close."""

_NO_HANDSHAKE = write_refusal("400 Bad Request", "This is no handshake of a WebSocket; use GET.")


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
        if not (self.handshake_complete and drain(self.app_state)):
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
