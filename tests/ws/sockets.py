"""A client of `graphql-transport-ws` that says exactly what a test tells it, and the served app that it talks to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import websockets
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from bff.http.connections import Connections
from bff.http.subscriptions import ResultStreams
from tests.live import Client, Demo

HOME_CHANGED = "subscription { homeChanged { changedRowIds } }"
ARRANGE = "mutation ($order: [ID!]) { arrangeHome(order: $order) { rows(first: 40) { edges { node { id } } } } }"
ROWS = "{ home { rows(first: 40) { edges { node { id } } } } }"


@dataclass(frozen=True)
class Live:
    """The real app, its counts, and the demo that it shares engines with."""

    url: str
    app: Starlette
    demo: Demo

    @property
    def connections(self) -> Connections:
        connections: Connections = self.app.state.connections
        return connections

    @property
    def streams(self) -> ResultStreams:
        streams: ResultStreams = self.app.state.streams
        return streams

    @property
    def is_idle(self) -> bool:
        """Whether nobody is connected and nothing is followed."""
        return self.connections.sockets == self.connections.streams == self.streams.live == 0 and self.followers == 0

    @property
    def followers(self) -> int:
        """Subscriptions that follow some channel; the process itself follows the catalogue's."""
        return self.demo.services.signals.followers - 1

    async def make_viewer(self) -> Client:
        return await self.demo.make_viewer()

    @asynccontextmanager
    async def connect(self, **options: Any) -> AsyncIterator["Socket"]:
        """An open socket that has said nothing yet."""
        async with open_socket(self.url, **options) as socket:
            yield socket

    @asynccontextmanager
    async def sign_in(self, viewer: Client, **options: Any) -> AsyncIterator["Socket"]:
        """A socket that was acknowledged."""
        async with self.connect(**options) as socket:
            await socket.greet(authorization=viewer.headers["Authorization"])
            yield socket


@dataclass(frozen=True)
class Socket:
    connection: ClientConnection

    async def say(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def hear(self) -> dict[str, Any]:
        """The next message; fails when the server closes."""
        async with asyncio.timeout(10):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def greet(self, **payload: Any) -> None:
        await self.say("connection_init", payload=payload)
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, identifier: str, query: str, **payload: Any) -> None:
        await self.say("subscribe", id=identifier, payload={"query": query, **payload})

    async def run(self, query: str, identifier: str = "run", **payload: Any) -> dict[str, Any]:
        """The result of a query or mutation."""
        await self.subscribe(identifier, query, **payload)
        result = await self.hear()
        assert (result["id"], result["type"]) == (identifier, "next"), result
        assert await self.hear() == {"id": identifier, "type": "complete"}
        answer: dict[str, Any] = result["payload"]
        return answer

    async def hear_close(self, seconds: float = 10) -> int:
        """The code that the server closes with, after whatever it says before."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.connection.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006


@asynccontextmanager
async def open_socket(
    url: str, *, subprotocols: tuple[str, ...] = ("graphql-transport-ws",), headers: Mapping[str, str] | None = None
) -> AsyncIterator[Socket]:
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with connect(
        address,
        subprotocols=[websockets.Subprotocol(name) for name in subprotocols] or None,
        additional_headers=dict(headers or {}),
        compression=None,
        proxy=None,
        max_size=None,
        close_timeout=1,
    ) as connection:
        yield Socket(connection)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what must come true; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def list_rows(viewer: Client) -> list[str]:
    """The ids of a profile's rows, in their order."""
    home = (await viewer.fetch(ROWS))["home"]
    return [edge["node"]["id"] for edge in home["rows"]["edges"]]
