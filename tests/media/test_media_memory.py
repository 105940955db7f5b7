"""`/media` to many who read slowly: the process that serves them holds no file, of whichever store."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bff.auth.demo import seed_plans
from bff.domain.uploads import MIB
from bff.domain.video import Quality
from bff.settings import Settings
from bff.stores.objects import open_objects
from tests.engines import Engines
from tests.live import open_demo
from tests.media.screening import add_screened_films, begin, make_video
from tests.media.stores import over_s3
from tests.process_memory import forget_peak, read_peak
from tests.ws.test_ws_processes import Server, serving

ASSET = "ast_large"
SEGMENT = "h264-240/00001.m4s"
SIZE, READERS = 24 * MIB, 16
MOST = {"folder": 16 * MIB, "s3": 96 * MIB}
"""What all readers together may take: of S3 each has its connection there, with buffers of about 3 MiB in all."""


@pytest.mark.parametrize("kind", MOST)
async def test_many_slow_readers_take_little_memory(
    database: Engines, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings, environment = database.settings, {}
    if kind == "s3":
        settings = over_s3(settings, request.getfixturevalue("s3_endpoint"))
        environment = name_store(settings)
    content = os.urandom(MIB)
    (tmp_path / "segment").write_bytes(content * (SIZE // MIB))
    await open_objects(settings).write_file(f"media/{ASSET}/{SEGMENT}", tmp_path / "segment")
    async with open_demo(database) as demo:
        await seed_plans(demo.services.pool)
        films = await add_screened_films(demo, ["large"], make_video(ASSET, Quality.P240))
        base = await begin(await demo.make_viewer(), films["large"])
    async with serving(database, environment=environment) as server, AsyncExitStack() as stack:
        await (await stack.enter_async_context(asking(server, base))).readexactly(SIZE)
        before = forget_peak(server.process.pid)
        readers = [await stack.enter_async_context(asking(server, base)) for _ in range(READERS)]
        for _ in range(SIZE // MIB):
            for reader in readers:
                assert await reader.readexactly(MIB) == content
        taken = read_peak(server.process.pid) - before
    assert taken < MOST[kind]


def name_store(settings: Settings) -> dict[str, str]:
    """For a process of its own."""
    return {
        "BFF_OBJECT_STORE_URL": settings.object_store_url,
        "BFF_OBJECT_STORE_ENDPOINT": settings.object_store_endpoint,
        "BFF_OBJECT_STORE_REGION": settings.object_store_region,
        "BFF_OBJECT_STORE_ACCESS_KEY": settings.object_store_access_key,
        "BFF_OBJECT_STORE_SECRET_KEY": settings.object_store_secret_key,
    }


@asynccontextmanager
async def asking(server: Server, base: str) -> AsyncIterator[asyncio.StreamReader]:
    """What follows the head of the answer; the kernel takes little of it ahead."""
    address = urlsplit(server.url)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        writer.write(f"GET {base}/{SEGMENT} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        yield reader
    finally:
        writer.transport.abort()
