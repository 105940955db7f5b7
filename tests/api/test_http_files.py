"""Files that the kernel sends: whole to whoever reads slowly, in turn, and never beyond a client that has left."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import uvloop
from obstore.store import LocalStore
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import bff.http.files
from bff.http.files import FilePart
from bff.http.media import serve_object
from bff.stores.objects import Objects
from tests.http_server import serve, serve_to_client

CONTENT = random.Random(1).randbytes(9_000_001)
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

Visit = Callable[[int], Awaitable[None]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "film.mp4"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest, file: Path) -> Callable[[Visit], Awaitable[None]]:
    """Visits a server of the file, by its port, in a loop of this kind, which runs in a thread of its own."""

    def answer(asked: Request) -> Response:
        start, end = int(asked.query_params.get("start", 0)), int(asked.query_params.get("end", len(CONTENT)))
        length = {"Content-Length": str(end - start)}
        return FilePart(file, start, end, status_code=200, media_type="video/mp4", headers=length)

    app = Starlette(routes=[Route("/film", answer), Route("/word", lambda _: PlainTextResponse("word"))])

    async def visit_served(visit: Visit) -> None:
        async with serve(app) as url:
            await visit(int(url.rpartition(":")[2]))

    def run_in_loop(visit: Visit) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(visit_served(visit))

    return lambda visit: asyncio.to_thread(run_in_loop, visit)


def count_open(file: Path) -> int:
    """Descriptors of this process that are the file's."""
    count = 0
    for held in Path("/proc/self/fd").iterdir():
        try:
            count += held.readlink() == file
        except FileNotFoundError:
            continue
    return count


async def await_open(file: Path, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if count_open(file) == count:
                return
            await asyncio.sleep(0.01)


async def ask(port: int, path: str, *more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Requests behind one another on one connection that takes little at a time."""
    taker = socket.socket()
    taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    taker.setblocking(False)
    await asyncio.get_running_loop().sock_connect(taker, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=taker, limit=8192)
    writer.write(b"".join(f"GET {each} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for each in (path, *more)))
    return reader, writer


async def test_whoever_reads_slowly_gets_every_byte_and_the_next_answer(
    run: Callable[[Visit], Awaitable[None]], file: Path
) -> None:
    async def visit(port: int) -> None:
        reader, writer = await ask(port, "/film", "/word", "/film?start=5&end=1000005")
        assert b"content-length: 9000001\r\n" in (await reader.readuntil(b"\r\n\r\n")).lower()
        assert await reader.readexactly(len(CONTENT)) == CONTENT
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(4) == b"word"
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(1_000_000) == CONTENT[5:1_000_005]
        writer.close()

    await run(visit)
    assert count_open(file) == 0


async def test_others_are_served_meanwhile_and_who_leaves_holds_nothing(
    run: Callable[[Visit], Awaitable[None]], file: Path
) -> None:
    async def visit(port: int) -> None:
        reader, writer = await ask(port, "/film")
        await reader.readexactly(100)
        assert count_open(file) == 1
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert (await client.get("/film?end=700000")).content == CONTENT[:700_000]
            assert (await client.get("/film?start=3&end=3")).content == b""
        writer.transport.abort()
        await await_open(file, 0)

    await run(visit)


async def test_who_takes_nothing_is_dropped(
    run: Callable[[Visit], Awaitable[None]], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bff.http.files, "STALL_DEADLINE", 0.2)

    async def visit(port: int) -> None:
        reader, writer = await ask(port, "/film")
        await await_open(file, 1)
        await await_open(file, 0)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(CONTENT))
        writer.close()

    await run(visit)


async def test_a_server_that_sends_no_files_is_given_the_bytes(file: Path) -> None:
    part = FilePart(file, 7, 1_200_007, status_code=206, media_type="video/mp4", headers={"Content-Length": "1200000"})
    body = bytearray()

    async def send(message: dict[str, object]) -> None:
        content = message.get("body", b"")
        assert isinstance(content, bytes)
        body.extend(content)

    await part({"type": "http"}, None, send)  # type: ignore[arg-type]
    assert bytes(body) == CONTENT[7:1_200_007]


async def test_a_store_elsewhere_is_streamed_by_pieces(file: Path) -> None:
    async def answer(request: Request) -> Response:
        return await serve_object(request, Objects(LocalStore(file.parent)), file.name)

    async with serve_to_client(Starlette(routes=[Route("/film", answer)])) as client:
        assert (await client.get("/film")).content == CONTENT
        assert (await client.get("/film", headers={"Range": "bytes=5-1200004"})).content == CONTENT[5:1_200_005]
