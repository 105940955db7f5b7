"""Requests on connections that are about to be closed: because the process ends, or because nothing came for long."""

import asyncio
import time
from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.http_server import serve

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def greet(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def test_a_connection_without_a_request_yet_has_one_answered_and_no_more() -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(Starlette(routes=[Route("/", greet)])))
        port = int(url.rpartition(":")[2])
        new, silent, used = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        used[1].write(REQUEST)  # once it is answered the server knows those that were opened before, too
        assert (await used[0].readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        ending = asyncio.create_task(stack.aclose())
        assert await used[0].read() == b""
        new[1].write(REQUEST + REQUEST)
        answer = await new[0].read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\n\r\nhello")
        assert (answer.count(b"HTTP/1.1"), answer.lower().count(b"connection: close")) == (1, 1)
        assert await silent[0].read() == b""
        await ending
        for _, writer in (new, silent, used):
            writer.close()


async def test_a_request_that_comes_as_its_connection_is_given_up_is_answered() -> None:
    async with serve(Starlette(routes=[Route("/", greet)]), keep_alive=1) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(REQUEST)
        await reader.readuntil(b"hello")
        # In one turn of the loop: first the request is sent, then the connection has been idle for long enough.
        asyncio.get_running_loop().call_later(0.5, writer.write, REQUEST)
        time.sleep(1.5)  # noqa: ASYNC251 - holds the loop up on purpose
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        assert await reader.read() == b""  # and is given up the next time
        writer.close()
