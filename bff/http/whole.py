"""Takes bodies that have come whole without waiting, and sends answers that are there whole in one call of the kernel:
uvicorn wakes the reader by the head before."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from weakref import ref

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

SEND_WHOLE = "marquee.whole"
"""The extension of an ASGI scope under which `HttpProtocol` offers `send_whole` for its connection."""
TAKE_WHOLE = "marquee.body"
"""The same for `take_whole`."""
IN_PIECES = "marquee.pieces"
"""The extension under which `Finishing` offers to take a body in pieces, and their key in its message: they need not be
copied together where nothing compresses them."""
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
"""Headers that uvicorn acts by."""

SendWhole = Callable[[Message, Sequence[bytes]], bool]
TakeWhole = Callable[[], bytes | None]


def take_whole(held: ref[RequestResponseCycle]) -> bytes | None:
    """The request's body; None where it is to be received, since more of it is to come or the client has left."""
    cycle = held()
    if cycle is None or cycle.more_body or cycle.disconnected or cycle.response_complete:
        return None
    body, cycle.body = bytes(cycle.body), bytearray()
    cycle.flow.resume_reading()
    cycle.message_event.clear()  # or `receive` would tell of a body once more before it waits for the client to leave
    return body


def send_whole(held: ref[RequestResponseCycle], start: Message, pieces: Sequence[bytes]) -> bool:
    """Whether all is sent; else nothing is, and the messages of ASGI are to be sent: where the reader is slow, and
    where there is more to be looked at than a body whose length is told. Writes no access log, as `bff serve` does."""
    cycle, said = held(), dict(start["headers"])
    if (
        cycle is None
        or (cycle.response_started or cycle.disconnected or cycle.flow.write_paused)
        or (said.get(b"content-length") != b"%d" % sum(map(len, pieces)) or cycle.scope["method"] == "HEAD")
        or not _FRAMING.isdisjoint(said)
    ):
        return False
    head = [_write_line(name, value) for name, value in (*cycle.default_headers, *start["headers"])]
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    cycle.response_started = cycle.response_complete = True
    cycle.transport.writelines((b"".join((STATUS_LINE[start["status"]], *head, last)), *pieces))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


@lru_cache(maxsize=1000)
def _write_line(name: bytes, value: bytes) -> bytes:
    """Most answers carry the same. Raises RuntimeError for what would be more than one line, as uvicorn does."""
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError(f"The header {name!r} cannot be sent.")
    return b"%b: %b\r\n" % (name.lower(), value)
