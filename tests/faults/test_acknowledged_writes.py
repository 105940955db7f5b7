"""What was acknowledged is there after kill -9 of everything, and the next start needs no hand."""

import asyncio
from pathlib import Path

import httpx

from tests.faults.dev_process import COMMAND, Dev, clean_environment, dev
from tests.faults.processes import DEADLINE, started
from tests.live import OPERATIONS

ADD = "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }"
LIST = "{ myList(first: 75) { edges { node { id } } } }"
CATALOGUE = "{ browse(sort: NAME, first: 75) { totalCount edges { node { id } } } }"


async def sign_in(http: httpx.AsyncClient) -> None:
    variables = {"input": {"email": "standard@example.com", "password": "demo-password"}}
    body = {"query": OPERATIONS["account"], "variables": variables, "operationName": "SignIn"}
    session = (await http.post("/graphql", json=body)).json()["data"]["login"]
    http.headers["Authorization"] = f"Bearer {session['accessToken']}"


async def ask(http: httpx.AsyncClient, query: str, **variables: object) -> dict[str, object]:
    answer = (await http.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    data: dict[str, object] = answer["data"]
    return data


async def write_until_killed(running: Dev, http: httpx.AsyncClient, titles: list[str]) -> set[str]:
    """Add titles from four clients at once, and kill everything in the middle; gives what was acknowledged."""
    acknowledged: set[str] = set()
    waiting = iter(titles)
    halfway = asyncio.Event()

    async def write() -> None:
        for title in waiting:
            try:
                response = await http.post("/graphql", json={"query": ADD, "variables": {"id": title}})
            except httpx.TransportError:
                return
            answer = response.json()
            if "errors" in answer:
                # PostgreSQL goes first, and the API says so for as long as it lives.
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"]
                return
            acknowledged.add(title)
            if len(acknowledged) >= len(titles) // 2:
                halfway.set()

    async def kill() -> None:
        await halfway.wait()
        await running.kill()

    await asyncio.gather(kill(), *(write() for _ in range(4)))
    return acknowledged


async def test_acknowledged_writes_and_the_catalogue_outlive_kills_during_import_and_serving(tmp_path: Path) -> None:
    arguments = ("dev", "--port", "0", "--data-dir", str(tmp_path))
    async with started(*COMMAND, *arguments, environment=clean_environment()) as process:
        async with asyncio.timeout(DEADLINE):
            while b"Writing" not in (line := await process.stdout.readline()):
                assert line, (await process.stderr.read()).decode()
        process.kill()
        await process.wait()
    async with dev(tmp_path, empty=False) as running, httpx.AsyncClient(base_url=running.url, timeout=30) as http:
        await sign_in(http)
        browsed = await ask(http, CATALOGUE)
        titles = [edge["node"]["id"] for edge in browsed["browse"]["edges"]]  # type: ignore[index]
        acknowledged = await write_until_killed(running, http, titles)
    assert len(acknowledged) >= len(titles) // 2
    async with dev(tmp_path, empty=False) as running, httpx.AsyncClient(base_url=running.url, timeout=30) as http:
        await sign_in(http)
        assert await ask(http, CATALOGUE) == browsed
        listed = await ask(http, LIST)
        kept = {edge["node"]["id"] for edge in listed["myList"]["edges"]}  # type: ignore[index]
        assert acknowledged <= kept
