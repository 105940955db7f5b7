"""Which framing an operation's results take, by what the client accepts."""

from graphql import OperationType

from bff.http.multipart import MULTIPART_SUBSCRIPTION
from bff.http.negotiation import EVENT_STREAM, MULTIPART, choose_named
from bff.http.sse import SERVER_SENT_EVENTS
from bff.http.streaming import Framing

_STREAMS = (SERVER_SENT_EVENTS, MULTIPART_SUBSCRIPTION)
_NAMES: tuple[tuple[str, dict[str, str]], ...] = ((EVENT_STREAM, {}), (MULTIPART, {"subscriptionspec": "1.0"}))


def choose_stream(accept: str | None) -> Framing | None:
    """The stream that the client names and likes best, whatever else it would rather have."""
    choice = choose_named(accept, _NAMES)
    return None if choice is None else _STREAMS[choice]


def choose_framing(kind: OperationType, media_type: str | None, accept: str | None) -> Framing | None:
    """None where one answer will do.

    Only a subscription needs a stream: clients list the types of all their operations, those of single answers first.
    `media_type` is what the client likes best of all.
    """
    named = choose_stream(accept) if kind is OperationType.SUBSCRIPTION else None
    return named or (SERVER_SENT_EVENTS if media_type == EVENT_STREAM else None)
