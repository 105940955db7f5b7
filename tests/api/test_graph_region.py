"""The region of a request: of its token, else of what a trusted proxy says, else of the account, else the default."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import jwt
import msgspec
import pytest

from bff.app import build_app
from bff.auth.demo import DEMO_ACCOUNTS
from tests.http_server import serve
from tests.live import Client, Demo

_, STANDARD, *_ = DEMO_ACCOUNTS
REGION = "{ viewer { region } plans { price { currency } } }"
LOGIN = """mutation ($input: LoginInput!) { login(input: $input) {
  ... on Session { accessToken refreshToken viewer { region } } } }"""
REFRESH = """mutation ($token: String!) { refreshToken(refreshToken: $token) {
  ... on Session { accessToken refreshToken viewer { region } } } }"""


@pytest.fixture(scope="module")
async def behind_proxy(demo: Demo) -> AsyncIterator[Client]:
    """A visitor of a server that takes the country from X-Country."""
    settings = msgspec.structs.replace(demo.services.settings, country_header="X-Country")
    app = build_app(replace(demo.services, settings=settings))
    async with serve(app) as url, httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
        yield Client(http)


async def sign_in(client: Client, email: str) -> dict[str, Any]:
    given = {"email": email, "password": "demo-password"}
    session: dict[str, Any] = (await client.fetch(LOGIN, input=given))["login"]
    return session


async def region_of(client: Client) -> str:
    region: str = (await client.fetch(REGION))["viewer"]["region"]
    return region


@pytest.mark.parametrize(("said", "region"), [("in", "IN"), ("XX", "US"), ("T1", "US"), ("", "US"), ("BR, DE", "DE")])
async def test_a_visitor_is_where_the_proxy_says(behind_proxy: Client, said: str, region: str) -> None:
    assert await region_of(behind_proxy.with_headers(X_Country=said)) == region


async def test_what_the_proxy_adds_comes_after_what_the_client_sent(behind_proxy: Client) -> None:
    headers = [("X-Country", "BR"), ("X-Country", "IN")]
    answer = await behind_proxy.http.post("/graphql", json={"query": REGION}, headers=headers)
    assert answer.json()["data"]["viewer"]["region"] == "IN"


async def test_no_header_counts_unless_the_operator_named_it(demo: Demo) -> None:
    for name in ("X-Country", "CF-IPCountry", "X-Forwarded-For"):
        assert await region_of(demo.visitor.with_headers(**{name: "IN"})) == "US"


async def test_a_token_keeps_its_region_until_the_next_one(behind_proxy: Client) -> None:
    session = await sign_in(behind_proxy.with_headers(X_Country="DE"), "india@example.com")
    assert session["viewer"]["region"] == "DE"
    travelling = behind_proxy.with_headers(X_Country="BR")
    signed_in = travelling.with_headers(Authorization=f"Bearer {session['accessToken']}")
    assert await region_of(signed_in) == "DE"
    renewed = (await travelling.fetch(REFRESH, token=session["refreshToken"]))["refreshToken"]
    assert renewed["viewer"]["region"] == "BR"
    at_home = (await behind_proxy.fetch(REFRESH, token=renewed["refreshToken"]))["refreshToken"]
    assert at_home["viewer"]["region"] == "IN"
    assert await region_of(behind_proxy.with_headers(Authorization=f"Bearer {at_home['accessToken']}")) == "IN"


async def test_the_next_token_has_the_plan_and_country_as_they_are_now(demo: Demo) -> None:
    execute, account_id = demo.services.pool.execute, STANDARD.id
    session = await sign_in(demo.visitor, STANDARD.email)
    assert read(session) == ("STANDARD", "US")
    try:
        await execute("UPDATE membership SET plan = 'PREMIUM' WHERE account_id = $1", account_id)
        await execute("UPDATE account SET country = 'DE' WHERE id = $1", account_id)
        session = (await demo.visitor.fetch(REFRESH, token=session["refreshToken"]))["refreshToken"]
        assert read(session) == ("PREMIUM", "DE")
        await execute("UPDATE membership SET status = 'PAST_DUE' WHERE account_id = $1", account_id)
        session = (await demo.visitor.fetch(REFRESH, token=session["refreshToken"]))["refreshToken"]
        assert read(session) == (None, "DE")
    finally:
        await execute("UPDATE membership SET plan = 'STANDARD', status = 'ACTIVE' WHERE account_id = $1", account_id)
        await execute("UPDATE account SET country = 'US' WHERE id = $1", account_id)


def read(session: dict[str, Any]) -> tuple[str | None, str]:
    claims = jwt.decode(session["accessToken"], options={"verify_signature": False})
    return claims["plan"], claims["region"]
