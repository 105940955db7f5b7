"""`homeChanged`: who may follow it, what an event holds, and for how long."""

import gc
from datetime import timedelta

import httpx
import pytest

from bff.auth.tokens import mint_access_token
from bff.context import OperationContext
from bff.domain.accounts import PlanCode
from bff.stores import keys
from tests.live import Client
from tests.ws.sockets import ARRANGE, HOME_CHANGED, Live, list_rows, until

PROFILES_ONLY = {
    "homeChanged": HOME_CHANGED,
    "playbackSync": "subscription { playbackSync { cursor } }",
    "watchParty": 'subscription { watchParty(partyId: "x") { id } }',
    "watchPartySignal": 'subscription { watchPartySignal(partyId: "x") { payload } }',
    "notificationReceived": "subscription { notificationReceived { id } }",
}


async def test_arranging_the_home_reaches_the_profiles_other_devices(live: Live):
    viewer = await live.make_viewer()
    rows = await list_rows(viewer)
    query = "subscription { homeChanged { changedRowIds home { rows(first: 40) { edges { node { id } } } } } }"
    async with live.sign_in(viewer) as socket:
        await socket.subscribe("a", query)
        await until(lambda: live.followers == 1)
        for turned in ([rows[2], rows[1], rows[0]], rows[:3]):
            await viewer.fetch(ARRANGE, order=turned)
            event = await socket.hear()
            change = event["payload"]["data"]["homeChanged"]
            assert (event["id"], event["type"]) == ("a", "next")
            assert [edge["node"]["id"] for edge in change["home"]["rows"]["edges"]][:3] == turned
            assert {turned[0], turned[2]} <= set(change["changedRowIds"])


async def test_hiding_a_row_names_it(live: Live):
    viewer = await live.make_viewer()
    *_, last = await list_rows(viewer)
    async with live.sign_in(viewer) as socket:
        await socket.subscribe("a", HOME_CHANGED)
        await until(lambda: live.followers == 1)
        await viewer.fetch("mutation ($hidden: [ID!]) { arrangeHome(hidden: $hidden) { id } }", hidden=[last])
        assert last in (await socket.hear())["payload"]["data"]["homeChanged"]["changedRowIds"]


async def test_after_a_gap_every_row_is_named(live: Live):
    viewer = await live.make_viewer()
    rows = await list_rows(viewer)
    async with live.sign_in(viewer) as socket:
        await socket.subscribe("a", HOME_CHANGED)
        await until(lambda: live.followers == 1)
        live.demo.services.signals._deliver(keys.home_changes(viewer.profile_id), None)
        assert set((await socket.hear())["payload"]["data"]["homeChanged"]["changedRowIds"]) >= set(rows)


async def test_another_profiles_home_is_not_heard_of(live: Live):
    viewer, stranger = await live.make_viewer(), await live.make_viewer()
    async with live.sign_in(viewer) as socket:
        await socket.subscribe("a", HOME_CHANGED)
        await until(lambda: live.followers == 1)
        await stranger.fetch("mutation { arrangeHome { id } }")
        await viewer.fetch("mutation { arrangeHome(hidden: []) { id } }")
        assert (await socket.hear())["payload"]["data"]["homeChanged"]["changedRowIds"] == []
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}


@pytest.mark.parametrize("field", PROFILES_ONLY)
async def test_a_visitor_is_refused_before_the_first_event(live: Live, field):
    async with live.connect() as socket:
        await socket.greet()
        await socket.subscribe("a", PROFILES_ONLY[field])
        error = await socket.hear()
        assert error["type"] == "error"
        assert error["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert error["payload"][0]["path"] == [field]


@pytest.mark.parametrize("field", PROFILES_ONLY)
async def test_an_account_without_a_profile_is_refused_before_the_first_event(live: Live, field):
    operator = await live.demo.sign_in("operator@example.com")
    async with live.sign_in(operator) as socket:
        await socket.subscribe("a", PROFILES_ONLY[field])
        error = await socket.hear()
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


@pytest.mark.parametrize("field", sorted(PROFILES_ONLY.keys() - {"homeChanged"}))
async def test_what_is_not_served_yet_says_so(live: Live, field):
    async with live.sign_in(await live.make_viewer()) as socket:
        await socket.subscribe("a", PROFILES_ONLY[field])
        error = await socket.hear()
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")


async def test_a_token_that_is_no_good_is_closed_with_4403(live: Live):
    async with live.connect() as socket:
        await socket.say("connection_init", payload={"authorization": "Bearer a.b.c"})
        assert await socket.hear_close() == 4403


async def test_a_device_of_nobody_is_not_found(live: Live):
    viewer = await live.make_viewer()
    async with live.connect() as socket:
        await socket.greet(authorization=viewer.headers["Authorization"], deviceId="dev_aaaaaaaaaaaaaaaa")
        await socket.subscribe("a", HOME_CHANGED)
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_operations_of_a_socket_are_counted_by_the_client_that_it_says_it_is(live: Live):
    viewer = await live.make_viewer()
    async with live.connect() as socket:
        await socket.greet(authorization=viewer.headers["Authorization"], clientName="tv-socket", clientVersion="9.1")
        await socket.run("query OverSocket { viewer { region } }")
        await socket.subscribe("a", "subscription Followed { homeChanged { changedRowIds } }")
        await until(lambda: live.followers == 1)
        await socket.subscribe("b", "{ nothing }")
        assert (await socket.hear())["type"] == "error"
        async with httpx.AsyncClient(base_url=live.url, trust_env=False) as client:
            told = (await client.get("/metrics")).text.splitlines()
    by = 'client="tv-socket",document="",operation="{}",outcome="{}",version="9.1"'
    for name, outcome in (("OverSocket", "ok"), ("Followed", "ok"), ("none", "GRAPHQL_VALIDATION_FAILED")):
        assert f"bff_operations_total{{{by.format(name, outcome)}}} 1.0" in told
    assert 'bff_fields_total{client="tv-socket",field="HomeChange.changedRowIds"} 1.0' in told
    assert {"bff_sockets 1.0", "bff_subscriptions 1.0"} <= set(told)


async def test_a_token_that_expires_ends_the_subscription_within_five_seconds(live: Live):
    viewer = await live.make_viewer()
    brief = shorten(live, viewer)
    async with live.sign_in(brief) as socket, live.sign_in(viewer) as other:
        for each in (socket, other):
            await each.subscribe("a", HOME_CHANGED)
        await until(lambda: live.streams.live == 2)
        live.demo.clock.shift += timedelta(seconds=31)
        try:
            assert await socket.hear_close(5) == 4403
            await other.say("ping")
            assert await other.hear() == {"type": "pong"}
        finally:
            live.demo.clock.shift -= timedelta(seconds=31)


def shorten(live: Live, viewer: Client) -> Client:
    """The same viewer with a token for half a minute."""
    claims = live.demo.services.authority.verifier.verify(
        viewer.headers["Authorization"].removeprefix("Bearer "), live.demo.clock()
    )
    token, _ = mint_access_token(
        live.demo.services.authority.keys,
        account_id=claims.account_id,
        profile_id=claims.profile_id,
        family_id=claims.family_id,
        device_id=claims.device_id,
        plan=PlanCode.PREMIUM,
        region=claims.region,
        permissions=(),
        now=live.demo.clock(),
        age=30,
    )
    return viewer.with_headers(Authorization=f"Bearer {token}")


async def test_an_idle_subscription_holds_no_operation_nor_its_catalogue(live: Live):
    async with live.sign_in(await live.make_viewer()) as socket:
        await socket.subscribe("a", HOME_CHANGED)
        await until(lambda: live.followers == 1)
        gc.collect()
        assert [held for held in gc.get_objects() if type(held) is OperationContext] == []
