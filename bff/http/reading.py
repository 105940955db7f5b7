"""Takes a GraphQL request off an HTTP connection, in bounded time and size, and watches for a client that leaves."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from bff.errors import BadUserInput
from bff.http.deadlines import Alarm, find_clock
from bff.http.errors import MethodNotAllowed, RequestTimeout
from bff.http.requests import (
    MAX_BODY_BYTES,
    GraphQLRequest,
    check_content_type,
    parse_body,
    parse_query_string,
    would_be_preflighted,
)
from bff.http.whole import TAKE_WHOLE, TakeWhole

T = TypeVar("T")
BODY_DEADLINE = 10.0
"""Seconds a client has to send its body."""
_WATCH_AFTER = 0.05
"""Seconds after which an operation is worth watching for a client that leaves."""


class IndexedHeaders(dict[str, str]):
    """By lower-case name, the first of several with one: Starlette looks through all for each that is asked for."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        for name, value in reversed(raw):
            self[name.decode("latin-1")] = value.decode("latin-1")

    def getlist(self, key: str) -> list[str]:
        """Of a name in any case, since operators name headers, too."""
        key = key.lower()
        if key not in self:
            return []
        return [value.decode("latin-1") for name, value in self._raw if name.decode("latin-1") == key]


class IndexedRequest(Request):
    """A request of whose headers many are asked for."""

    headers = method = cast(Any, None)  # attributes, where Starlette works them out each time

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self.headers = IndexedHeaders(scope["headers"])
        self.method = scope["method"]


async def read_request(request: Request) -> GraphQLRequest:
    """Raises errors of `bff.errors` for what is no request, ClientDisconnect."""
    if request.method == "GET":
        parameters = parse_query_string(request.scope["query_string"])
        if parameters.query is not None and not would_be_preflighted(request.headers):
            raise BadUserInput(
                "A GET that executes a text needs the header Apollo-Require-Preflight: true, or use POST."
            )
        return parameters
    if request.method != "POST":
        raise MethodNotAllowed("Use POST, or GET for queries.", allow="GET, POST")
    check_content_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
    return parse_body(await _read_body(request))


async def _read_body(request: Request) -> bytes:
    """All of the body, or what is past the limit by one chunk: the parser refuses it."""
    take_whole: TakeWhole | None = request.scope.get("extensions", {}).get(TAKE_WHOLE)
    whole = take_whole() if take_whole is not None else None
    if whole is not None:
        return whole
    chunks = []
    size = 0
    try:
        with Alarm(asyncio.get_running_loop().time() + BODY_DEADLINE):
            has_more = True
            while has_more and size <= MAX_BODY_BYTES:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk = message.get("body", b"")
                size += len(chunk)
                chunks.append(chunk)
                has_more = message.get("more_body", False)
    except TimeoutError:
        raise RequestTimeout(f"The body did not arrive within {BODY_DEADLINE:g} s; send it again.") from None
    return b"".join(chunks)


def join_header(request: Request, name: str) -> str | None:
    """All values of a header, as one."""
    values = request.headers.getlist(name)
    return ", ".join(values) if values else None


async def until_disconnect(work: Awaitable[T], request: Request) -> T:
    """What the work gives, unless the client leaves first: then it is cancelled and ClientDisconnect raised."""
    clock = find_clock()
    watch = _Watch(request, clock.loop.time() + _WATCH_AFTER)
    clock.hang(watch)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_seen_it_leave and watch.task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        clock.take_down(watch)
        watch.end()


class _Watch:
    """Cancels the current task when the client of its request leaves; begins to look when it is `at`."""

    __slots__ = ("_looking", "_request", "at", "has_seen_it_leave", "task")

    def __init__(self, request: Request, at: float) -> None:
        self.at = at
        self.has_seen_it_leave = False
        self.task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._request = request
        self._looking: asyncio.Task[None] | None = None

    def ring(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._look())

    def end(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.has_seen_it_leave = True
        self.task.cancel()
