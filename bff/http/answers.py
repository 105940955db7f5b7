"""What goes back over HTTP: bodies in JSON, statuses by media type, headers."""

from collections.abc import Sequence
from typing import Any

import orjson
from graphql import ExecutionResult
from msgspec import Struct
from starlette.types import Message, Scope, Send

from bff.errors import DeadlineExceeded, Error, Unauthenticated
from bff.execution import write_pieces
from bff.http.errors import (
    Incident,
    InvalidOperation,
    MethodNotAllowed,
    PersistedQueryNotFound,
    RequestTimeout,
    format_error,
    format_field_errors,
    format_invalid_operation,
    retry_after,
)
from bff.http.negotiation import GRAPHQL_RESPONSE
from bff.http.whole import IN_PIECES


class Answer(Struct, frozen=True, kw_only=True):
    """One answer; `headers` beside those that every answer carries, or in their place. `pieces` make its body.
    `is_whole`: the operation ran, and nothing is missing for an error or an engine that was away."""

    status: int
    media_type: str
    pieces: Sequence[bytes]
    headers: tuple[tuple[str, str], ...] = ()
    is_whole: bool = False

    def __repr__(self) -> str:
        return f"Answer({self.status!r}, …)"

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


def answer_result(result: ExecutionResult, context: Any, media_type: str, incident: Incident) -> Answer:
    """An operation that ran: 200, with what went wrong at its place.

    The context's `locale` and `degraded` are told where it has them.
    """
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = format_field_errors(result.errors, incident)
    degraded = getattr(context, "degraded", None)
    if degraded:
        body["extensions"] = {"degraded": sorted(degraded)}
    locale = getattr(context, "locale", None)
    headers = (("content-language", locale),) if locale else ()
    return Answer(
        status=200, media_type=media_type, pieces=write_pieces(body), headers=headers, is_whole=len(body) == 1
    )


def answer_error(error: Error, media_type: str, *, bears_token: bool = False) -> Answer:
    """A request that was refused before its execution, or whose execution came to nothing in time."""
    formatted = format_error(error)
    body: dict[str, Any] = {"errors": [formatted]}
    status = error.status
    if isinstance(error, DeadlineExceeded):
        body["data"] = None
    elif status < 400 and media_type == GRAPHQL_RESPONSE and not isinstance(error, PersistedQueryNotFound):
        status = 400  # without `data` this media type knows no success
    headers = []
    wait = retry_after(error.extensions)
    if wait is not None:
        headers.append(("retry-after", wait))
    if isinstance(error, Unauthenticated):
        headers.append(("www-authenticate", 'Bearer error="invalid_token"' if bears_token else "Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", error.allow))
    if isinstance(error, RequestTimeout):
        headers.append(("connection", "close"))  # or the rest of the body could go on dripping in
    return Answer(status=status, media_type=media_type, pieces=(orjson.dumps(body),), headers=tuple(headers))


def answer_invalid_operation(error: InvalidOperation, media_type: str) -> Answer:
    """A request in good order whose operation cannot start; application/json answers 200 to it."""
    status = error.status if media_type == GRAPHQL_RESPONSE else 200
    body = orjson.dumps({"errors": format_invalid_operation(error)})
    return Answer(status=status, media_type=media_type, pieces=(body,))


async def send_answer(scope: Scope, send: Send, answer: Answer) -> None:
    """Send it as one message. Where it does not say otherwise itself, no shared cache may keep it."""
    headers = {
        "cache-control": "private, no-cache" if scope["method"] == "GET" else "no-store",
        "vary": "Accept",
        **dict(answer.headers),
    }
    if answer.status != 304:
        headers["content-type"] = f"{answer.media_type}; charset=utf-8"
        headers["content-length"] = str(sum(map(len, answer.pieces)))
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()
            ],
        }
    )
    body: Message = {"type": "http.response.body"}
    if IN_PIECES in scope.get("extensions", ()):
        body[IN_PIECES] = answer.pieces
    else:
        body["body"] = answer.body
    await send(body)
