"""Who may use what: every root field for visitors, bare accounts, kids and adults; others' ids, tokens, devices."""

from datetime import timedelta
from typing import Any

import pytest

from bff.domain.titles import MaturityRating
from tests.live import Answer, Client, Demo
from tests.root_fields import FOR_VISITORS, OK, ROOT_FIELDS, SUBSCRIPTIONS, UNAUTHENTICATED
from tests.schema_walk import served_schema

NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
MINE = """{ viewer { account { id membership { id } profiles { id } devices { id } } profile { id } device { id } }
    home { id rows(first: 1) { edges { node { id } } } } }"""
REGISTER = "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id class name } }"


def test_every_root_field_has_an_entry() -> None:
    schema = served_schema()
    served = {f"Query.{name}" for name in schema.query_type.fields} if schema.query_type else set()
    served |= {f"Mutation.{name}" for name in schema.mutation_type.fields} if schema.mutation_type else set()
    assert served == ROOT_FIELDS.keys()
    assert schema.subscription_type is not None
    assert {f"Subscription.{name}" for name in schema.subscription_type.fields} == SUBSCRIPTIONS.keys()
    assert served > FOR_VISITORS


def check(answer: Answer, expected: str) -> None:
    """No error where `expected` is empty; else that one, at the field, and what UNAVAILABLE must say."""
    assert answer.response.status_code == 200
    if expected == OK:
        assert answer.codes == []
        return
    assert answer.codes == [expected]
    assert answer.body["data"] == {"field": None}
    error = answer.body["errors"][0]
    assert error["path"] == ["field"]
    assert error["message"]
    if expected == "UNAVAILABLE":
        assert error["extensions"]["retryAfter"] > 0


@pytest.mark.parametrize("name", ROOT_FIELDS)
async def test_visitors_use_what_the_contract_names_and_nothing_else(demo: Demo, name: str) -> None:
    root = ROOT_FIELDS[name]
    check(await demo.visitor.run(root.text), root.adult if name in FOR_VISITORS else UNAUTHENTICATED)


@pytest.mark.parametrize("name", ROOT_FIELDS)
async def test_adults_use_everything_that_is_served(demo: Demo, name: str) -> None:
    check(await (await demo.make_viewer()).run(ROOT_FIELDS[name].text), ROOT_FIELDS[name].adult)


@pytest.mark.parametrize("name", ROOT_FIELDS)
async def test_kids_change_nothing_of_the_account(demo: Demo, name: str) -> None:
    kid = await demo.make_viewer(ceiling=MaturityRating.AGE_7, is_kids=True)
    root = ROOT_FIELDS[name]
    check(await kid.run(root.text), root.adult if root.kid is None else root.kid)


@pytest.fixture(scope="module")
async def operator(demo: Demo) -> Client:
    return await demo.sign_in("operator@example.com")


@pytest.mark.parametrize("name", [name for name in ROOT_FIELDS if name != "Mutation.logout"])
async def test_an_account_without_a_profile_is_told_to_choose_one(operator: Client, name: str) -> None:
    root = ROOT_FIELDS[name]
    check(await operator.run(root.text), root.adult if root.bare is None else root.bare)


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_subscriptions_are_not_answered_over_a_plain_request(demo: Demo, name: str) -> None:
    for client in (demo.visitor, await demo.make_viewer()):
        answer = await client.with_headers(Accept="application/graphql-response+json").run(SUBSCRIPTIONS[name])
        assert answer.response.status_code >= 400
        assert answer.codes
        assert answer.body.get("data") is None


async def test_a_refusal_leaves_the_other_fields_standing(demo: Demo) -> None:
    answer = await demo.visitor.run("{ genres { id } myList { totalCount } viewer { account { id } profile { id } } }")
    assert answer.codes == ["UNAUTHENTICATED"]
    assert answer.body["data"]["genres"]
    assert answer.body["data"]["myList"] is None
    assert answer.body["data"]["viewer"] == {"account": None, "profile": None}


async def test_the_operator_has_an_account_and_no_more(operator: Client) -> None:
    answer = await operator.fetch(
        """{ viewer { profile { id } account { email status membership { id } profiles { id } activeStreams { id } } }
        home { id } title(id: "x") { id } }"""
    )
    account = answer["viewer"]["account"]
    assert account["email"] == "operator@example.com"
    assert account == account | {"status": "ACTIVE", "membership": None, "profiles": [], "activeStreams": []}
    assert answer["viewer"]["profile"] is None
    assert answer["home"] is None


async def list_own_ids(client: Client) -> dict[str, str]:
    """Ids of what only this viewer has, by type."""
    answer = await client.fetch(MINE)
    viewer = answer["viewer"]
    return {
        "Account": viewer["account"]["id"],
        "Membership": viewer["account"]["membership"]["id"],
        "Profile": viewer["profile"]["id"],
        "Device": viewer["device"]["id"],
        "Home": answer["home"]["id"],
        "Row": answer["home"]["rows"]["edges"][0]["node"]["id"],
    }


async def test_own_things_are_nodes_and_those_of_others_are_nothing(demo: Demo) -> None:
    mine, yours = await demo.make_viewer(), await demo.make_viewer()
    ids = await list_own_ids(mine)
    nodes = (await mine.fetch(NODES, ids=list(ids.values())))["nodes"]
    assert nodes == [{"__typename": name, "id": identifier} for name, identifier in ids.items()]
    for client in (yours, demo.visitor):
        assert (await client.fetch(NODES, ids=list(ids.values())))["nodes"] == [None] * len(ids)
        for identifier in ids.values():
            answer = await client.fetch("query ($id: ID!) { node(id: $id) { id } }", id=identifier)
            assert answer == {"node": None}


async def test_a_kid_finds_neither_devices_nor_the_membership(demo: Demo) -> None:
    kid = await demo.make_viewer(ceiling=MaturityRating.AGE_7, is_kids=True)
    viewer = (await kid.fetch("{ viewer { profile { id } account { id membership { id } } device { id } } }"))["viewer"]
    ids = [viewer["account"]["id"], viewer["profile"]["id"], viewer["device"]["id"]]
    nodes = (await kid.fetch(NODES, ids=[*ids, viewer["account"]["membership"]["id"]]))["nodes"]
    assert [node and node["__typename"] for node in nodes] == ["Account", "Profile", None, None]


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer nonsense", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "nonsense", "Bearer " + "x" * 5000],
)
async def test_a_token_that_is_none_is_refused_before_anything_runs(demo: Demo, authorization: str) -> None:
    check_unauthorised(await demo.visitor.with_headers(Authorization=authorization).run("{ genres { id } }"))


def check_unauthorised(answer: Answer) -> None:
    assert answer.response.status_code == 401
    assert answer.response.headers["www-authenticate"].startswith("Bearer")
    assert answer.codes == ["UNAUTHENTICATED"]
    assert "data" not in answer.body


async def test_a_token_that_has_run_out_is_refused(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    try:
        demo.clock.shift = timedelta(seconds=890)
        assert (await viewer.run("{ viewer { profile { id } } }")).data
        demo.clock.shift = timedelta(seconds=910)
        check_unauthorised(await viewer.run("{ viewer { profile { id } } }"))
    finally:
        demo.clock.shift = timedelta(0)


async def test_a_token_of_a_profile_that_is_gone_is_refused_at_the_field(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    await demo.services.pool.execute("DELETE FROM profile WHERE id = $1", viewer.profile_id)
    answer = await viewer.run("{ myList { totalCount } }")
    assert answer.codes == ["UNAUTHENTICATED"]


async def register(client: Client, **described: Any) -> dict[str, Any]:
    device: dict[str, Any] = (await client.fetch(REGISTER, input=described))["registerDevice"]
    return device


async def test_a_device_is_named_by_its_own_account_alone(demo: Demo) -> None:
    mine, yours = await demo.make_viewer(), await demo.make_viewer()
    device = await register(mine, **{"class": "TV", "name": "Living room"})
    ask = "{ viewer { device { id class name } } }"
    assert (await mine.with_headers(X_Device_Id=device["id"]).fetch(ask))["viewer"]["device"] == device
    for stranger in (yours, await demo.make_viewer(is_kids=True)):
        answer = await stranger.with_headers(X_Device_Id=device["id"]).run(ask)
        assert answer.codes == ["NOT_FOUND"]
        assert "registerDevice" in answer.body["errors"][0]["message"]
        unknown = await stranger.with_headers(X_Device_Id="dev_aaaaaaaaaaaaaaaa").run(ask)
        assert unknown.body == answer.body
        assert (await stranger.with_headers(X_Device_Id="nonsense").run(ask)).body == answer.body
    assert (await demo.visitor.with_headers(X_Device_Id=device["id"]).fetch(ask))["viewer"] == {"device": None}


async def test_a_stranger_cannot_describe_a_device_anew(demo: Demo) -> None:
    mine, yours = await demo.make_viewer(), await demo.make_viewer()
    device = await register(mine, **{"class": "TV", "name": "Living room"})
    for identifier in (device["id"], "dev_aaaaaaaaaaaaaaaa", "nonsense"):
        answer = await yours.run(REGISTER, {"input": {"id": identifier, "class": "MOBILE"}})
        assert answer.codes == ["NOT_FOUND"]
    changed = await register(mine, **{"id": device["id"], "class": "TABLET"})
    assert changed == {"id": device["id"], "class": "TABLET", "name": "Living room"}


@pytest.mark.parametrize(
    "described",
    [
        {"class": "TV", "name": ""},
        {"class": "TV", "name": " "},
        {"class": "TV", "name": "x" * 101},
        {"class": "TV", "capabilities": {"maxHeight": 1}},
        {"class": "TV", "capabilities": {"maxHeight": 100000}},
        {"class": "TV", "capabilities": {"pixelRatio": 0}},
        {"class": "TV", "capabilities": {"pixelRatio": 99}},
    ],
)
async def test_a_device_that_cannot_be_is_refused(demo: Demo, described: dict[str, Any]) -> None:
    answer = await (await demo.make_viewer()).run(REGISTER, {"input": described})
    assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X_Device_Class": "tv"}, 200),
        ({"X_Device_Class": "FRIDGE"}, 400),
        ({"X_Time_Zone": "Europe/Berlin"}, 200),
        ({"X_Time_Zone": "Mars/Olympus"}, 400),
        ({"X_Time_Zone": "../../etc/passwd"}, 400),
    ],
)
async def test_headers_that_cannot_be_read_are_refused(demo: Demo, headers: dict[str, str], status: int) -> None:
    answer = await demo.visitor.with_headers(**headers).run("{ viewer { region } }")
    assert answer.response.status_code == status
    assert answer.codes == ([] if status == 200 else ["BAD_USER_INPUT"])
