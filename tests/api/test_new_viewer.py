"""A new viewer's whole way through the product, from registering to leaving it; a child and a thief in their house."""

from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from bff.auth.tokens import read_bearer
from bff.stores.account_removal import remove_closed_accounts
from tests.api.account_holder import (
    ASK,
    DELETE,
    LOGIN,
    ME,
    PASSWORD,
    REFRESH,
    REGISTER,
    RESET,
    SESSION,
    VERIFY,
    carry,
    forget_tries,
    new_address,
)
from tests.forgeries import OWN_KEY, Loot, sign
from tests.live import Client, Demo
from tests.workers.smtp import read_token
from workers.mail import open_mail_room, send_due_mails

NEW_PASSWORD = "another horse, another battery"
MEMBERSHIP = """__typename ... on Membership { status plan { code } pendingPlan { code } renewsAt }
    ... on Problem { message }"""
START = f"mutation ($input: StartMembershipInput!) {{ answer: startMembership(input: $input) {{ {MEMBERSHIP} }} }}"
CHANGE = f"mutation ($plan: PlanCode!) {{ answer: changeMembership(plan: $plan) {{ {MEMBERSHIP} }} }}"
PROFILE = "__typename ... on Profile { id isKids maturityCeiling hasPin } ... on Problem { message }"
CREATE = f"mutation ($input: ProfileInput!) {{ answer: createProfile(input: $input) {{ {PROFILE} }} }}"
SET_PIN = f"""mutation ($id: ID!, $password: String!, $pin: String) {{
    answer: setPin(profileId: $id, password: $password, pin: $pin) {{ {PROFILE} }} }}"""
SWITCH = f"""mutation ($id: ID!, $pin: String) {{ answer: switchProfile(profileId: $id, pin: $pin) {{
    {SESSION.replace("... on InvalidInput { fields { path message } }", "")} }} }}"""
TV = 'mutation { answer: registerDevice(input: {class: TV, name: "Den"}) { id name } }'
REACH = """{ viewer { account { email billingHistory { edges { node { id } } } devices { id } membership { renewsAt }
    profiles { id history { edges { node { watchedAt } } } ratings { edges { node { id } } } } } } }"""
TITLES = """query ($ids: [ID!]!, $words: String!) { nodes(ids: $ids) { id } titles(ids: $ids) { id }
    search(query: $words, first: 75) { edges { node { maturityRating } } people { id } }
    suggest(prefix: $words, first: 20) { node { id } } }"""
FOR_ADULTS = (
    'mutation { createProfile(input: {name: "Max"}) { __typename } }',
    f'mutation ($id: ID!) {{ setPin(profileId: $id, password: "{PASSWORD}") {{ __typename }} }}',
    f'mutation ($id: ID!) {{ deleteProfile(profileId: $id, password: "{PASSWORD}") {{ __typename }} }}',
    'mutation ($id: ID!) { updateProfile(profileId: $id, input: {name: "Max"}) { __typename } }',
    "mutation ($id: ID!) { clearHistory(profileId: $id) { __typename } }",
    "mutation { cancelMembership { __typename } }",
    f'mutation {{ changePassword(current: "{PASSWORD}", new: "{NEW_PASSWORD}") {{ __typename }} }}',
    f'mutation {{ deleteAccount(password: "{PASSWORD}") {{ __typename }} }}',
)


@dataclass
class House:
    """The people at one account: `adult` and `tv` are their sign-ins, the latter by the child."""

    demo: Demo
    email: str = field(default_factory=new_address)
    password: str = PASSWORD

    async def ask(self, client: Client, text: str, **variables: Any) -> dict[str, Any]:
        """The one field that the operation asks for."""
        [answer] = (await client.fetch(text, **variables)).values()
        return dict(answer)

    async def read_mail(self, subject: str) -> EmailMessage:
        """The latest mail of that subject in the folder that `bff dev` writes them to."""
        room = open_mail_room(self.demo.services.settings)
        await send_due_mails(self.demo.services.pool, room)
        files = sorted((self.demo.services.settings.data_dir / "mail").glob("*.eml"), reverse=True)
        mails = (message_from_bytes(file.read_bytes(), policy=default) for file in files)
        return next(mail for mail in mails if (mail["To"], mail["Subject"]) == (self.email, subject))

    async def log_in(self, client: Client, **given: Any) -> dict[str, Any]:
        return await self.ask(client, LOGIN, input={"email": self.email, "password": self.password, **given})


@pytest.fixture
async def house(demo: Demo) -> House:
    await forget_tries(demo)
    return House(demo)


async def test_a_new_viewer_comes_stays_and_goes(demo: Demo, house: House) -> None:
    given = {"email": house.email, "password": house.password, "country": "US", "name": "Ada"}
    session = await house.ask(demo.visitor, REGISTER, input=given)
    adult, adult_id = carry(demo, session), session["viewer"]["profile"]["id"]
    link = read_token(await house.read_mail("Confirm your e-mail address"))
    assert (await house.ask(adult, VERIFY, token=link))["emailVerified"] is True
    prices = {plan["code"]: plan["price"]["amount"] for plan in await list_plans(adult)}
    assert prices == {"BASIC": 999, "STANDARD": 1549, "PREMIUM": 1999}
    begun = await house.ask(adult, START, input={"plan": "STANDARD", "paymentToken": "card"})
    assert (begun["status"], begun["plan"]) == ("ACTIVE", {"code": "STANDARD"})

    kid = await house.ask(adult, CREATE, input={"name": "Kit", "isKids": True})
    assert (kid["isKids"], kid["maturityCeiling"]) == (True, "AGE_7")
    assert (await house.ask(adult, SET_PIN, id=adult_id, password="wrong", pin="1357"))["__typename"] != "Profile"
    assert (await house.ask(adult, SET_PIN, id=adult_id, password=PASSWORD, pin="1357"))["hasPin"] is True

    second = await house.log_in(demo.visitor.with_headers(X_Device_Class="TV"))
    assert second["viewer"]["profile"]["name"] == "Kit"
    assert "a TV" in (await house.read_mail("A new sign-in to your Marquee account")).get_body(("plain",)).get_content()
    tv = carry(demo, second)
    assert (await house.ask(tv, TV))["name"] == "Den"
    await play_the_child(house, tv, kid["id"], adult_id)
    await play_the_thief(house, tv)

    assert (await house.ask(adult, CHANGE, plan="PREMIUM"))["plan"] == {"code": "PREMIUM"}
    assert (await house.ask(adult, CHANGE, plan="BASIC"))["pendingPlan"] == {"code": "BASIC"}
    refreshed = await house.ask(demo.visitor, REFRESH, token=session["refreshToken"])
    fresh = carry(demo, refreshed)
    claims = demo.services.authority.verifier.verify(read_bearer(fresh.headers["Authorization"]), demo.clock())
    assert (claims.plan, claims.region) == ("PREMIUM", "US")

    await house.ask(demo.visitor, LOGIN, input={"email": house.email, "password": "forgotten"})
    assert (await demo.visitor.fetch(ASK, email=house.email)) == {"requestPasswordReset": True}
    link = read_token(await house.read_mail("Choose a new password"))
    house.password = NEW_PASSWORD
    assert (await house.ask(demo.visitor, RESET, token=link, password=NEW_PASSWORD))["__typename"] == "Session"
    for ended in (adult, fresh, tv):
        assert (await ended.run(ME)).codes == ["UNAUTHENTICATED"]

    assert (await house.log_in(demo.visitor, profileId=adult_id))["__typename"] == "PinRequired"
    last = carry(demo, await house.log_in(demo.visitor, profileId=adult_id, pin="1357"))
    assert (await house.ask(last, DELETE, password=PASSWORD))["__typename"] == "InvalidCredentials"
    assert (await house.ask(last, DELETE, password=NEW_PASSWORD))["__typename"] == "AccountDeleted"
    assert (await last.run(ME)).codes == ["UNAUTHENTICATED"]
    assert (await house.log_in(demo.visitor))["__typename"] == "InvalidCredentials"
    services = demo.services
    await remove_closed_accounts(services.pool, services.cache, demo.clock() + timedelta(minutes=1))
    assert await services.pool.fetchval("SELECT count(*) FROM account WHERE id = $1", adult.account_id) == 0


async def list_plans(client: Client) -> list[dict[str, Any]]:
    return list((await client.fetch("{ plans { code price { amount } } }"))["plans"])


async def play_the_child(house: House, tv: Client, kid_id: str, adult_id: str) -> None:
    """Who holds the token of a kids profile changes nothing, and sees nothing of adults or for them."""
    for text in FOR_ADULTS:
        variables = {"id": kid_id} if "$id" in text else {}
        assert (await tv.run(text, variables)).codes == ["FORBIDDEN"], text
    answer = await tv.run(REACH)
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    account = answer.body["data"]["viewer"]["account"]
    assert (account["email"], account["billingHistory"], account["devices"]) == (None, None, None)
    assert account["membership"] == {"renewsAt": None}
    assert [(profile["id"], profile["history"] is None) for profile in account["profiles"]] == [
        (adult_id, True),
        (kid_id, False),
    ]
    for pin in (None, "0000"):
        assert (await house.ask(tv, SWITCH, id=adult_id, pin=pin))["__typename"] == "PinRequired"
    await look_for_what_is_over_the_ceiling(house, tv)


async def look_for_what_is_over_the_ceiling(house: House, tv: Client) -> None:
    """By id, name and the people in it: titles over the ceiling, and people who are in no other titles."""
    cards = house.demo.services.follower.catalogue.cards.values()
    over = [card for card in cards if card.maturity > 7]
    seen = {credit.person_id for card in cards if card.maturity <= 7 for credit in card.credits}
    unseen = [credit for card in over for credit in card.credits if credit.person_id not in seen]
    ids = [card.id for card in over[:40]] + [credit.person_id for credit in unseen[:40]]
    for words in (over[0].name, unseen[0].name, unseen[-1].name):
        answer = await tv.fetch(TITLES, ids=ids, words=words)
        assert answer["nodes"] == answer["titles"] == [None] * len(ids)
        assert {edge["node"]["maturityRating"] for edge in answer["search"]["edges"]} <= {"ALL", "AGE_7"}
        people = {person["id"] for person in answer["search"]["people"]}
        suggested = {suggestion["node"] and suggestion["node"]["id"] for suggestion in answer["suggest"]}
        assert not (people | suggested) & {*ids, *(credit.person_id for credit in unseen)}


async def play_the_thief(house: House, tv: Client) -> None:
    """A token made by somebody else's key, or of the child's with more in it, opens nothing."""
    demo = house.demo
    loot = Loot(read_bearer(tv.headers["Authorization"]), demo.services.authority.keys.choose(demo.clock()), "")
    forged = (
        sign(loot.header, {**loot.claims, "permissions": ["operator"]}, OWN_KEY),
        loot.with_claims(profile=None, permissions=["operator"]),
        loot.with_header(alg="none"),
    )
    for token in forged:
        answer = await demo.visitor.with_headers(Authorization=f"Bearer {token}").run(ME)
        assert (answer.response.status_code, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert (await tv.run("{ service { titleCount } }")).codes == ["FORBIDDEN"]
