"""uvicorn's protocol of HTTP with what it lacks: limits and time-outs for heads, bodies and readers that stall, and
requests that wish for another protocol."""

import asyncio
import fcntl
import socket
import sys
import termios
from functools import partial
from typing import Any
from weakref import ref

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bff.domain.uploads import MOST_PART
from bff.http.endings import CLOSE_DEADLINE, drain, write_refusal
from bff.http.files import SEND_FILE, send_file
from bff.http.waiting import STALL_DEADLINE, Stall
from bff.http.whole import SEND_WHOLE, TAKE_WHOLE, send_whole, take_whole

HEADER_DEADLINE = 10.0
"""Seconds until a request's headers must be there, from its first byte or the opening of the connection."""
BODY_DEADLINE = 30.0
"""Seconds until its body must be; of a part of an upload, until some more of it is."""
MAX_HEAD_BYTES = 64 * 1024
"""What a request may take beside its body: its line, its headers, and the marks of chunks."""
MAX_BODY_BYTES = 1024 * 1024
"""Where a connection ends whatever becomes of the request; endpoints refuse what is too large for them before. Parts of
uploads have a limit of their own."""
FIRST_PATIENCE = 0.5
"""Seconds that a process which ends waits for the first request of a connection: it may be on its way already."""
MAX_PIPELINED = 16
"""Requests that may wait for the answer to one before them."""

_HEAD_TOO_LARGE = write_refusal(
    "431 Request Header Fields Too Large", "The request's address and headers are too long."
)
_BODY_TOO_LARGE = write_refusal("413 Content Too Large", "The body is too large.")
_TOO_MANY = write_refusal("400 Bad Request", "So many requests may not wait on one connection; await some answers.")
_REQUEST_TIMEOUT = write_refusal("408 Request Timeout", "The request did not arrive whole in time; send it again.")
_EARLY_HANDSHAKE = write_refusal(
    "400 Bad Request", "A socket opens behind no other request; use a connection of its own."
)
_OF_UPGRADES = frozenset({b"connection", b"upgrade", b"http2-settings"})


class HttpProtocol(HttpToolsProtocol):
    """One connection of HTTP/1.1. A request that comes in one piece sets no timer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_headers = False
        self._is_in_body = False
        self._is_upgraded = False
        self._is_ending = False
        self._awaited: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head_size = self._body_size = 0
        self._most_body = MAX_BODY_BYTES
        self._received = b""
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
        self._received = data
        super().data_received(data)
        self._received = b""
        if self._head_size > MAX_HEAD_BYTES and not self._is_upgraded and not self.transport.is_closing():
            self._refuse(_HEAD_TOO_LARGE)
        if self._is_upgraded or self.transport.is_closing():
            self._await(None)
        elif self._is_in_body:
            if self._most_body > MAX_BODY_BYTES and self._is_answering:  # what is refused already has no more time
                self._await(None)
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
        is_part = self.url.startswith(b"/uploads/") and self.parser.get_method() == b"PUT"
        self._most_body = MOST_PART if is_part else MAX_BODY_BYTES
        # What came in one piece is longer than its head; only where it might be too long it is measured.
        if self._head_size > MAX_HEAD_BYTES and self._measure_head() > MAX_HEAD_BYTES:
            raise self._stop_reading(_HEAD_TOO_LARGE)
        if self._ignores_upgrade():
            return
        super().on_headers_complete()
        if self.pipeline:
            if len(self.pipeline) > MAX_PIPELINED:
                raise self._stop_reading(_TOO_MANY)
            self.flow.resume_reading()  # or nobody would see that the client has left

    def on_body(self, body: bytes) -> None:
        self._head_size -= len(body)
        self._body_size += len(body)
        if self._body_size > self._most_body:
            raise self._stop_reading(_BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._ignores_upgrade():
            return
        self._is_in_body = False
        self._head_size = self._body_size = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._refusal is None and self._may_answer():
            super().send_400_response(msg)
        else:
            self._refuse(self._refusal or b"")

    def _unsupported_upgrade_warning(self) -> None:
        """Read the request again without its wish: the parser takes what follows the headers for another protocol's,
        so that a body would be lost, or read as a request of its own."""
        upgrade = sys.exception()
        if self.parser.get_method() == b"CONNECT" or upgrade is None:
            self.send_400_response("Tunnels are not served.")
            return
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _OF_UPGRADES]
        lines += [b"connection: close"] if not self.parser.should_keep_alive() else []
        self._received = b"\r\n".join([*lines, b"", self._received[upgrade.args[0] :]])
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        HttpToolsProtocol.data_received(self, self._received)

    def handle_websocket_upgrade(self) -> None:
        if self._answered is not None and not self._answered.response_complete:
            self._refuse(_EARLY_HANDSHAKE)  # the answer would go on within the socket, and nobody would end it
            return
        self._is_upgraded = True
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        self._stall.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if _has_unread(self.transport):
            return  # the next request is there already: closed now, it would get a reset for an answer
        super().timeout_keep_alive_handler()
        self.loop.call_later(STALL_DEADLINE, self.transport.abort)  # closing waits until all was taken

    def shutdown(self) -> None:
        drain(self.app_state)
        if self._answered is None and not self._is_ending:
            self._is_ending = True
            self.loop.call_later(FIRST_PATIENCE, self.shutdown)
        else:
            super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        if self._is_ending:
            cycle.keep_alive = False
        itself = ref(cycle)  # which holds the scope: every request would leave a ring of references to be collected
        offered: Any = {TAKE_WHOLE: partial(take_whole, itself), SEND_WHOLE: partial(send_whole, itself)}
        if self.scheme == "http":  # what is encrypted passes through this process
            offered[SEND_FILE] = partial(send_file, itself)
        cycle.scope["extensions"] = offered
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _ignores_upgrade(self) -> bool:
        return self.parser.should_upgrade() and not self._should_upgrade()

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


def _has_unread(transport: asyncio.Transport) -> bool:
    held = transport.get_extra_info("socket")
    if held is None or transport.is_closing():
        return False
    size = fcntl.ioctl(held.fileno(), termios.FIONREAD, bytes(4))
    return int.from_bytes(size, sys.byteorder) > 0


def _give_up_the_dead(transport: asyncio.Transport) -> None:
    """Have the kernel end the connection when nothing that was sent is acknowledged: it would wait for a quarter of an
    hour, and a stream that says little never fills what is waited for here."""
    held = transport.get_extra_info("socket")
    if held is not None and held.family in (socket.AF_INET, socket.AF_INET6):
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALL_DEADLINE * 1000))
