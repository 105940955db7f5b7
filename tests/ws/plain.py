"""A schema of no domain with sockets and streams, for the protocols alone."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Route, WebSocketRoute
from strawberry.schema.config import StrawberryConfig

from bff.errors import BadUserInput, Forbidden, Unauthenticated
from bff.http.connections import Connections
from bff.http.graphql import GraphQLEndpoint
from bff.http.subscriptions import ResultStreams
from bff.http.websocket import WebSocketEndpoint
from tests.http_server import serve

ALLOWED_ORIGIN = "https://tv.example.com"


@dataclass
class Context:
    """`number` tells the contexts of one connection apart."""

    authorization: str | None
    number: int
    degraded: set[str] = field(default_factory=set)


Info = strawberry.Info[Context, None]
started: set[str] = set()
"""What `hanging` was called with and has not been cancelled since."""


@strawberry.type
class Leaf:
    name: str

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0.05)
        return f"{self.name} later"

    @strawberry.field
    async def never(self) -> str | None:
        await asyncio.get_running_loop().create_future()
        return None

    @strawberry.field
    async def broken(self) -> str:
        raise RuntimeError("password=hunter2")


@strawberry.type
class Query:
    @strawberry.field
    def leaf(self) -> Leaf:
        return Leaf(name="a")

    @strawberry.field
    def leaves(self) -> list[Leaf]:
        return [Leaf(name=name) for name in "abc"]

    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def authorization(self, info: Info) -> str | None:
        return info.context.authorization

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "slow"

    @strawberry.field
    async def hanging(self, name: str) -> str | None:
        started.add(name)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            started.discard(name)
        return None

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def large(self, size: int) -> str:
        return "x" * size


@strawberry.type
class Mutation:
    @strawberry.mutation
    def shout(self, text: str) -> str:
        return text.upper()


@strawberry.type
class Event:
    number: int

    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    async def never(self) -> str | None:
        await asyncio.get_running_loop().create_future()
        return None


async def _count_one() -> AsyncGenerator[Event, None]:
    yield Event(number=1)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[Event, None]:
        for number in range(1, to + 1):
            yield Event(number=number)

    @strawberry.subscription
    async def silent(self, name: str = "silent") -> AsyncGenerator[Event, None]:
        started.add(name)
        try:
            await asyncio.get_running_loop().create_future()
            yield Event(number=0)
        finally:
            started.discard(name)

    @strawberry.subscription
    async def opening(self, name: str, seconds: float) -> AsyncGenerator[Event, None]:
        """Takes so long to begin."""
        started.add(name)
        try:
            await asyncio.sleep(seconds)
        finally:
            started.discard(name)
        return _count_one()

    @strawberry.subscription
    async def endless(self, size: int = 10) -> AsyncGenerator[str, None]:
        while True:
            yield "x" * size
            await asyncio.sleep(0)

    @strawberry.subscription
    async def refused(self) -> AsyncGenerator[Event, None]:
        raise Forbidden("This is for operators; ask one.")
        yield Event(number=0)

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[Event, None]:
        yield Event(number=1)
        raise RuntimeError("password=hunter2")


schema = strawberry.Schema(Query, Mutation, Subscription)
incremental_schema = strawberry.Schema(
    Query, Mutation, Subscription, config=StrawberryConfig(enable_experimental_incremental_execution=True)
)


class Identities:
    """Says who a connection is by its `Authorization`; tokens in `ended` are good no more."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.opened = 0

    def identify(self, connection: HTTPConnection) -> str | None:
        authorization = connection.headers.get("authorization")
        if authorization == "Bearer good but cursed":
            raise RuntimeError("password=hunter2")
        if authorization is not None and (authorization in self.ended or not authorization.startswith("Bearer good")):
            raise Unauthenticated("The access token is not valid: sign in with `login`.")
        if connection.headers.get("x-device-class", "TV") != "TV":
            raise BadUserInput("X-Device-Class is TV.")
        return authorization

    def open_context(self, connection: HTTPConnection) -> Context:
        self.opened += 1
        return Context(self.identify(connection), self.opened)


@dataclass(frozen=True)
class Plain:
    url: str
    connections: Connections
    streams: ResultStreams
    identities: Identities

    @property
    def is_idle(self) -> bool:
        """Whether nobody is connected and nothing runs."""
        return self.connections.sockets == self.connections.streams == self.streams.live == 0 and not started


PUBLISHED = "subscription { count(to: 1) { number } }"
PUBLISHED_ID = f"sha256:{hashlib.sha256(PUBLISHED.encode()).hexdigest()}"


async def _find_document(text_hash: str) -> str | None:
    return PUBLISHED if PUBLISHED_ID.endswith(text_hash) else None


def build_plain(
    identities: Identities, *, incremental: bool = False, deadline: float = 5.0, takes_texts: bool = True
) -> tuple[Starlette, Connections, ResultStreams]:
    connections = Connections(identities.identify)
    endpoint = GraphQLEndpoint(
        incremental_schema if incremental else schema,
        identities.open_context,
        development=True,
        connections=connections,
        deadline=deadline,
        find_document=_find_document,
        takes_texts=takes_texts,
    )
    sockets = WebSocketEndpoint(endpoint.streams, connections, identities.identify, origins=[ALLOWED_ORIGIN])
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", sockets)])
    return app, connections, endpoint.streams


@asynccontextmanager
async def serve_plain(**options: Any) -> AsyncIterator[Plain]:
    identities = Identities()
    app, connections, streams = build_plain(identities, **options)
    async with serve(app) as url:
        yield Plain(url, connections, streams, identities)
