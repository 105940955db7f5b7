"""Many clients at once, each a demo account on a device class of its own, asking for what clients ask for."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.live import OPERATIONS

ACCOUNTS = ("basic", "standard", "premium", "india")
DEVICE_CLASSES = ("TV", "WEB", "MOBILE", "TABLET")
QUERIES = ("strnger things", "love", "tom hanks", "dark", "the", "anime")


@dataclass
class Tally:
    """What came back; times in seconds."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def load(url: str, *, clients: int, seconds: float | None = None, rounds: int | None = None) -> Tally:
    """Until the time is up or each client has done its rounds: home, search and title, one after the other."""
    tally = Tally()
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits, trust_env=False) as http:
        tokens = [await sign_in(http, account) for account in ACCOUNTS]
        until = None if seconds is None else time.monotonic() + seconds
        await asyncio.gather(
            *(work(http, tally, number, tokens=tokens, until=until, rounds=rounds) for number in range(clients))
        )
    return tally


async def sign_in(http: httpx.AsyncClient, account: str) -> str:
    variables = {"input": {"email": f"{account}@example.com", "password": "demo-password"}}
    body = {"query": OPERATIONS["account"], "variables": variables, "operationName": "SignIn"}
    token: str = (await http.post("/graphql", json=body)).json()["data"]["login"]["accessToken"]
    return token


async def work(
    http: httpx.AsyncClient,
    tally: Tally,
    number: int,
    *,
    tokens: Sequence[str],
    until: float | None,
    rounds: int | None,
) -> None:
    headers = {
        "Authorization": f"Bearer {tokens[number % len(tokens)]}",
        "X-Device-Class": DEVICE_CLASSES[number // len(tokens) % len(DEVICE_CLASSES)],
    }
    turn = 0
    while (rounds is None or turn < rounds) and (until is None or time.monotonic() < until):
        await ask(http, tally, headers, OPERATIONS["home"], {})
        found = await ask(
            http, tally, headers, OPERATIONS["search"], {"query": QUERIES[(number + turn) % len(QUERIES)]}
        )
        if found is not None and found["search"]["edges"]:
            await ask(http, tally, headers, OPERATIONS["title"], {"id": found["search"]["edges"][0]["node"]["id"]})
        turn += 1


async def ask(  # type: ignore[no-untyped-def]
    http: httpx.AsyncClient, tally: Tally, headers: dict[str, str], query: str, variables: dict[str, object]
):
    start = time.monotonic()
    try:
        response = await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        body = response.json()
    except (httpx.TransportError, ValueError) as error:
        tally.failed.append(repr(error))
        return None
    tally.times.append(time.monotonic() - start)
    tally.done += 1
    if response.status_code != 200 or "errors" in body or "extensions" in body:
        told = {key: value for key, value in body.items() if key != "data"}
        tally.failed.append(f"{response.status_code} {str(told)[:300]}")
        return None
    return body["data"]
