"""Callers who ask for too much, over HTTP: refused with 429 and when to come again; and passwords that are guessed."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bff.app import build_app, open_services
from bff.auth.demo import DEMO_ACCOUNTS
from bff.http.admission import LEAST_COST
from bff.stores import keys
from bff.stores.accounts import forget_pin_failures
from bff.stores.login_failures import MOST_OF_ACCOUNT, LoginFailures
from bff.stores.rate_limits import RateLimits
from bff.stores.redis import DocumentCache, RedisAway
from tests.api.account_holder import forget_tries
from tests.engines import redis_numbered
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Answer, Client, Demo
from tests.ws.sockets import open_socket

BURST = 30 * 300
MOST = 1000
_, _, PREMIUM, *_ = DEMO_ACCOUNTS
DEAR = "{browse(first: 75) {edges {node {similar(first: 75) {edges {node {similar(first: 75) {edges {cursor}}}}}}}}}"


@pytest.fixture(scope="module")
async def served_strictly(demo: Demo) -> AsyncIterator[tuple[RateLimits, httpx.AsyncClient]]:
    """The same app, where every caller has 300 a second and 9,000 at once, with shares in a Redis of its own."""
    redis_url = redis_numbered(demo.services.settings.redis_url, 3)
    settings = replace(demo.services.settings, account_rate=300, address_rate=300, redis_url=redis_url)
    async with open_services(settings) as services, serve_to_client(build_app(services)) as client:
        yield services.rates, client


@pytest.fixture
async def strict(served_strictly: tuple[RateLimits, httpx.AsyncClient]) -> httpx.AsyncClient:
    """Nobody has asked for anything yet."""
    rates, client = served_strictly
    await rates.share()
    await rates._cache.redis.flushdb()
    rates._buckets.clear()
    return client


async def ask_until_refused(
    strict: httpx.AsyncClient, body: dict[str, Any], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """The answers up to the first 429: shares fill up again while they are asked for."""
    answers: list[httpx.Response] = []
    while not answers or (answers[-1].status_code != 429 and len(answers) < MOST):
        answers.append(await strict.post("/graphql", json=body, headers=headers))
    return answers


async def test_a_caller_past_its_share_is_told_when_to_come_again(demo: Demo, strict: httpx.AsyncClient) -> None:
    viewer, other = await demo.make_viewer(), await demo.make_viewer()
    body = {"query": OPERATIONS["home"]}
    first = await strict.post("/graphql", json=body, headers=viewer.headers)
    assert "errors" not in first.json()
    second = await strict.post("/graphql", json=body, headers=viewer.headers)
    assert second.status_code == 429
    (error,) = second.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= error["extensions"]["retryAfter"] <= 30
    assert second.headers["retry-after"] == str(error["extensions"]["retryAfter"])
    third = await strict.post("/graphql", json=body, headers=other.headers)
    assert "errors" not in third.json()


async def test_visitors_share_what_their_address_has(strict: httpx.AsyncClient) -> None:
    *served, refused = await ask_until_refused(strict, {"query": "{__typename}"})
    assert len(served) >= BURST // LEAST_COST
    assert {answer.status_code for answer in served} == {200}
    assert refused.status_code == 429


async def test_without_redis_shares_hold_within_the_process(
    strict: httpx.AsyncClient, served_strictly: tuple[RateLimits, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, _ = served_strictly
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        monkeypatch.setattr(rates, "_cache", DocumentCache(nowhere))
        *served, refused = await ask_until_refused(strict, {"query": "{__typename}"})
        with pytest.raises(RedisAway):
            await rates.share()
    assert len(served) >= BURST // LEAST_COST
    assert {answer.status_code for answer in served} == {200}
    assert refused.status_code == 429


async def test_behind_a_proxy_everybody_has_an_address_of_their_own(strict: httpx.AsyncClient) -> None:
    """The last address that a proxy did not say itself counts: whoever stands before it may say anything."""
    body = {"query": "{__typename}"}
    forged = {"X-Forwarded-For": "198.51.100.1, 192.0.2.1"}
    *_, refused = await ask_until_refused(strict, body, forged)
    assert refused.status_code == 429
    other_lie = {"X-Forwarded-For": "198.51.100.2, 192.0.2.1"}
    assert (await ask_until_refused(strict, body, other_lie))[-1].status_code == 429
    other = {"X-Forwarded-For": "198.51.100.1, 192.0.2.2"}
    assert (await strict.post("/graphql", json=body, headers=other)).status_code == 200
    assert (await strict.post("/graphql", json=body)).status_code == 200


REFUSED: dict[str, tuple[dict[str, Any], dict[str, str], int]] = {
    "requests that are none": ({"query": 5}, {}, 400),
    "texts that are no GraphQL": ({"query": "{"}, {}, 200),
    "texts that are not valid": ({"query": "{nope}"}, {}, 200),
    "operations that cost too much": ({"query": DEAR}, {}, 400),
    "documents that nobody published": ({"documentId": "sha256:0"}, {}, 400),
    "tokens that are none": ({"query": "{__typename}"}, {"Authorization": "Bearer a.b.c"}, 401),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_counts_too_but_not_for_others(demo: Demo, strict: httpx.AsyncClient, name: str) -> None:
    viewer = await demo.make_viewer()
    body, headers, status = REFUSED[name]
    *told, refused = await ask_until_refused(strict, body, headers)
    assert len(told) >= BURST // LEAST_COST
    assert {answer.status_code for answer in told} == {status}
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    served = await strict.post("/graphql", json={"query": "{viewer {region}}"}, headers=viewer.headers)
    assert served.json() == {"data": {"viewer": {"region": "US"}}}


async def test_what_is_refused_on_a_socket_counts_too(strict: httpx.AsyncClient) -> None:
    async with open_socket(str(strict.base_url).rstrip("/")) as socket:
        await socket.greet()
        codes: list[str] = []
        while "RATE_LIMITED" not in codes and len(codes) < MOST:
            await socket.subscribe("a", "{nope}")
            codes.append((await socket.hear())["payload"][0]["extensions"]["code"])
    assert len(codes) > BURST // LEAST_COST
    assert set(codes) == {"GRAPHQL_VALIDATION_FAILED", "RATE_LIMITED"}


async def test_a_password_is_not_guessed(demo: Demo) -> None:
    await forget_tries(demo)
    await demo.services.cache.forget(keys.login_failures_of_account("basic@example.com"))

    async def guess(password: str) -> list[str]:
        variables = {"input": {"email": "Basic@Example.com", "password": password}}
        return (await demo.visitor.run(OPERATIONS["account"], variables, "SignIn")).codes

    try:
        for number in range(MOST_OF_ACCOUNT):
            assert await guess(f"guess {number}") == []
        assert await guess("another guess") == ["RATE_LIMITED"]
        assert await guess("demo-password") == ["RATE_LIMITED"]
    finally:
        await demo.services.cache.forget(
            keys.login_failures_of_account("basic@example.com"), keys.login_failures_of_address("127.0.0.1")
        )
    assert await guess("demo-password") == []


async def test_without_redis_passwords_and_pins_are_guessed_no_better(demo: Demo) -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        away = DocumentCache(nowhere)
        app = build_app(dataclasses.replace(demo.services, cache=away, login_failures=LoginFailures(away)))
        async with serve_to_client(app) as http:
            visitor = Client(http)

            async def sign_in(email: str, password: str) -> Answer:
                given = {"input": {"email": email, "password": password}}
                return await visitor.run(OPERATIONS["account"], given, "SignIn")

            tries = [(await sign_in("basic@example.com", f"guess {number}")).codes for number in range(12)]
            assert tries == [[]] * MOST_OF_ACCOUNT + [["RATE_LIMITED"]] * 2
            session = (await sign_in("premium@example.com", "demo-password")).data["login"]
            viewer = visitor.with_headers(Authorization=f"Bearer {session['accessToken']}")
            max_id = PREMIUM.profile_id("Max")
            try:
                waits = []
                for _ in range(6):
                    given = {"profileId": max_id, "pin": "0000"}
                    answer = await viewer.run(OPERATIONS["account"], given, "SwitchProfile")
                    waits.append((answer.data["switchProfile"]["retryAfter"] or 0) > 0)
                assert waits == [False] * 4 + [True] * 2
            finally:
                await forget_pin_failures(demo.services.pool, max_id)
