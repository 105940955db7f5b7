"""Accounts as a viewer has them: registered, verified, changed, reset and deleted, with the mail in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bff.stores import keys
from bff.stores.login_failures import MOST_OF_ACCOUNT, MOST_OF_ADDRESS
from tests.api.account_holder import (
    ASK,
    CHANGE,
    DELETE,
    LOGIN,
    ME,
    PASSWORD,
    REFRESH,
    RESET,
    UPDATE,
    VERIFY,
    add_profile,
    carry,
    deliver,
    forget_tries,
    new_address,
    register,
    try_to_register,
)
from tests.live import Client, Demo

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture(autouse=True)
async def nobody_failed(demo: Demo) -> AsyncIterator[None]:
    """All tests come from one address, whose failures and mails must not add up."""
    await forget_tries(demo)
    yield
    await forget_tries(demo)


async def update(client: Client, **given: Any) -> dict[str, Any]:
    return dict((await client.fetch(UPDATE, input=given))["updateAccount"])


async def change(client: Client, current: str, new: str) -> dict[str, Any]:
    return dict((await client.fetch(CHANGE, current=current, new=new))["changePassword"])


async def reset(demo: Demo, token: str, password: str = NEW_PASSWORD, **options: bool) -> dict[str, Any]:
    return dict((await demo.visitor.fetch(RESET, token=token, password=password, **options))["resetPassword"])


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


# ---- the password


async def test_a_new_password_ends_all_sign_ins_and_goes_on_with_a_new_one(demo: Demo) -> None:
    holder = await register(demo)
    profile_id = await add_profile(holder)
    here, elsewhere = await holder.login(), await holder.sign_in()
    session = await change(carry(demo, here), PASSWORD, NEW_PASSWORD)
    assert session["viewer"]["profile"]["id"] == profile_id
    assert session["viewer"]["device"]["id"] == here["viewer"]["device"]["id"]
    assert await holder.is_signed_in(carry(demo, session))
    for ended in (carry(demo, here), elsewhere, holder.client):
        assert (await ended.run(ME)).codes == ["UNAUTHENTICATED"]
    refreshed = (await demo.visitor.fetch(REFRESH, token=here["refreshToken"]))["refreshToken"]
    assert refreshed["__typename"] == "InvalidCredentials"
    assert (await holder.login())["__typename"] == "InvalidCredentials"
    assert (await holder.login(NEW_PASSWORD))["__typename"] == "Session"


async def test_a_password_is_not_changed_by_who_does_not_know_it(demo: Demo) -> None:
    holder = await register(demo)
    assert (await change(holder.client, "wrong", NEW_PASSWORD))["__typename"] == "InvalidCredentials"
    assert (await holder.client.run(CHANGE, {"current": PASSWORD, "new": "short"})).codes == ["BAD_USER_INPUT"]
    assert (await holder.client.run(CHANGE, {"current": PASSWORD, "new": holder.email})).codes == ["BAD_USER_INPUT"]
    assert await holder.is_signed_in(holder.client)
    assert (await holder.login())["__typename"] == "Session"


async def test_of_two_changes_at_once_one_wins(demo: Demo) -> None:
    holder = await register(demo)
    clients = [await holder.sign_in() for _ in range(2)]
    answers = await asyncio.gather(
        *(client.run(CHANGE, {"current": PASSWORD, "new": f"{NEW_PASSWORD} {n}"}) for n, client in enumerate(clients))
    )
    kinds = [answer.body["data"]["changePassword"]["__typename"] if not answer.codes else "Ended" for answer in answers]
    [winner] = [n for n, kind in enumerate(kinds) if kind == "Session"]
    assert (await holder.login(f"{NEW_PASSWORD} {winner}"))["__typename"] == "Session"


async def test_a_reset_by_mail_ends_all_sign_ins_and_works_once(demo: Demo) -> None:
    holder = await register(demo)
    await holder.read_mail()
    assert (await demo.visitor.fetch(ASK, email=holder.email.upper()))["requestPasswordReset"] is True
    assert await holder.read_mail() == ["Choose a new password"]
    token = await holder.read_token("Choose a new password")
    assert (await demo.visitor.run(RESET, {"token": token, "password": "short"})).codes == ["BAD_USER_INPUT"]
    session = await reset(demo, token)
    assert session["viewer"]["account"] == session["viewer"]["account"] | {"id": holder.account_id}
    assert session["viewer"]["account"]["emailVerified"] is True
    assert await holder.is_signed_in(carry(demo, session))
    assert (await holder.client.run(ME)).codes == ["UNAUTHENTICATED"]
    assert (await reset(demo, token))["__typename"] == "InvalidCredentials"
    assert (await holder.login())["__typename"] == "InvalidCredentials"
    assert (await holder.login(NEW_PASSWORD))["__typename"] == "Session"


async def test_a_reset_where_every_profile_has_a_pin_asks_for_it(demo: Demo) -> None:
    holder = await register(demo)
    await add_profile(holder, pin_hash=await demo.services.authority.passwords.hash("1357"))
    answer = await reset(demo, await holder.ask_for_reset())
    assert answer["__typename"] == "PinRequired"
    assert (await holder.login(NEW_PASSWORD, pin="1357"))["__typename"] == "Session"


async def test_who_has_forgotten_the_pin_of_every_adult_profile_gets_back_in_by_mail(demo: Demo) -> None:
    holder = await register(demo)
    adult_id = await add_profile(holder, pin_hash=await demo.services.authority.passwords.hash("1357"))
    kids_id = await add_profile(holder, is_kids=True)
    assert (await holder.login())["viewer"]["profile"]["id"] == kids_id
    token = await holder.ask_for_reset()
    back = carry(demo, await reset(demo, token, removePins=True))
    text = "{ viewer { profile { id } account { profiles { id hasPin } } } }"
    viewer = (await back.fetch(text))["viewer"]
    assert viewer["profile"]["id"] == adult_id
    assert [profile["hasPin"] for profile in viewer["account"]["profiles"]] == [False, False]


async def test_a_dead_link_takes_no_pin_away(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    await reset(demo, token)
    adult_id = await add_profile(holder, pin_hash=await demo.services.authority.passwords.hash("1357"))
    assert (await reset(demo, token, removePins=True))["__typename"] == "InvalidCredentials"
    assert (await holder.login(NEW_PASSWORD, profileId=adult_id))["__typename"] == "PinRequired"


async def test_a_reset_link_dies_after_an_hour(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    demo.clock.shift = timedelta(minutes=61)
    try:
        assert (await reset(demo, token))["__typename"] == "InvalidCredentials"
    finally:
        demo.clock.shift = timedelta(0)
    assert (await reset(demo, token))["__typename"] == "Session"


async def test_a_changed_password_kills_reset_links_on_their_way(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    await change(holder.client, PASSWORD, NEW_PASSWORD)
    assert (await reset(demo, token, "yet another one"))["__typename"] == "InvalidCredentials"


async def test_of_parallel_uses_of_one_link_one_works(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    answers = await asyncio.gather(*(reset(demo, token, f"{NEW_PASSWORD} {n}") for n in range(5)))
    assert sorted(answer["__typename"] for answer in answers) == ["InvalidCredentials"] * 4 + ["Session"]


async def test_nobody_learns_from_a_reset_who_has_an_account(demo: Demo) -> None:
    holder = await register(demo)
    await holder.read_mail()
    answers = [
        (await demo.visitor.run(ASK, {"email": email})).body
        for email in (holder.email, new_address(), "no address", "", "@", "x" * 1000)
    ]
    assert answers == [{"data": {"requestPasswordReset": True}}] * 6
    assert [mail["To"] for mail in await deliver(demo)] == [holder.email]


async def test_an_address_gets_three_mails_an_hour(demo: Demo) -> None:
    holder = await register(demo)
    for _ in range(5):
        assert (await demo.visitor.fetch(ASK, email=holder.email))["requestPasswordReset"] is True
    assert sorted(await holder.read_mail()) == ["Choose a new password"] * 2 + ["Confirm your e-mail address"]
    stranger = new_address()
    for _ in range(5):
        await demo.visitor.fetch(ASK, email=stranger)
    count = await demo.services.pool.fetchval("SELECT count(*) FROM mail WHERE recipient = $1", stranger)
    assert count == 3


async def test_one_network_address_does_not_flood_the_mail_of_many(demo: Demo) -> None:
    most = demo.services.settings.mail_requests
    answers = [await demo.visitor.run(ASK, {"email": f"flood-{n}@example.org"}) for n in range(most + 1)]
    assert [answer.codes for answer in answers] == [[]] * most + [["RATE_LIMITED"]]
    assert (await try_to_register(demo, new_address())).codes == ["RATE_LIMITED"]


async def test_garbage_for_a_token_is_no_token(demo: Demo) -> None:
    for token in ("", "x", "'; DROP TABLE mail --", "x" * 10_000):
        assert (await demo.visitor.run(VERIFY, {"token": token})).codes == ["NOT_FOUND"]
        assert (await reset(demo, token))["__typename"] == "InvalidCredentials"


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
