"""No forged token opens anything, by HTTP or by `connection_init`, and none makes the server connect to anybody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.forgeries import FORGERIES, STRANGERS, Loot, sign
from tests.live import Client, Demo
from tests.ws.sockets import open_socket

WHO = "{ viewer { account { id } profile { id } device { id } } }"
NOBODY = {"account": None, "profile": None, "device": None}


@pytest.fixture(scope="module")
async def owner(demo: Demo) -> Client:
    return await demo.make_viewer()


@pytest.fixture(scope="module")
async def loot(demo: Demo, owner: Client) -> AsyncIterator[Loot]:
    """Fails when anybody has connected to the URL that some of the forgeries name."""
    visits: list[object] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(writer.get_extra_info("peername"))
        writer.close()

    listener = await asyncio.start_server(note, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    token = owner.headers["Authorization"].removeprefix("Bearer ")
    async with listener:
        yield Loot(token, demo.services.authority.keys.choose(demo.clock()), f"http://127.0.0.1:{port}")
    assert visits == []


async def test_the_token_that_forgeries_are_made_of_is_good(demo: Demo, owner: Client, loot: Loot) -> None:
    for token in (loot.token, loot.signed()):
        client = demo.visitor.with_headers(Authorization=f"Bearer {token}")
        assert (await client.fetch(WHO))["viewer"]["account"] == {"id": owner.account_id}


def test_there_are_as_many_forgeries_as_are_known() -> None:
    assert 2 * (len(FORGERIES) + len(STRANGERS)) >= 202


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery_is_refused_by_http(demo: Demo, loot: Loot, name: str) -> None:
    answer = await demo.visitor.with_headers(Authorization=f"Bearer {FORGERIES[name](loot)}").run(WHO)
    assert answer.response.status_code == 401
    assert answer.codes == ["UNAUTHENTICATED"]
    assert answer.response.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in answer.body


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery_is_refused_by_connection_init(demo: Demo, loot: Loot, name: str) -> None:
    async with open_socket(demo.url) as socket:
        await socket.say("connection_init", payload={"authorization": f"Bearer {FORGERIES[name](loot)}"})
        assert await socket.hear_close() == 4403


async def test_key_id_of_100_kb_is_no_more_than_a_long_header(demo: Demo, loot: Loot) -> None:
    """More than a head of HTTP may have; `connection_init` takes as much."""
    token = sign({**loot.header, "kid": "x" * 100_000}, loot.claims, loot.key.private_key)
    answer = await demo.visitor.with_headers(Authorization=f"Bearer {token}").run(WHO)
    assert answer.response.status_code == 431
    async with open_socket(demo.url) as socket:
        await socket.say("connection_init", payload={"authorization": f"Bearer {token}"})
        assert await socket.hear_close() == 4403


@pytest.mark.parametrize("name", STRANGERS)
async def test_good_token_of_nobody_is_refused_by_http(demo: Demo, loot: Loot, name: str) -> None:
    answer = await demo.visitor.with_headers(Authorization=f"Bearer {STRANGERS[name](loot)}").run(WHO)
    assert answer.codes == ["UNAUTHENTICATED"]
    assert answer.body.get("data") is None


@pytest.mark.parametrize("name", STRANGERS)
async def test_good_token_of_nobody_is_refused_by_connection_init(demo: Demo, loot: Loot, name: str) -> None:
    async with open_socket(demo.url) as socket:
        await socket.say("connection_init", payload={"authorization": f"Bearer {STRANGERS[name](loot)}"})
        heard = await socket.hear()
        if heard == {"type": "connection_ack"}:
            await socket.subscribe("a", WHO)
            heard = await socket.hear()
            errors = heard["payload"] if heard["type"] == "error" else heard["payload"]["errors"]
            assert [error["extensions"]["code"] for error in errors] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Token {}", "JWT {}", "Bearer", "Bearer {} {}", "Bearer,{}"])
async def test_other_schemes_open_nothing(demo: Demo, loot: Loot, scheme: str) -> None:
    header = scheme.format(loot.token, loot.token)
    answer = await demo.visitor.with_headers(Authorization=header).run(WHO)
    assert (answer.response.status_code, answer.codes) == (401, ["UNAUTHENTICATED"])
    async with open_socket(demo.url) as socket:
        await socket.say("connection_init", payload={"authorization": header})
        assert await socket.hear_close() == 4403


async def test_token_counts_in_no_other_place(demo: Demo, loot: Loot) -> None:
    places = {
        "Cookie": f"access_token={loot.token}; authorization=Bearer {loot.token}; session={loot.token}",
        "X-Forwarded-User": "premium@example.com",
        "X-Authorization": f"Bearer {loot.token}",
        "X-Access-Token": loot.token,
        "Proxy-Authorization": f"Bearer {loot.token}",
    }
    for name, value in places.items():
        answer = await demo.visitor.with_headers(**{name: value, "Origin": "https://evil.example"}).run(WHO)
        assert answer.data["viewer"] == NOBODY
    for parameter in ("access_token", "token", "authorization", "jwt"):
        response = await demo.visitor.http.post(f"/graphql?{parameter}={loot.token}", json={"query": WHO})
        assert response.json()["data"]["viewer"] == NOBODY
    async with open_socket(demo.url) as socket:
        await socket.greet(token=loot.token, access_token=loot.token)
        assert (await socket.run(WHO))["data"]["viewer"] == NOBODY
