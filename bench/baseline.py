"""What the API is held against: bare Starlette routes that send the same bytes, one after the same Redis read."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bff.stores import keys


def create_app() -> Starlette:
    """`BENCH_BYTES` names the file to send, `BENCH_PROFILE` the profile whose documents are read."""
    content = Path(os.environ["BENCH_BYTES"]).read_bytes()
    profile = os.environ["BENCH_PROFILE"]
    read = [keys.profile_state(profile), keys.device("dev_none"), keys.profile_home(profile, "US:-")]
    redis: Redis = Redis.from_url(os.environ["BFF_REDIS_URL"])

    async def send(_: Request) -> Response:
        return Response(content, media_type="application/json")

    async def read_and_send(request: Request) -> Response:
        await request.body()
        await redis.mget(read)
        return Response(content, media_type="application/json")

    async def answer(_: Request) -> Response:
        return PlainTextResponse("ok")

    @asynccontextmanager
    async def run(_: Starlette) -> AsyncIterator[None]:
        yield
        await redis.aclose()

    return Starlette(
        lifespan=run,
        routes=[
            Route("/bytes", send, methods=["POST"]),
            Route("/graphql", read_and_send, methods=["POST"]),
            Route("/healthz", answer),
        ],
    )
