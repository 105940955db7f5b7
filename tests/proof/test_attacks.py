"""The known attacks against a server of its own, one process, in production: how long each is answered after, and how
long another client waits meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.api.test_limits_attacks import ACCEPT, COSTS_OF, SHAPES, TEXTS
from tests.engines import Engines
from tests.faults.dev_process import COMMAND, clean_environment
from tests.faults.external_engines import free_port
from tests.faults.processes import DEADLINE, started
from tests.live import OPERATIONS

pytestmark = pytest.mark.proof

MOST_STALL = 0.1
MOST_ANSWER = 0.25
REPEATS = 5
DEADLINE_OF_OPERATIONS = 5.0

SIMILAR = "similar(first: 75) {edges {node {id name synopsis artwork {url} genres {name}}}}"
ALLOWED = {
    "a page of cards": ("{browse(first: 75) {edges {node {id name synopsis artwork {url} genres {name}}}}}", {}),
    "ten pages of similar titles": (f"{{browse(first: 10) {{edges {{node {{{SIMILAR}}}}}}}}}", {}),
    "as many similar titles as a visitor is served": (
        "{browse(first: 75) {edges {node {similar(first: 30) "
        "{edges {node {id name synopsis artwork {url} genres {name}}}}}}}}",
        {},
    ),
    "all genres with titles": ("{genres {titles(first: 75) {edges {node {id name synopsis artwork {url}}}}}}", {}),
    "every episode": (
        "{browse(first: 20) {edges {node {... on Series {seasons {episodes(first: 25) "
        "{edges {node {id name synopsis}}}}}}}}}",
        {},
    ),
    "a search": (OPERATIONS["search"], {"query": "love", "first": 75}),
}


@pytest.fixture(scope="module")
async def server(catalogue_database: Engines) -> AsyncIterator[str]:
    port = free_port()
    environment = {**clean_environment(), **catalogue_database.environment, "BFF_ENV": "production"}
    environment |= {"BFF_ADDRESS_RATE": "0", "BFF_ACCOUNT_RATE": "0"}
    async with started(*COMMAND, "serve", "--port", str(port), environment=environment) as process:
        url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while True:
                assert process.returncode is None
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield url


@asynccontextmanager
async def canary(url: str) -> AsyncIterator[list[float]]:
    """Somebody who asks for next to nothing all the time; gives how long each answer took."""
    waits: list[float] = []
    is_over = False

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            while not is_over:
                began = time.perf_counter()
                answer = await client.post("/graphql", json={"query": "{__typename}"})
                assert answer.status_code == 200
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(0.002)

    asking = asyncio.create_task(ask())
    try:
        yield waits
    finally:
        is_over = True
        await asking


@pytest.mark.parametrize("name", [*SHAPES, *COSTS_OF, *TEXTS])
async def test_no_attack_stalls_others(server: str, name: str) -> None:
    attacks = {name: (text, {}) for name, text in (*SHAPES.items(), *TEXTS.items())} | COSTS_OF
    answered, waited = await measure(server, name, *attacks[name])
    assert answered < MOST_ANSWER
    assert waited < MOST_STALL


@pytest.mark.parametrize("name", ALLOWED)
async def test_the_dearest_operations_are_answered_whole(server: str, name: str) -> None:
    """Each for the first time, when nothing of it is kept; what others wait for meanwhile is printed to be read."""
    answered, _ = await measure(server, name, *ALLOWED[name])
    assert answered < DEADLINE_OF_OPERATIONS


async def measure(server: str, name: str, query: str, variables: dict[str, Any]) -> tuple[float, float]:
    """The longest that an answer took, and the longest that somebody else waited for theirs, in seconds."""
    times = []
    async with httpx.AsyncClient(base_url=server, timeout=30, trust_env=False) as client:
        await client.post("/graphql", json={"query": "{__typename}"})
        async with canary(server) as waits:
            await asyncio.sleep(0.05)
            for _ in range(REPEATS):
                began = time.perf_counter()
                body = {"query": query, "variables": variables}
                answer = await client.post("/graphql", json=body, headers=ACCEPT)
                times.append(time.perf_counter() - began)
                assert answer.status_code == 400 or "errors" not in answer.json()
                await asyncio.sleep(0.02)
    print(f"{name}: answered after {max(times) * 1000:.0f} ms, others waited {max(waits) * 1000:.0f} ms")
    return max(times), max(waits)
