"""The contract's operations: all fit the served schema, and those served so far bring real results to every demo
account, profile and device class."""

import pytest
from graphql import parse, validate

from bff.domain.devices import DeviceClass
from schema.build import build_schema
from tests.live import OPERATIONS, Client, Demo

ACCOUNTS = ("basic@example.com", "standard@example.com", "premium@example.com", "india@example.com")
PROFILES = [(email, name) for email in ACCOUNTS for name in ("Ada", "Kit")] + [("premium@example.com", "Max")]
OPERATOR = "operator@example.com"
PINS = {"Max": "2468"}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operation_fits_the_served_schema(name: str) -> None:
    document = parse(OPERATIONS[name])
    assert [error.message for error in validate(build_schema()._schema, document)] == []


@pytest.fixture(scope="module")
async def signed_in(demo: Demo) -> dict[tuple[str, str | None], Client]:
    """Everybody of the demo, by account and profile: signing in takes long, so once."""
    clients: dict[tuple[str, str | None], Client] = {(OPERATOR, None): await demo.sign_in(OPERATOR)}
    for email in ACCOUNTS:
        first = await demo.sign_in(email)
        gate = (await first.run(OPERATIONS["account"], operation="Gate")).data["viewer"]
        for profile in gate["account"]["profiles"]:
            answer = await first.run(
                OPERATIONS["account"],
                {"profileId": profile["id"], "pin": PINS.get(profile["name"])},
                "SwitchProfile",
            )
            session = answer.data["switchProfile"]
            assert session["__typename"] == "Session", session
            assert session["viewer"]["profile"]["id"] == profile["id"]
            clients[email, profile["name"]] = first.with_headers(Authorization=f"Bearer {session['accessToken']}")
    return clients


def test_every_account_has_its_profiles(signed_in: dict[tuple[str, str | None], Client]) -> None:
    assert sorted(signed_in, key=str) == sorted([*PROFILES, (OPERATOR, None)], key=str)


@pytest.mark.parametrize("device_class", list(DeviceClass))
@pytest.mark.parametrize(("email", "profile"), PROFILES)
async def test_operations_bring_real_results(
    signed_in: dict[tuple[str, str | None], Client], email: str, profile: str, device_class: DeviceClass
) -> None:
    client = signed_in[email, profile].with_headers(X_Device_Class=device_class.value)

    gate = (await client.run(OPERATIONS["account"], operation="Gate")).data["viewer"]
    assert gate["profile"]["name"] == profile
    assert gate["region"] == ("IN" if email == "india@example.com" else "US")
    assert gate["account"]["membership"]["status"] == "ACTIVE"
    assert all(held["avatar"]["url"].startswith("/images/") for held in gate["account"]["profiles"])

    home = (await client.fetch(OPERATIONS["home"]))["home"]
    assert home["hero"]["title"]["synopsis"]
    assert home["hero"]["previewDelay"] > 0
    rows = [edge["node"] for edge in home["rows"]["edges"]]
    assert len(rows) == 10
    cards = [edge["node"] for row in rows for edge in row["items"]["edges"]]
    assert len(cards) > 100
    assert all(card["artwork"]["url"] and card["title"]["synopsis"] for card in cards)
    assert sum(1 for card in cards if card["title"]["genres"]) > 0.9 * len(cards)
    kinds = {row["kind"] for row in rows}
    assert ("CONTINUE_WATCHING" in kinds) == (profile == "Ada")
    if profile == "Kit":
        assert {card["title"]["maturityRating"] for card in cards} <= {"ALL", "AGE_7"}

    name = cards[0]["title"]["name"]
    search = (await client.fetch(OPERATIONS["search"], query=name))["search"]
    assert search["edges"][0]["node"]["name"].casefold() == name.casefold()
    assert search["edges"][0]["match"]["kind"] == "NAME"
    assert search["totalCount"] >= len(search["edges"]) > 0
    assert search["facets"]

    for identifier in {cards[0]["title"]["id"], home["hero"]["title"]["id"]}:
        title = (await client.fetch(OPERATIONS["title"], id=identifier))["title"]
        assert title["id"] == identifier
        assert title["availability"] == {"region": gate["region"], "isAvailable": True} | {
            "until": title["availability"]["until"]
        }
        assert len(title["similar"]["edges"]) == 12
        if title["__typename"] == "Movie":
            assert title["play"]["id"] == identifier
        else:
            assert title["seasonCount"] == len(title["seasons"]) > 0


@pytest.mark.parametrize("device_class", list(DeviceClass))
async def test_the_operator_has_no_profile_and_no_home(
    signed_in: dict[tuple[str, str | None], Client], device_class: DeviceClass
) -> None:
    client = signed_in[OPERATOR, None].with_headers(X_Device_Class=device_class.value)
    gate = (await client.run(OPERATIONS["account"], operation="Gate")).data["viewer"]
    assert gate["profile"] is None
    assert gate["account"]["profiles"] == []
    assert gate["account"]["membership"] is None
    assert (await client.fetch(OPERATIONS["home"]))["home"] is None
    search = (await client.fetch(OPERATIONS["search"], query="love"))["search"]
    assert search["edges"]
    title = (await client.fetch(OPERATIONS["title"], id=search["edges"][0]["node"]["id"]))["title"]
    assert title["isInMyList"] is None
