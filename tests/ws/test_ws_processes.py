"""`bff serve` as processes: what happens in one is heard in the other, and a stop loses no answer."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from bff.stores import keys
from tests.engines import Engines
from tests.faults.external_engines import free_port
from tests.faults.processes import DEADLINE, started
from tests.ws.sockets import HOME_CHANGED, Socket, open_socket
from tests.ws.wire import following, reset

SIGN_IN = """mutation ($input: LoginInput!) {
  login(input: $input) { ... on Session { accessToken viewer { profile { id } } } }
}"""
BODY = b'{"query": "{ viewer { region } }"}'
INPUT = {"email": "standard@example.com", "password": "demo-password"}


@dataclass(frozen=True)
class Server:
    """A running `bff serve`."""

    url: str
    process: Process

    async def run(self, client: httpx.AsyncClient, query: str, authorization: str = "", **variables):
        headers = {"Authorization": authorization} if authorization else {}
        body = {"query": query, "variables": variables}
        response = await client.post(f"{self.url}/graphql", json=body, headers=headers)
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def stop(self) -> float:
        """Seconds from SIGTERM to its end."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), DEADLINE) in (0, -signal.SIGTERM)
        return time.monotonic() - begun


@asynccontextmanager
async def serving(engines: Engines, *options: str, environment: dict[str, str] | None = None) -> AsyncIterator[Server]:
    """`environment` names what is no engine."""
    port = free_port()
    environment = {**os.environ, **engines.environment, **(environment or {})}
    command = (sys.executable, "-m", "bff.cli", "serve", "--port", str(port), *options)
    async with started(*command, environment=environment) as process:
        server = Server(f"http://127.0.0.1:{port}", process)
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient(trust_env=False) as client:
            while not await is_ready(client, server.url):
                assert process.returncode is None, (await process.stderr.read()).decode()
                await asyncio.sleep(0.05)
        yield server


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def sign_in(client: httpx.AsyncClient, server: Server) -> str:
    return f"Bearer {(await server.run(client, SIGN_IN, input=INPUT))['login']['accessToken']}"


async def hear_next(socket: Socket) -> dict:
    message = await socket.hear()
    assert message["type"] == "next", message
    return message["payload"]["data"]["homeChanged"]


async def test_a_home_arranged_in_one_process_is_heard_of_in_the_others(catalogue_database: Engines):
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20, trust_env=False))
        one, other = await asyncio.gather(*(stack.enter_async_context(serving(catalogue_database)) for _ in range(2)))
        authorization = await sign_in(client, one)
        sockets = [await stack.enter_async_context(open_socket(server.url)) for server in (one, other)]
        for socket in sockets:
            await socket.greet(authorization=authorization)
            await socket.subscribe("a", HOME_CHANGED)
        heard = [asyncio.create_task(hear_next(socket)) for socket in sockets]
        while not all(task.done() for task in heard):
            await one.run(client, "mutation { arrangeHome { id } }", authorization)
        assert all(isinstance(task.result()["changedRowIds"], list) for task in heard)
        async with following(one.url, HOME_CHANGED, authorization) as program:
            await until_counted(client, one, sockets=2, streams=2, subscriptions=4)
            program.kill()
            await until_counted(client, one, sockets=1, streams=0, subscriptions=1)
        reset(sockets[0].connection.transport)
        await until_counted(client, one, sockets=0, streams=0, subscriptions=0)


async def test_a_process_holds_a_compiled_query_to_graphql_core_before_it_serves(catalogue_database: Engines):
    async with serving(catalogue_database) as server, httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(f"{server.url}/metrics")).text.splitlines()
        assert {"bff_compiling 1.0", 'bff_executions_total{by="compiled"} 2.0'} <= set(told)


async def until_counted(client: httpx.AsyncClient, server: Server, **counts: int) -> None:
    """Wait until the process says of itself that so many are connected."""
    wanted = {f"bff_{name} {count:.1f}" for name, count in counts.items()}
    async with asyncio.timeout(10):
        while not wanted <= set((await client.get(f"{server.url}/metrics")).text.splitlines()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def begin_request(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request whose body is awaited."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    headers = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nExpect: 100-continue"
    writer.write(f"POST /graphql HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    return reader, writer


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_stop_answers_what_is_asked_and_takes_less_than_ten_seconds(catalogue_database: Engines, processes):
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20, trust_env=False))
        server = await stack.enter_async_context(serving(catalogue_database, "--processes", str(processes)))
        authorization = await sign_in(client, server)
        sockets = [await stack.enter_async_context(open_socket(server.url)) for _ in range(4)]
        for socket in sockets:
            await socket.greet(authorization=authorization)
            await socket.subscribe("a", HOME_CHANGED)
        headers = {"Authorization": authorization, "Accept": "text/event-stream"}
        request = client.stream("POST", f"{server.url}/graphql", json={"query": HOME_CHANGED}, headers=headers)
        stream = await stack.enter_async_context(request)
        reader, writer = await begin_request(server)
        # Signing in hashes a password, which takes a while; the pong tells that it has begun.
        await sockets[0].subscribe("in flight", SIGN_IN, variables={"input": INPUT})
        await sockets[0].say("ping")
        heard = await sockets[0].hear()
        stopping = asyncio.create_task(server.stop())
        answer = await sockets[0].hear() if heard["type"] == "pong" else heard
        assert answer["payload"]["data"]["login"]["accessToken"]
        assert await asyncio.gather(*(socket.hear_close() for socket in sockets)) == [1012] * 4
        assert b"complete" not in await stream.aread()
        writer.write(BODY)
        assert (await reader.read()).endswith(b'{"data":{"viewer":{"region":"US"}}}')
        writer.close()
        assert await stopping < 10


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_forwarded_address_is_believed_where_the_proxy_is_named(catalogue_database: Engines, is_named: bool):
    environment = {"FORWARDED_ALLOW_IPS": "127.0.0.1"} if is_named else {}
    codes = []
    async with serving(catalogue_database, environment=environment) as server, httpx.AsyncClient(timeout=20) as client:
        for number in range(31):
            given = {"email": f"{number}@example.com", "password": "whatever it is"}
            body = {"query": SIGN_IN, "variables": {"input": given}}
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            answer = (await client.post(f"{server.url}/graphql", json=body, headers=headers)).json()
            codes += [error["extensions"]["code"] for error in answer.get("errors", [])]
    async with Redis.from_url(catalogue_database.redis_url) as redis:  # the other tests fail from here, too
        await redis.delete(keys.login_failures_of_address("127.0.0.1"))
    assert codes == ([] if is_named else ["RATE_LIMITED"])
