"""Answers that are sent whole are those that uvicorn would send, byte for byte, and the connection goes on alike."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from bff.http.finishing import Finishing
from bff.http.whole import IN_PIECES, SEND_WHOLE
from tests.http_server import serve

LARGE = b'{"rows": "' + b"x" * 5_000_000 + b'"}'
HEADERS: dict[str, dict[str, str]] = {"/close": {"connection": "close"}, "/long": {"content-length": "3"}}


class InPieces(Response):
    """Sends its body in pieces where that is offered, as it always is behind `Finishing`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cut(message: Message) -> None:
            if message["type"] == "http.response.body":
                assert IN_PIECES in scope["extensions"]
                body = message.pop("body")
                message[IN_PIECES] = [body[:3], body[3:4], body[4:]]
            await send(message)

        await super().__call__(scope, receive, cut)


async def answer(request: Request) -> Response:
    path = request.url.path
    body = LARGE if path == "/large" else await request.body() or b"{}"
    kind = InPieces if path == "/pieces" else Response
    response = kind(body, 404 if path == "/gone" else 200, HEADERS.get(path), media_type="application/json")
    if path == "/forged":
        response.raw_headers.append((b"x-name", b"a\r\nset-cookie: b"))
    return response


def build_app(whole: list[bool] | None) -> Starlette:
    """What is offered to send an answer whole says in the list whether it did; without a list nothing is offered."""

    class Watching:
        def __init__(self, app: Finishing) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            send_whole = scope.get("extensions", {}).pop(SEND_WHOLE)

            def watch(*arguments: object) -> bool:
                whole.append(send_whole(*arguments))
                return whole[-1]

            if whole is not None:
                scope["extensions"][SEND_WHOLE] = watch
            await self._app(scope, receive, send)

    route = Route("/{path:path}", answer, methods=["GET", "HEAD", "POST"])
    return Starlette(routes=[route], middleware=[Middleware(Watching), Middleware(Finishing)])


def write(method: str, path: str, body: bytes = b"", version: str = "1.1") -> bytes:
    return b"%b %b HTTP/%b\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (
        *(method.encode(), path.encode(), version.encode()),
        *(len(body), body),
    )


@pytest.fixture(scope="module")
async def whole() -> list[bool]:
    return []


@pytest.fixture(scope="module")
async def urls(whole: list[bool]) -> AsyncIterator[list[str]]:
    async with serve(build_app(whole)) as url, serve(build_app(None)) as as_uvicorn:
        yield [url, as_uvicorn]


async def exchange(url: str, sent: bytes) -> bytes:
    """All that comes until the server closes the connection, as it is asked to in the end."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(sent)
        received = await reader.read()
        writer.close()
    return re.sub(rb"\r\ndate: [^\r]*", b"", received)


END = write("POST", "/end", b"end", "1.0")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (write("POST", "/", b"one") + write("POST", "/gone", b"two") + END, [True, True, True]),
        (END, [True]),
        (write("POST", "/pieces", b"one two") + END, [True, True]),
        (write("HEAD", "/") + END, [False, True]),
        (write("POST", "/close", b"one"), [False]),
        (write("POST", "/large", b"one") + END, [True, False]),
    ],
    ids=["pipelined", "HTTP/1.0", "in pieces", "HEAD", "closing", "large"],
)
async def test_the_same_is_sent(whole: list[bool], urls: list[str], sent: bytes, expected: list[bool]) -> None:
    whole.clear()
    received, by_uvicorn = [await exchange(url, sent) for url in urls]
    assert received == by_uvicorn
    assert received.count(b"HTTP/1.1 ") == len(expected)
    assert whole[0] is expected[0]
    assert len(whole) == len(expected)
    if b"/large" not in sent:  # whether its reader is slow is the kernel's to say
        assert whole == expected


@pytest.mark.parametrize("path", ["/long", "/forged"])
async def test_what_may_not_be_sent_is_not(urls: list[str], path: str) -> None:
    for url in urls:
        received = await exchange(url, write("POST", path, b"12345"))
        assert b"set-cookie" not in received
        assert b"12345" not in received
