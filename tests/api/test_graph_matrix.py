"""Field by field: what a visitor, a kid, an adult, another account and an operator see of one household.

The fields are those of the served schema: a new one is asked for as soon as it is there, a new type has to be placed in
tests/matrix_paths.py. Who is a stranger gets for an id of the household, to the byte, what an id of nothing gets.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLField, get_named_type, is_enum_type, is_introspection_type, is_leaf_type

from bff.auth.sessions import begin_session
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.visibility import Audience
from bff.stores.accounts import read_account
from bff.stores.new_accounts import NewProfile
from bff.stores.profiles import add_profile
from schema.access import Access
from schema.rules import find_rule
from tests.demo_titles import open_cards
from tests.live import Client, Demo
from tests.matrix_paths import (
    ANSWERS,
    BILLING,
    CATALOGUE,
    KIDS_TOO,
    LOOKING_INTO,
    PATHS,
    UNSERVED,
    ById,
    Own,
    by_id,
)
from tests.playback_rows import add_session
from tests.profile_rows import add_invoices, fill_profile
from tests.root_fields import FORBIDDEN, UNAUTHENTICATED
from tests.schema_walk import served_schema

ARGUMENTS = {"Series.season": "number: 1", "PlaybackSession.segmentUrl": "position: 0, quality: P240"}
REFUSALS = {FORBIDDEN, UNAUTHENTICATED}
UNKNOWN = {
    "account": "acc_aaaaaaaaaaaaaaaa",
    "profile": "pro_aaaaaaaaaaaaaaaa",
    "membership": "mem_aaaaaaaaaaaaaaaa",
    "invoice": "inv_aaaaaaaaaaaaaaaa",
    "device": "dev_aaaaaaaaaaaaaaaa",
    "home": "hom_aaaaaaaaaaaaaaaa",
    "row": "row_aaaaaaaaaaaaaaaa",
    "session": "ses_aaaaaaaaaaaaaaaa",
}
HOUSEHOLD = [name for name, path in PATHS.items() if isinstance(path, ById)]
OWN = [name for name, path in PATHS.items() if isinstance(path, Own)]
FOR_ADULTS = (Access.OWNER, Access.ADULT)
STRANGERS = ("visitor", "other", "operator")


@dataclass(frozen=True)
class Household:
    """An account with an adult and a kid, strangers to it, and its ids as the adult knows them."""

    clients: dict[str, Client]
    ids: dict[str, str]
    kid_id: str


@pytest.fixture(scope="module")
async def household(demo: Demo) -> Household:
    services, now = demo.services, demo.services.now()
    adult, other = await demo.make_viewer(), await demo.make_viewer()
    account_id, profile_id = str(adult.account_id), str(adult.profile_id)
    kid_id = derive_id(IdKind.PROFILE, f"{profile_id}/kid")
    await add_profile(
        services.pool,
        account_id,
        NewProfile(
            id=kid_id,
            name="Kit",
            avatar="owl",
            is_kids=True,
            language="en",
            maturity_ceiling=MaturityRating.AGE_7,
        ),
    )
    films = [
        card.id
        for card in open_cards(demo, Audience(region="US", ceiling=MaturityRating.AGE_7))
        if isinstance(card, MovieCard)
    ][:6]
    for filled in (profile_id, kid_id, str(other.profile_id)):
        await fill_profile(services.pool, filled, films, now)
    for billed in (account_id, str(other.account_id)):
        await add_invoices(services.pool, billed, 2, now)
    record = await read_account(services.pool, account_id)
    assert record is not None
    session = await begin_session(
        services.authority,
        record=record,
        profile=record.profiles[1],
        device_id=None,
        device_class=DeviceClass.WEB,
        request_country=None,
        now=now,
    )
    mine = await adult.fetch(
        """{ viewer { device { id } account { membership { id } billingHistory { edges { node { id } } } } }
        home { id rows(first: 1) { edges { node { id } } } } }"""
    )
    account = mine["viewer"]["account"]
    return Household(
        clients={
            "visitor": demo.visitor,
            "kid": demo.visitor.with_headers(Authorization=f"Bearer {session.access_token}"),
            "adult": adult,
            "other": other,
            "operator": await demo.sign_in("operator@example.com"),
        },
        ids={
            "account": account_id,
            "profile": profile_id,
            "membership": account["membership"]["id"],
            "invoice": account["billingHistory"]["edges"][0]["node"]["id"],
            "device": mine["viewer"]["device"]["id"],
            "home": mine["home"]["id"],
            "row": mine["home"]["rows"]["edges"][0]["node"]["id"],
            "session": await add_session(demo, adult, films[0], films[0]),
        },
        kid_id=kid_id,
    )


def list_fields(type_name: str) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = served_schema().type_map[type_name].fields  # type: ignore[attr-defined]
    return fields


def write_field(type_name: str, name: str) -> str:
    """Asks for a field, with the least that can be asked for below it."""
    field = list_fields(type_name)[name]
    arguments = ARGUMENTS.get(f"{type_name}.{name}")
    text = f"{name}({arguments})" if arguments else name
    named = get_named_type(field.type)
    return text if is_leaf_type(named) or is_enum_type(named) else f"{text} {{ __typename }}"


def write_fields(type_name: str) -> str:
    return " ".join(write_field(type_name, field) for field in list_fields(type_name))


def write(path: ById | Own, selection: str) -> str:
    asked = path.text.format(selection)
    return f"query ($id: ID!) {{ {asked} }}" if isinstance(path, ById) else f"{{ {asked} }}"


async def ask(client: Client, path: ById | Own, selection: str, identifier: str | None = None) -> tuple[Any, list[str]]:
    """The body, and the codes of its errors."""
    answer = await client.run(write(path, selection), {"id": identifier} if identifier else {})
    return answer.body, answer.codes


def test_every_type_has_its_place() -> None:
    placed = [*PATHS, *LOOKING_INTO, *BILLING, *CATALOGUE, *ANSWERS, *UNSERVED]
    assert len(placed) == len(set(placed))
    served = {
        name
        for name, named in served_schema().type_map.items()
        if hasattr(named, "fields") and not is_introspection_type(named) and list_outputs(name)
    } - {"Query", "Mutation", "Subscription"}
    assert served == set(placed)


def list_outputs(type_name: str) -> bool:
    """Whether the type has fields that can be asked for: inputs have none."""
    return all(isinstance(field, GraphQLField) for field in list_fields(type_name).values())


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("name", [*HOUSEHOLD, *LOOKING_INTO, *BILLING])
async def test_strangers_get_for_its_ids_what_an_id_of_nothing_gets(household: Household, name: str, who: str) -> None:
    path = find_path(name)
    selection = write_fields(name)
    client = household.clients[who]
    body, codes = await ask(client, path, selection, household.ids[path.of])
    assert codes == []
    assert body["data"] == {"node": None}
    assert (body, codes) == await ask(client, path, selection, UNKNOWN[path.of])


def find_path(name: str) -> ById:
    if name in LOOKING_INTO:
        return by_id("profile", "Profile", LOOKING_INTO[name])
    if name in BILLING:
        return by_id("account", "Account", BILLING[name])
    path = PATHS[name]
    assert isinstance(path, ById)
    return path


@pytest.mark.parametrize("name", [*HOUSEHOLD, *LOOKING_INTO, *BILLING])
async def test_the_adult_sees_every_field_of_it(household: Household, name: str) -> None:
    path = find_path(name)
    body, codes = await ask(household.clients["adult"], path, write_fields(name), household.ids[path.of])
    assert codes == []
    assert body["data"]["node"] is not None
    assert list(body["data"]["node"].values()) != [[]]


@pytest.mark.parametrize("name", HOUSEHOLD)
async def test_the_kid_sees_what_is_for_all_profiles_of_the_account(household: Household, name: str) -> None:
    path = find_path(name)
    kid, selection = household.clients["kid"], write_fields(name)
    body, codes = await ask(kid, path, selection, household.ids[path.of])
    if path.kids != KIDS_TOO:
        assert body == {"data": {"node": None}}
        assert (body, codes) == await ask(kid, path, selection, UNKNOWN[path.of])
        return
    refused = {"history", "ratings"} & list_fields(name).keys()
    for_adults = {field for field, definition in list_fields(name).items() if find_rule(name, definition) in FOR_ADULTS}
    shown = dict(body["data"]["node"])
    assert {field for field in (*refused, *for_adults) if shown[field] is not None} == set()
    assert {error["path"][-1] for error in body.get("errors", ())} == refused
    assert set(codes) <= {FORBIDDEN}


@pytest.mark.parametrize("name", LOOKING_INTO)
async def test_the_kid_looks_into_itself_alone_and_the_adult_into_both(household: Household, name: str) -> None:
    path = find_path(name)
    refused, codes = await ask(household.clients["kid"], path, write_fields(name), household.ids["profile"])
    assert codes == [FORBIDDEN]
    assert list(refused["data"]["node"].values()) == [None]
    for who in ("kid", "adult"):
        body, codes = await ask(household.clients[who], path, write_fields(name), household.kid_id)
        assert codes == []
        assert None not in body["data"]["node"].values()


async def test_on_what_something_was_watched_is_for_adults(demo: Demo, household: Household) -> None:
    await demo.services.pool.execute(
        "UPDATE viewing_history SET device_id = $2 WHERE profile_id = $1", household.kid_id, household.ids["device"]
    )
    for who, shown in (("kid", {None}), ("adult", {household.ids["device"]})):
        body, codes = await ask(
            household.clients[who],
            by_id("profile", "Profile", LOOKING_INTO["HistoryEntry"]),
            "device { id }",
            household.kid_id,
        )
        assert codes == []
        devices = [edge["node"]["device"] for edge in body["data"]["node"]["history"]["edges"]]
        assert {device and device["id"] for device in devices} == shown


@pytest.mark.parametrize("name", BILLING)
async def test_the_kid_sees_nothing_of_billing(household: Household, name: str) -> None:
    selection = write_fields(name)
    body, _ = await ask(household.clients["kid"], find_path(name), selection, household.ids["account"])
    assert body == {"data": {"node": {"billingHistory": None}}}


@pytest.mark.parametrize("who", ["visitor", "kid", "adult", "other", "operator"])
@pytest.mark.parametrize("name", OWN)
async def test_what_each_has_is_shown_by_the_rule_of_its_root(household: Household, name: str, who: str) -> None:
    path = PATHS[name]
    assert isinstance(path, Own)
    root = find_rule("Query", list_fields("Query")[path.root])
    refusal = ""
    if who == "visitor" and root is not Access.PUBLIC:
        refusal = UNAUTHENTICATED
    elif (root is Access.OPERATOR and who != "operator") or (root is Access.PROFILE and who == "operator"):
        refusal = FORBIDDEN
    body, codes = await ask(household.clients[who], path, write_fields(name))
    assert set(codes) & REFUSALS == ({refusal} if refusal else set())
    if refusal:
        assert body["data"] == {path.root: None}
    else:
        assert body["data"][path.root]


async def test_a_viewer_is_whoever_asks(household: Household) -> None:
    query = "{ viewer { account { id } profile { id } device { id } } }"
    for who, client in household.clients.items():
        viewer = (await client.fetch(query))["viewer"]
        assert (viewer["account"] is None) == (who == "visitor")
        assert (viewer["profile"] is None) == (who in ("visitor", "operator"))
        assert (viewer["device"] is None) == (who == "visitor")
        if who in ("adult", "kid"):
            assert viewer["account"]["id"] == household.ids["account"]
        elif viewer["account"] is not None:
            assert viewer["account"]["id"] != household.ids["account"]
