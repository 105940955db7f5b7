"""Results in parts of one answer: those of subscriptions, and those of operations that defer or stream.

A part is followed by its delimiter, by which clients see that it is whole.
"""

from collections.abc import Callable

from bff.http.negotiation import MULTIPART
from bff.http.streaming import Framing


def _frame_with(boundary: bytes, wrap: bytes = b"%b") -> Callable[[bytes], bytes]:
    part = b"\r\ncontent-type: application/json\r\n\r\n" + wrap + b"\r\n--" + boundary
    return lambda result: part % result


MULTIPART_SUBSCRIPTION = Framing(
    media_type=MULTIPART,
    content_type='multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    frame=_frame_with(b"graphql", b'{"payload":%b}'),
    heartbeat=_frame_with(b"graphql")(b"{}"),
    last=b"--\r\n",
    first=b"\r\n--graphql",
)
MULTIPART_INCREMENTAL = Framing(
    media_type=MULTIPART,
    content_type='multipart/mixed; boundary="-"; incrementalSpec=v0.2',
    frame=_frame_with(b"-"),
    heartbeat=b"",
    last=b"--\r\n",
    first=b"\r\n---",
)
