"""Accounts as a viewer has them: registered, verified, changed, reset and deleted, with the mail in between."""

import asyncio
from datetime import timedelta

import pytest

from bff.stores import keys
from bff.stores.login_failures import MOST_OF_ACCOUNT, MOST_OF_ADDRESS
from tests.api.account_holder import (
    CHANGE,
    DELETE,
    LOGIN,
    ME,
    NEW_PASSWORD,
    PASSWORD,
    REFRESH,
    UPDATE,
    VERIFY,
    add_profile,
    deliver,
    new_address,
    register,
    try_to_register,
    update,
)
from tests.live import Demo

pytestmark = pytest.mark.usefixtures("nobody_failed")


# ---- registration


async def test_a_new_account_is_signed_in_and_has_nothing_yet(demo: Demo) -> None:
    holder = await register(demo)
    viewer = holder.session["viewer"]
    assert viewer["account"] == {
        "id": holder.account_id,
        "email": holder.email,
        "emailVerified": False,
        "country": "DE",
        "status": "ACTIVE",
        "profiles": [],
    }
    assert (viewer["profile"], viewer["device"]["class"], viewer["region"]) == (None, "WEB", "DE")
    assert await holder.is_signed_in(holder.client)
    assert (await holder.login())["__typename"] == "Session"
    assert (await demo.visitor.fetch(REFRESH, token=holder.session["refreshToken"]))["refreshToken"]["accessToken"]


async def test_a_name_makes_an_adult_profile(demo: Demo) -> None:
    holder = await register(demo, name=" Ada  Lovelace", language="de")
    assert holder.session["viewer"]["profile"]["name"] == "Ada Lovelace"
    assert holder.session["viewer"]["locale"] == "de"
    me = await holder.client.fetch("{ viewer { profile { isKids maturityCeiling hasPin avatar { url } } } }")
    assert me["viewer"]["profile"] == me["viewer"]["profile"] | {
        "isKids": False,
        "maturityCeiling": "AGE_18",
        "hasPin": False,
    }
    assert (await update(holder.client, country="FR", password=PASSWORD))["country"] == "FR"


async def test_one_address_is_one_account_however_it_is_written(demo: Demo) -> None:
    holder = await register(demo)
    answer = await try_to_register(demo, f" {holder.email.upper()} ", password="something else")
    assert answer.data["registerAccount"] == {
        "__typename": "InvalidInput",
        "message": "This address has an account: sign in, or ask for a new password.",
        "fields": [
            {"path": "input.email", "message": "This address has an account: sign in, or ask for a new password."}
        ],
    }
    assert (await holder.login())["__typename"] == "Session"
    login = await demo.visitor.fetch(LOGIN, input={"email": f"\t{holder.email.title()} ", "password": PASSWORD})
    assert login["login"]["__typename"] == "Session"


async def test_of_many_at_once_one_gets_the_address(demo: Demo) -> None:
    email = new_address()
    answers = await asyncio.gather(*(try_to_register(demo, email) for _ in range(6)))
    kinds = sorted(answer.data["registerAccount"]["__typename"] for answer in answers)
    assert kinds == ["InvalidInput"] * 5 + ["Session"]


async def test_what_cannot_be_taken_is_named_field_by_field(demo: Demo) -> None:
    answer = await try_to_register(demo, "nobody@nowhere", password="short", country="ZZ", name=" ", language="?")
    refusal = answer.data["registerAccount"]
    assert refusal["__typename"] == "InvalidInput"
    assert sorted(fault["path"] for fault in refusal["fields"]) == [
        "input.country",
        "input.email",
        "input.language",
        "input.name",
        "input.password",
    ]
    assert all(fault["message"] and fault["message"] in refusal["message"] for fault in refusal["fields"])


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "x" * 129, "1234567"])
async def test_a_password_that_is_guessed_at_once_is_not_taken(demo: Demo, password: str) -> None:
    answer = await try_to_register(demo, new_address(), password=password)
    assert [fault["path"] for fault in answer.data["registerAccount"]["fields"]] == ["input.password"]


async def test_taken_addresses_cannot_be_tried_without_end(demo: Demo) -> None:
    holder = await register(demo)
    answers = [await try_to_register(demo, holder.email) for _ in range(MOST_OF_ADDRESS + 2)]
    assert [answer.codes for answer in answers] == [[]] * MOST_OF_ADDRESS + [["RATE_LIMITED"]] * 2
    assert answers[-1].body["errors"][0]["extensions"]["retryAfter"] > 0
    await demo.services.cache.forget(keys.login_failures_of_address("127.0.0.1"))
    for _ in range(3):
        await register(demo)
    key = keys.login_failures_of_address("127.0.0.1")
    assert await demo.services.cache.redis.zcard(key) == 0


# ---- the address


async def test_the_mail_verifies_the_address_once(demo: Demo) -> None:
    holder = await register(demo)
    assert await holder.read_mail() == ["Confirm your e-mail address"]
    token = await holder.read_token()
    verified = (await demo.visitor.fetch(VERIFY, token=token))["verifyEmail"]
    assert verified == {"id": holder.account_id, "email": None, "emailVerified": True}
    assert (await demo.visitor.run(VERIFY, {"token": token})).codes == ["NOT_FOUND"]
    assert (await holder.client.fetch(ME))["viewer"]["account"]["emailVerified"] is True


async def test_a_stranger_with_the_mail_sees_no_more_than_the_account(demo: Demo) -> None:
    holder = await register(demo)
    await add_profile(holder)
    text = """mutation ($token: String!) {
        verifyEmail(token: $token) { email profiles { id } devices { id } membership { id } } }"""
    account = (await demo.visitor.fetch(text, token=await holder.read_token()))["verifyEmail"]
    assert account == {"email": None, "profiles": [], "devices": None, "membership": None}


async def test_who_is_signed_in_elsewhere_sees_no_more_by_a_mail_either(demo: Demo) -> None:
    holder = await register(demo)
    text = """mutation ($token: String!) {
        verifyEmail(token: $token) { email billingHistory { edges { node { id } } } devices { id } } }"""
    account = (await (await demo.make_viewer()).fetch(text, token=await holder.read_token()))["verifyEmail"]
    assert account == {"email": None, "billingHistory": None, "devices": None}


async def test_a_link_dies_after_three_days(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.read_token()
    demo.clock.shift = timedelta(days=3, minutes=1)
    try:
        assert (await demo.visitor.run(VERIFY, {"token": token})).codes == ["NOT_FOUND"]
    finally:
        demo.clock.shift = timedelta(0)


async def test_a_new_address_counts_once_it_is_verified(demo: Demo) -> None:
    holder = await register(demo)
    await holder.read_mail()
    old, new = holder.email, new_address()
    account = await update(holder.client, email=f" {new.upper()}", password=PASSWORD)
    assert (account["__typename"], account["email"], account["emailVerified"]) == ("Account", old, False)
    mails = await deliver(demo)
    assert [mail["To"] for mail in mails] == [new]
    assert (await holder.login())["__typename"] == "Session"
    holder.mailbox.mails += mails
    token = await holder.read_token()
    verified = (await holder.client.fetch(VERIFY, token=token))["verifyEmail"]
    assert verified == {"id": holder.account_id, "email": new, "emailVerified": True}
    assert (await holder.login())["__typename"] == "InvalidCredentials"
    assert await holder.read_mail() == ["Your Marquee account has a new e-mail address"]
    holder.email = new
    assert (await holder.login())["__typename"] == "Session"


async def test_only_the_last_new_address_can_be_verified(demo: Demo) -> None:
    holder = await register(demo)
    await update(holder.client, email=new_address(), password=PASSWORD)
    mistaken = await deliver(demo)
    await update(holder.client, email=new_address(), password=PASSWORD)
    holder.mailbox.mails = [mail for mail in mistaken if mail["To"] != holder.email]
    assert (await demo.visitor.run(VERIFY, {"token": await holder.read_token()})).codes == ["NOT_FOUND"]


async def test_an_address_that_somebody_else_has_cannot_be_taken(demo: Demo) -> None:
    holder, other = await register(demo), await register(demo)
    refusal = await update(holder.client, email=other.email, password=PASSWORD)
    assert (refusal["__typename"], refusal["fields"][0]["path"]) == ("InvalidInput", "input.email")
    wanted = new_address()
    await update(holder.client, email=wanted, password=PASSWORD)
    mails = [mail for mail in await deliver(demo) if mail["To"] == wanted]
    assert (await try_to_register(demo, wanted)).data["registerAccount"]["__typename"] == "Session"
    holder.mailbox.mails = mails
    assert (await demo.visitor.run(VERIFY, {"token": await holder.read_token()})).codes == ["CONFLICT"]
    assert (await holder.login())["__typename"] == "Session"


async def test_the_verification_can_be_asked_for_again_and_not_without_end(demo: Demo) -> None:
    holder = await register(demo)
    for _ in range(2):
        await update(holder.client, email=holder.email, password=PASSWORD)
    answer = await holder.client.run(UPDATE, {"input": {"email": holder.email, "password": PASSWORD}})
    assert answer.codes == ["RATE_LIMITED"]
    assert 3500 < answer.body["errors"][0]["extensions"]["retryAfter"] <= 3601
    assert (await demo.visitor.fetch(VERIFY, token=await holder.read_token()))["verifyEmail"]["emailVerified"]
    assert (await update(holder.client, email=holder.email, password=PASSWORD))["__typename"] == "Account"


async def test_changes_ask_for_the_password(demo: Demo) -> None:
    holder = await register(demo)
    for given in ({}, {"password": None}, {"password": "wrong"}):
        refusal = await update(holder.client, country="FR", **given)
        assert refusal["__typename"] == "InvalidCredentials"
    assert (await update(holder.client, country="fr", password=PASSWORD))["country"] == "FR"
    refusal = await update(holder.client, country="XX", email="no", password=PASSWORD)
    assert [fault["path"] for fault in refusal["fields"]] == ["input.email", "input.country"]
    assert (await update(holder.client, password=PASSWORD))["country"] == "FR"


async def test_an_empty_text_is_not_left_out(demo: Demo) -> None:
    holder = await register(demo)
    for name in ("email", "country"):
        refusal = await update(holder.client, password=PASSWORD, **{name: ""})
        assert [fault["path"] for fault in refusal["fields"]] == [f"input.{name}"]
    refusal = (await try_to_register(demo, new_address(), name="")).data["registerAccount"]
    assert [fault["path"] for fault in refusal["fields"]] == ["input.name"]


async def test_a_stolen_sign_in_cannot_guess_the_password_without_end(demo: Demo) -> None:
    holder = await register(demo)
    answers = [await holder.client.run(DELETE, {"password": f"guess {n}"}) for n in range(MOST_OF_ACCOUNT + 1)]
    assert [answer.codes for answer in answers] == [[]] * MOST_OF_ACCOUNT + [["RATE_LIMITED"]]
    for text, given in (
        (UPDATE, {"input": {"country": "FR", "password": PASSWORD}}),
        (CHANGE, {"current": PASSWORD, "new": NEW_PASSWORD}),
        (DELETE, {"password": PASSWORD}),
        (LOGIN, {"input": {"email": holder.email, "password": PASSWORD}}),
    ):
        assert (await holder.client.run(text, given)).codes == ["RATE_LIMITED"]


# ---- kids


async def test_kids_change_nothing_of_the_account(demo: Demo) -> None:
    holder = await register(demo)
    await add_profile(holder, is_kids=True)
    kid = await holder.sign_in()
    for text, given in (
        (UPDATE, {"input": {"country": "FR", "password": PASSWORD}}),
        (CHANGE, {"current": PASSWORD, "new": NEW_PASSWORD}),
        (DELETE, {"password": PASSWORD}),
    ):
        assert (await kid.run(text, given)).codes == ["FORBIDDEN"]
