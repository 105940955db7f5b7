"""Callers who ask for too much, over HTTP: refused with 429 and when to come again; and passwords that are guessed."""

from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from bff.app import build_app, open_services
from bff.stores import keys
from bff.stores.login_failures import MOST_OF_ACCOUNT
from tests.engines import flush_redis, redis_numbered
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Demo

BURST = 30 * 300


@pytest.fixture
async def strict(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    """The same app, where every caller has 300 a second and 9,000 at once, with shares in a Redis of its own."""
    redis_url = redis_numbered(demo.services.settings.redis_url, 3)
    await flush_redis(redis_url)
    settings = replace(demo.services.settings, account_rate=300, address_rate=300, redis_url=redis_url)
    async with open_services(settings) as services, serve_to_client(build_app(services)) as client:
        yield client


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
    answers = [await strict.post("/graphql", json={"query": "{__typename}"}) for _ in range(BURST // 100 + 5)]
    assert [answer.status_code for answer in answers[: BURST // 100]] == [200] * (BURST // 100)
    assert answers[-1].status_code == 429


async def test_a_password_is_not_guessed(demo: Demo) -> None:
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
