"""`bff migrate`, `bff serve --processes 2` and `bff worker` in production, each a process of its own, against engines
that somebody else runs: Debian's PostgreSQL and Redis."""

import asyncio
import json
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest

from bff.auth.demo import seed_demo_accounts
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.faults.dev_process import COMMAND, clean_environment
from tests.faults.external_engines import external_engines, free_port
from tests.faults.processes import DEADLINE, run_to_end, started
from tests.live import OPERATIONS

SENDERS = 8
TOKEN = "let me read"


@pytest.fixture
async def external(tmp_path: Path) -> AsyncIterator[Engines]:
    async with external_engines(tmp_path) as engines:
        yield engines


def production(engines: Engines) -> dict[str, str]:
    return {
        **clean_environment(),
        **engines.environment,
        "BFF_ENV": "production",
        "BFF_METRICS_TOKEN": TOKEN,
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


async def count_gates(client: httpx.AsyncClient) -> float:
    response = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    samples = [
        float(line.rsplit(" ", 1)[1])
        for line in response.text.splitlines()
        if line.startswith("bff_operations_total{") and 'operation="Gate"' in line and 'client="tv"' in line
    ]
    return sum(samples)


async def test_each_role_runs_alone_against_engines_of_somebody_else(external: Engines) -> None:
    environment = production(external)
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
            await _use(server, f"http://127.0.0.1:{port}", pool, environment)
    finally:
        await pool.close()


async def _use(server: Process, url: str, pool: asyncpg.Pool, environment: dict[str, str]) -> None:
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

        async with started(*COMMAND, "worker", environment=environment) as worker:
            await pool.execute("INSERT INTO outbox (topic, key, payload) VALUES ('profile', 'pro_gone', '{}')")
            async with asyncio.timeout(DEADLINE):
                while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 -- the worker empties it
                    await asyncio.sleep(0.02)
            await end(worker)
    for line in (await end(server)).splitlines():
        assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line


def _stay_silent(line: str) -> None:
    """Takes the reports of a long step."""
