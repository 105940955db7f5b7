"""Refreshing at the same time, by clients of their own and at two processes: one successor; reuse ends it in both."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.engines import Engines
from tests.ws.sockets import HOME_CHANGED, open_socket
from tests.ws.test_ws_processes import INPUT, Server, serving

LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { ... on Session { accessToken refreshToken } } }"
REFRESH = """mutation ($token: String!) { refreshToken(refreshToken: $token) {
  __typename ... on Session { accessToken refreshToken } } }"""
LIMIT = 5
"""Seconds within which what was stolen must be good for nothing."""


async def refresh(server: Server, token: str) -> dict:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await server.run(client, REFRESH, token=token))["refreshToken"]


async def status_of(server: Server, authorization: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(
            f"{server.url}/graphql",
            json={"query": "{ viewer { region } }"},
            headers={"Authorization": authorization},
        )
        return answer.status_code


@pytest.fixture
async def servers(catalogue_database: Engines):
    async with AsyncExitStack() as stack:
        yield await asyncio.gather(*(stack.enter_async_context(serving(catalogue_database)) for _ in range(2)))


async def test_twenty_refreshes_yield_one_successor_and_reuse_ends_it_everywhere(servers: list[Server]):
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        session = (await servers[0].run(client, LOGIN, input=INPUT))["login"]
    answers = await asyncio.gather(*(refresh(servers[n % 2], session["refreshToken"]) for n in range(20)))
    assert {answer["__typename"] for answer in answers} == {"Session"}
    assert len({answer["refreshToken"] for answer in answers}) == 1
    assert len({answer["accessToken"] for answer in answers}) == 20
    authorization = f"Bearer {answers[0]['accessToken']}"
    assert [await status_of(server, authorization) for server in servers] == [200, 200]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(server.url)) for server in servers]
        for socket in sockets:
            await socket.greet(authorization=authorization)
            await socket.subscribe("a", HOME_CHANGED)
        onwards = await refresh(servers[1], answers[0]["refreshToken"])
        assert onwards["__typename"] == "Session"
        assert (await refresh(servers[0], session["refreshToken"]))["__typename"] == "InvalidCredentials"
        begun = time.monotonic()
        codes = await asyncio.gather(*(socket.hear_close(LIMIT) for socket in sockets))
        assert codes == [4403, 4403]
        for token in (session["accessToken"], answers[3]["accessToken"], onwards["accessToken"]):
            assert [await status_of(server, f"Bearer {token}") for server in servers] == [401, 401]
        assert time.monotonic() - begun < LIMIT
    assert (await refresh(servers[1], onwards["refreshToken"]))["__typename"] == "InvalidCredentials"
