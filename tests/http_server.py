"""Serves an ASGI app on a free loopback port, by a real uvicorn in the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

from bff.http.protocols import HttpProtocol
from bff.http.socket_protocol import WebSocketProtocol


@asynccontextmanager
async def serve(app: ASGIApp, *, keep_alive: int = 75) -> AsyncIterator[str]:
    """Yield the base URL (`http://127.0.0.1:port`) while the app is served; its lifespan is not run.

    A connection on which nothing comes for `keep_alive` seconds is closed; by then clients have given theirs up.
    """
    # With the protocol named asyncio sets TCP_NODELAY; without it every answer takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=keep_alive,
    )
    server = uvicorn.Server(config)
    # `serve` would take the test run's signal handlers.
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


@asynccontextmanager
async def serve_to_client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client whose base URL is the served app's; its requests fail after 20 s."""
    async with serve(app) as url, httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        yield client
