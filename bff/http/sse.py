"""GraphQL over server-sent events, the mode of distinct connections: an answer for each operation."""

from bff.http.negotiation import EVENT_STREAM
from bff.http.streaming import Framing


def _frame(result: bytes) -> bytes:
    """Lines end with LF alone: not every client reads CRLF. JSON holds no line break of its own."""
    return b"event: next\ndata: %b\n\n" % result


SERVER_SENT_EVENTS = Framing(
    media_type=EVENT_STREAM,
    content_type="text/event-stream; charset=utf-8",
    frame=_frame,
    heartbeat=b":\n\n",
    last=b"event: complete\ndata: \n\n",  # EventSource passes over events without data
    first=b":\n\n",
)
