"""Which framing an operation's results take, by what the client accepts."""

from graphql import OperationType

from bff.http.multipart import MULTIPART_INCREMENTAL, MULTIPART_SUBSCRIPTION
from bff.http.negotiation import EVENT_STREAM, MULTIPART, choose_named, find_quality
from bff.http.sse import SERVER_SENT_EVENTS
from bff.http.streaming import Framing

_STREAMS = (SERVER_SENT_EVENTS, MULTIPART_SUBSCRIPTION)
_NAMES: tuple[tuple[str, dict[str, str | None]], ...] = (
    (EVENT_STREAM, {}),
    (MULTIPART, {"subscriptionspec": "1.0"}),
)
_IN_PARTS: tuple[tuple[str, dict[str, str | None]], ...] = (
    (MULTIPART, {"incrementalspec": "v0.2"}),
    (MULTIPART, {"incrementalspec": None, "deferspec": None, "subscriptionspec": None}),
)


def choose_stream(accept: str | None) -> Framing | None:
    """The stream that the client names and likes best, whatever else it would rather have."""
    choice = choose_named(accept, _NAMES)
    return None if choice is None else _STREAMS[choice.place]


def choose_framing(kind: OperationType, media_type: str | None, accept: str | None) -> Framing | None:
    """None where one answer will do.

    Only a subscription needs a stream: clients list the types of all their operations, those of single answers first.
    `media_type` is what the client likes best of all.
    """
    named = choose_stream(accept) if kind is OperationType.SUBSCRIPTION else None
    return named or (SERVER_SENT_EVENTS if media_type == EVENT_STREAM else None)


def choose_parts(accept: str | None, media_type: str | None) -> Framing | None:
    """The framing of an operation that defers or streams; None where the client takes its answer only whole, or would
    rather: the quality of `media_type`, which it likes best of all, decides. Between equals parts do, since clients
    list the types of single answers first.

    A client that says no version of the format reads this one: it knows parts by what they hold.
    """
    parts = choose_named(accept, _IN_PARTS)
    would_rather = media_type is not None and parts is not None and find_quality(accept, media_type) > parts.quality
    return None if parts is None or would_rather else MULTIPART_INCREMENTAL
