"""What follows for as long as it likes ends with the sign-in, wherever it is connected and whatever ended it."""

import asyncio

import httpx
import pytest

from bff.stores.ended_sign_ins import end_sign_ins
from tests.live import Client
from tests.ws.sockets import HOME_CHANGED, Live, until

LIMIT = 5
"""Seconds within which everything must have ended."""


async def end_from_elsewhere(live: Live, viewer: Client) -> None:
    """As another process does: nothing tells this one."""
    async with live.demo.services.pool.acquire() as connection, connection.transaction():
        await end_sign_ins(connection, str(viewer.account_id), live.demo.clock())


async def test_sockets_and_requests_of_an_ended_sign_in_end_in_time(live: Live):
    viewer, other = await live.make_viewer(), await live.make_viewer()
    async with live.sign_in(viewer) as following, live.sign_in(viewer) as idle, live.sign_in(other) as stranger:
        for socket in (following, stranger):
            await socket.subscribe("a", HOME_CHANGED)
        await until(lambda: live.streams.live == 2)
        await end_from_elsewhere(live, viewer)
        async with asyncio.timeout(LIMIT):
            assert await following.hear_close(LIMIT) == 4403
            assert await idle.hear_close(LIMIT) == 4403
            while (await viewer.run("{ viewer { region } }")).response.status_code != 401:
                pass
        await stranger.say("ping")
        assert await stranger.hear() == {"type": "pong"}
    async with live.connect() as socket:
        await socket.say("connection_init", payload={"authorization": viewer.headers["Authorization"]})
        assert await socket.hear_close() == 4403


async def test_event_streams_of_an_ended_sign_in_break_off_in_time(live: Live):
    viewer = await live.make_viewer()
    headers = {**viewer.headers, "Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
        client.stream("POST", f"{live.url}/graphql", json={"query": HOME_CHANGED}, headers=headers) as stream,
    ):
        await until(lambda: live.streams.live == 1)
        await end_from_elsewhere(live, viewer)
        async with asyncio.timeout(LIMIT):
            assert b"complete" not in await stream.aread()


@pytest.mark.parametrize("operation", ["query", "subscription"])
async def test_an_open_socket_begins_nothing_for_an_ended_sign_in(live: Live, operation: str):
    viewer = await live.make_viewer()
    async with live.sign_in(viewer) as socket:
        await viewer.fetch("mutation { logout }")
        await socket.subscribe("a", HOME_CHANGED if operation == "subscription" else "{ viewer { region } }")
        error = await socket.hear()
        assert error["type"] == "error"
        assert error["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await socket.hear_close(LIMIT) == 4403
