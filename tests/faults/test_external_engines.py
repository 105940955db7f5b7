"""`bff migrate`, `bff serve --processes 2` and `bff worker` in production, each a process of its own, against engines
that somebody else runs: Debian's PostgreSQL and Redis."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from websockets import ConnectionClosed

from bff.auth.demo import seed_demo_accounts
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.faults.dev_process import COMMAND, clean_environment
from tests.faults.external_engines import external_engines, free_port
from tests.faults.processes import DEADLINE, command_line, run_to_end, started, wait_until
from tests.live import OPERATIONS
from tests.otlp import Receiver, receiving
from tests.ws.sockets import Socket, open_socket

SENDERS = 8
TOKEN = "let me read"


@pytest.fixture
async def external(tmp_path: Path) -> AsyncIterator[Engines]:
    async with external_engines(tmp_path) as engines:
        yield engines


def production(engines: Engines, receiver: Receiver) -> dict[str, str]:
    return {
        **clean_environment(),
        **engines.environment,
        "BFF_ENV": "production",
        "BFF_METRICS_TOKEN": TOKEN,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_SERVICE_NAME": "marquee-eu",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }


async def end(process: Process) -> str:
    """What it said until SIGTERM ended it, in good order."""
    process.send_signal(signal.SIGTERM)
    output, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0, errors.decode()
    return (output + errors).decode()


async def wait_until_ready(client: httpx.AsyncClient, process: Process) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            assert process.returncode is None, (await process.stderr.read()).decode()
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def send_gate(url: str) -> None:
    """Over a connection of its own, so that any of the processes may take it."""
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        body = {"query": OPERATIONS["account"], "operationName": "Gate"}
        answer = await client.post("/graphql", json=body, headers={"X-Client-Name": "tv"})
        assert answer.json()["data"]["viewer"]["region"] == "US"


async def read_metric(client: httpx.AsyncClient, name: str, *labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    response = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    lines = [line for line in response.text.splitlines() if line.startswith(name)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in labels))


async def count_gates(client: httpx.AsyncClient) -> float:
    return await read_metric(client, "bff_operations_total{", 'operation="Gate"', 'client="tv"')


def list_serving(server: Process) -> set[int]:
    """The processes that answer, below the one that looks after them."""
    pids = map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
    return {pid for pid in pids if "spawn_main" in command_line(pid)}


async def test_each_role_runs_alone_against_engines_of_somebody_else(external: Engines) -> None:
    async with receiving() as receiver:
        await _run_roles(external, receiver)
        assert {span.resource["service.name"] for span in receiver.spans} == {"marquee-eu"}
        names = {span.name for span in receiver.spans}
        assert {"query Gate", "graphql.execute"} <= names
        assert len({span.resource["process.pid"] for span in receiver.spans if span.name == "query Gate"}) > 1


async def _run_roles(external: Engines, receiver: Receiver) -> None:
    environment = production(external, receiver)
    port = free_port()
    serve = ("serve", "--processes", "2", "--port", str(port))
    code, said = await run_to_end(*COMMAND, *serve, environment={**clean_environment(), "BFF_ENV": "production"})
    assert code == 1
    assert "BFF_DATABASE_URL is not set" in said

    code, said = await run_to_end(*COMMAND, "migrate", environment=environment)
    assert (code, said) == (0, "")
    pool = await open_pool(external.settings)
    try:
        assert "Debian" in str(await pool.fetchval("SHOW server_version"))
        await seed_demo_accounts(pool, external.settings, today=datetime.now(UTC).date(), report=_stay_silent)
        async with started(*COMMAND, *serve, environment=environment) as server:
            await _use(server, f"http://127.0.0.1:{port}", pool, environment, receiver)
        async with started(*COMMAND, *serve, environment=environment) as server:
            await _leave_no_orphans(server, f"http://127.0.0.1:{port}")
    finally:
        await pool.close()


async def _use(server: Process, url: str, pool: asyncpg.Pool, environment: dict[str, str], receiver: Receiver) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        await wait_until_ready(client, server)
        variables = {"input": {"email": "premium@example.com", "password": "demo-password"}}
        body = {"query": OPERATIONS["account"], "operationName": "SignIn", "variables": variables}
        session = (await client.post("/graphql", json=body)).json()["data"]["login"]
        assert session["viewer"]["profile"]["name"] == "Ada"
        introspection = await client.post("/graphql", json={"query": "{__schema {types {name}}}"})
        assert "data" not in introspection.json()
        assert (await client.get("/graphql/schema.graphql")).status_code == 401

        for _ in range(5):
            await asyncio.gather(*(send_gate(url) for _ in range(SENDERS)))
        async with asyncio.timeout(DEADLINE):
            while await count_gates(client) < 5 * SENDERS:  # noqa: ASYNC110 -- the other process tells once a second
                await asyncio.sleep(0.1)
        assert await count_gates(client) == 5 * SENDERS

        await _replace_processes(server, url, client)

        async with started(*COMMAND, "worker", environment=environment) as worker:
            await pool.execute("INSERT INTO outbox (topic, key, payload) VALUES ('profile', 'pro_gone', '{}')")
            async with asyncio.timeout(DEADLINE):
                while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 -- the worker empties it
                    await asyncio.sleep(0.02)
            await wait_until(lambda: any(span.name.startswith("job ") for span in receiver.spans))
            await end(worker)
    for line in (await end(server)).splitlines():
        assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line


async def _replace_processes(server: Process, url: str, client: httpx.AsyncClient) -> None:
    """One that is killed is replaced, and no number of its stays behind; SIGHUP replaces all by turns, while others
    answer."""
    before = list_serving(server)
    assert len(before) == 2
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(url)) for _ in range(SENDERS)]
        for socket in sockets:
            await socket.greet()
        await _await_sockets(client, SENDERS)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        await wait_until(lambda: len(list_serving(server) - {victim}) == 2)
        left = [socket for socket in sockets if await _is_open(socket)]
        await _await_sockets(client, len(left))

    before = list_serving(server)
    server.send_signal(signal.SIGHUP)
    async with asyncio.timeout(DEADLINE):
        while len(list_serving(server) - before) < 2 or list_serving(server) & before:
            await send_gate(url)


async def _leave_no_orphans(server: Process, url: str) -> None:
    """They would hold the port, and nobody could end them but by hand."""
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        await wait_until_ready(client, server)
    serving = list_serving(server)
    assert len(serving) == 2
    server.kill()
    await wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in serving))


async def _await_sockets(client: httpx.AsyncClient, count: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while await read_metric(client, "bff_sockets") != count:  # noqa: ASYNC110 -- processes tell once a second
            await asyncio.sleep(0.1)


async def _is_open(socket: Socket) -> bool:
    try:
        await socket.say("ping")
        return (await socket.hear())["type"] == "pong"
    except ConnectionClosed:
        return False


def _stay_silent(line: str) -> None:
    """Takes the reports of a long step."""
