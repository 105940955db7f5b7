"""Subscriptions as `multipart/mixed;subscriptionSpec=1.0`: a part for each result, and empty ones as heartbeats."""

from bff.http.negotiation import MULTIPART
from bff.http.streaming import Framing

BOUNDARY = b"graphql"


def _frame(result: bytes) -> bytes:
    return _part(b'{"payload":%b}' % result)


def _part(body: bytes) -> bytes:
    """A part with the delimiter behind it, by which clients see that it is whole."""
    return b"\r\ncontent-type: application/json\r\n\r\n%b\r\n--%b" % (body, BOUNDARY)


MULTIPART_SUBSCRIPTION = Framing(
    media_type=MULTIPART,
    content_type='multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    frame=_frame,
    heartbeat=_part(b"{}"),
    last=b"--\r\n",
    first=b"\r\n--%b" % BOUNDARY,
)
