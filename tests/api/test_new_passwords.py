"""New passwords: by who knows the old one, and by mail; what they end, call off, and tell."""

import asyncio
from datetime import timedelta

import pytest

from tests.api.account_holder import (
    ASK,
    CHANGE,
    ME,
    NEW_PASSWORD,
    PASSWORD,
    REFRESH,
    RESET,
    UPDATE,
    VERIFY,
    add_profile,
    carry,
    change,
    deliver,
    forget_tries,
    new_address,
    register,
    reset,
    try_to_register,
    update,
)
from tests.api.studio_desk import STATUS
from tests.live import Demo
from tests.workers.smtp import read_token

pytestmark = pytest.mark.usefixtures("nobody_failed")


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


async def test_a_new_password_goes_on_with_the_device_that_the_sign_in_was_bound_to(demo: Demo) -> None:
    holder = await register(demo)
    text = "mutation ($id: ID) { registerDevice(input: { class: TV, id: $id }) { id } }"
    device_id = (await holder.client.fetch(text))["registerDevice"]["id"]
    again = await holder.sign_in()
    await again.fetch(text, id=device_id)
    session = await change(again, PASSWORD, NEW_PASSWORD)
    assert session["viewer"]["device"]["id"] == device_id


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
    holder = await register(demo)
    await forget_tries(demo)
    most = demo.services.settings.mail_requests
    answers = [await demo.visitor.run(ASK, {"email": f"flood-{n}@example.org"}) for n in range(most + 1)]
    assert [answer.codes for answer in answers] == [[]] * most + [["RATE_LIMITED"]]
    assert (await try_to_register(demo, new_address())).codes == ["RATE_LIMITED"]
    moved = await holder.client.run(UPDATE, {"input": {"email": new_address(), "password": PASSWORD}})
    assert moved.codes == ["RATE_LIMITED"]


async def test_garbage_for_a_token_is_no_token(demo: Demo) -> None:
    for token in ("", "x", "'; DROP TABLE mail --", "x" * 10_000):
        assert (await demo.visitor.run(VERIFY, {"token": token})).codes == ["NOT_FOUND"]
        assert (await reset(demo, token))["__typename"] == "InvalidCredentials"


@pytest.mark.parametrize("by_mail", [False, True])
async def test_a_new_password_calls_off_what_an_intruder_asked_for(demo: Demo, by_mail: bool) -> None:
    """Who knew the old one could else have the account moved to an address of their own days later."""
    holder = await register(demo)
    await demo.visitor.fetch(VERIFY, token=await holder.read_token())
    theirs = new_address()
    assert (await update(holder.client, email=theirs, password=PASSWORD))["__typename"] == "Account"
    mails = await deliver(demo)
    told, link = (next(mail for mail in mails if mail["To"] == to) for to in (holder.email, theirs))
    assert told["Subject"] == "A new e-mail address for your Marquee account"
    assert theirs not in told.as_string()
    if by_mail:
        assert (await reset(demo, await holder.ask_for_reset()))["__typename"] == "Session"
    else:
        assert (await change(holder.client, PASSWORD, NEW_PASSWORD))["__typename"] == "Session"
    assert (await demo.visitor.run(VERIFY, {"token": read_token(link)})).codes == ["NOT_FOUND"]
    assert (await holder.login(NEW_PASSWORD))["viewer"]["account"]["email"] == holder.email


async def test_a_new_password_leaves_the_first_verification_alone(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.read_token()
    await change(holder.client, PASSWORD, NEW_PASSWORD)
    assert (await demo.visitor.fetch(VERIFY, token=token))["verifyEmail"]["emailVerified"] is True


async def test_the_address_of_a_suspended_account_stays_until_it_is_let_in_again(demo: Demo) -> None:
    holder, wanted = await register(demo), new_address()
    await update(holder.client, email=wanted, password=PASSWORD)
    token = read_token(next(mail for mail in await deliver(demo) if mail["To"] == wanted))
    operator = await demo.sign_in("operator@example.com")
    await operator.fetch(STATUS, status="SUSPENDED", id=holder.account_id)
    assert (await demo.visitor.run(VERIFY, {"token": token})).codes == ["FORBIDDEN"]
    await operator.fetch(STATUS, status="ACTIVE", id=holder.account_id)
    assert (await holder.login())["viewer"]["account"]["email"] == holder.email
    assert (await demo.visitor.fetch(VERIFY, token=token))["verifyEmail"]["emailVerified"] is True


@pytest.mark.parametrize("by_mail", [False, True])
async def test_the_holder_is_told_of_a_new_password_once(demo: Demo, by_mail: bool) -> None:
    holder = await register(demo)
    profile_id = await add_profile(holder)
    television = {"X-Device-Class": "TV"}
    if by_mail:
        token = await holder.ask_for_reset()
        await demo.visitor.with_headers(**television).fetch(RESET, token=token, password=NEW_PASSWORD)
    else:
        await holder.read_mail()
        await change(holder.client.with_headers(**television), PASSWORD, NEW_PASSWORD)
    assert await holder.read_mail() == ["The password of your Marquee account was changed"]
    body = holder.mailbox.mails[-1].get_body(("plain",)).get_content()
    assert "changed on a TV in an unknown country" in " ".join(body.split())
    texts = await demo.services.pool.fetch("SELECT text FROM notification WHERE profile_id = $1", profile_id)
    assert [row["text"].partition(" in ")[0] for row in texts] == ["The password was changed on a TV"]


async def test_no_password_is_the_address(demo: Demo) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    answer = await demo.visitor.run(RESET, {"token": token, "password": holder.email.upper()})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert (await reset(demo, token))["__typename"] == "Session"
