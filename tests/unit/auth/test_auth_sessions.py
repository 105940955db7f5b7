"""Signing in, refreshing and switching profiles, against a real database."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, DEMO_PASSWORD, open_demo_session
from bff.auth.refresh_tokens import RETRY_WITHIN, refresh
from bff.auth.results import InvalidCredentials, PinRequired, SignedIn, SignInResult
from bff.auth.sessions import sign_in, switch_profile
from bff.domain.accounts import PlanCode
from bff.domain.addresses import normalise_email
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, random_id
from bff.errors import Forbidden, NotFound, Unauthenticated
from tests.unit.auth.slow_passwords import Slow

BASIC, _, PREMIUM, INDIA, OPERATOR = DEMO_ACCOUNTS


async def try_to_sign_in(authority: Authority, now: datetime, email: str = PREMIUM.email, **given: Any) -> SignInResult:
    arguments = {
        "password": DEMO_PASSWORD,
        "device_id": None,
        "device_class": DeviceClass.TV,
        "profile_id": None,
        "pin": None,
        "request_country": None,
    }
    return await sign_in(authority, email=normalise_email(email), now=now, **{**arguments, **given})


async def enter(authority: Authority, now: datetime, email: str = PREMIUM.email, **given: Any) -> SignedIn:
    session = await try_to_sign_in(authority, now, email, **given)
    assert isinstance(session, SignedIn)
    return session


async def renew(authority: Authority, session: SignedIn, now: datetime) -> SignInResult:
    return await refresh(authority, refresh_token=session.refresh_token, request_country=None, now=now)


async def switch(authority: Authority, session: SignedIn, name: str, now: datetime, pin: str | None) -> SignInResult:
    return await switch_profile(
        authority, claims=session.claims, profile_id=PREMIUM.profile_id(name), pin=pin, request_country=None, now=now
    )


async def test_sign_in_opens_the_first_profile_on_an_implicit_device(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon, " Premium@Example.com ")
    assert authority.verifier.verify(session.access_token, noon) == session.claims
    assert session.expires_at == noon + timedelta(minutes=15)
    assert session.claims.account_id == PREMIUM.id
    assert session.claims.profile_id == PREMIUM.profile_id("Ada")
    assert session.claims.plan is PlanCode.PREMIUM
    assert session.claims.region == "US"
    device_class = await authority.pool.fetchval(
        "SELECT device_class FROM device WHERE id = $1 AND implicit", session.claims.device_id
    )
    assert device_class == "TV"
    assert session.access_token not in repr(session)
    assert session.refresh_token not in repr(session)


async def test_operator_has_neither_profile_nor_plan(authority: Authority, noon: datetime) -> None:
    claims = (await enter(authority, noon, OPERATOR.email)).claims
    assert (claims.profile_id, claims.plan, claims.permissions) == (None, None, ("operator",))


async def test_region_is_of_the_request_then_of_the_account(authority: Authority, noon: datetime) -> None:
    assert (await enter(authority, noon, INDIA.email)).claims.region == "IN"
    assert (await enter(authority, noon, INDIA.email, request_country="GB")).claims.region == "GB"


async def test_wrong_password_and_unknown_account_are_refused_alike(authority: Authority, noon: datetime) -> None:
    wrong = await try_to_sign_in(authority, noon, password="demo-passwort")
    assert isinstance(wrong, InvalidCredentials)
    assert await try_to_sign_in(authority, noon, "nobody@example.com") == wrong
    assert await try_to_sign_in(authority, noon, "\x00' OR 1=1 --\ud800") == wrong


async def test_cancelled_account_is_like_an_unknown_one(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    await authority.pool.execute("UPDATE account SET status = 'CANCELLED' WHERE id = $1", PREMIUM.id)
    assert isinstance(await try_to_sign_in(authority, noon), InvalidCredentials)
    assert isinstance(await renew(authority, session, noon), InvalidCredentials)
    with pytest.raises(Unauthenticated):
        await switch(authority, session, "Kit", noon, None)


async def test_suspended_account_is_told_so(authority: Authority, noon: datetime) -> None:
    await authority.pool.execute("UPDATE account SET status = 'SUSPENDED' WHERE id = $1", PREMIUM.id)
    with pytest.raises(Forbidden, match="suspended"):
        await enter(authority, noon)


async def test_profile_asked_for_is_opened(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon, profile_id=PREMIUM.profile_id("Kit"))
    assert session.claims.profile_id == PREMIUM.profile_id("Kit")


async def test_profile_last_used_on_the_device_is_opened_again(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    await switch(authority, session, "Kit", noon, None)
    again = await enter(authority, noon, device_id=session.claims.device_id)
    assert again.claims.profile_id == PREMIUM.profile_id("Kit")
    assert again.claims.device_id == session.claims.device_id
    assert again.claims.family_id != session.claims.family_id


async def test_profile_with_a_pin_asks_for_it(authority: Authority, noon: datetime) -> None:
    max_id = PREMIUM.profile_id("Max")
    asked = await try_to_sign_in(authority, noon, profile_id=max_id)
    assert isinstance(asked, PinRequired)
    assert not asked.was_wrong
    wrong = await try_to_sign_in(authority, noon, profile_id=max_id, pin="1357")
    assert isinstance(wrong, PinRequired)
    assert wrong.was_wrong
    session = await enter(authority, noon, profile_id=max_id, pin="2468")
    assert session.claims.profile_id == max_id


async def test_last_used_profile_with_a_pin_is_passed_over_without_it(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon, profile_id=PREMIUM.profile_id("Max"), pin="2468")
    again = await enter(authority, noon, device_id=session.claims.device_id)
    assert again.claims.profile_id == PREMIUM.profile_id("Ada")
    back = await enter(authority, noon, device_id=(await enter(authority, noon)).claims.device_id, pin="0000")
    assert back.claims.profile_id == PREMIUM.profile_id("Ada")


async def test_what_is_another_accounts_is_not_found(authority: Authority, noon: datetime) -> None:
    other = await enter(authority, noon, BASIC.email)
    for given in (
        {"device_id": other.claims.device_id},
        {"device_id": random_id(IdKind.DEVICE)},
        {"device_id": "dev_\x00"},
        {"profile_id": BASIC.profile_id("Ada")},
        {"profile_id": "\x00"},
    ):
        with pytest.raises(NotFound):
            await try_to_sign_in(authority, noon, **given)
        assert isinstance(await try_to_sign_in(authority, noon, password="wrong", **given), InvalidCredentials)
    with pytest.raises(NotFound):
        await switch(authority, other, "Ada", noon, None)


async def test_pin_tries_are_limited_by_a_growing_wait(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    waits = []
    for _ in range(5):
        wrong = await switch(authority, session, "Max", noon, "0000")
        assert isinstance(wrong, PinRequired)
        assert wrong.was_wrong
        waits.append(wrong.retry_after)
    assert waits == [None, None, None, None, 30.0]
    early = await switch(authority, session, "Max", noon + timedelta(seconds=29), "2468")
    assert isinstance(early, PinRequired)
    assert (early.was_wrong, early.retry_after) == (False, 1.0)
    late = await switch(authority, session, "Max", noon + timedelta(seconds=30), "0000")
    assert isinstance(late, PinRequired)
    assert late.retry_after == 60.0
    assert isinstance(await switch(authority, session, "Max", noon + timedelta(seconds=90), "2468"), SignedIn)
    afresh = await switch(authority, session, "Max", noon + timedelta(seconds=91), "0000")
    assert isinstance(afresh, PinRequired)
    assert afresh.retry_after is None


async def test_parallel_guesses_do_not_slip_past_the_limit(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    results = await asyncio.gather(*(switch(authority, session, "Max", noon, f"{guess:04}") for guess in range(20)))
    looked_at = [result for result in results if isinstance(result, PinRequired) and result.was_wrong]
    assert len(looked_at) == 5


async def test_switching_keeps_the_sign_in_and_uses_up_its_refresh_token(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    switched = await switch(authority, session, "Kit", noon, None)
    assert isinstance(switched, SignedIn)
    assert switched.claims.profile_id == PREMIUM.profile_id("Kit")
    assert (switched.claims.family_id, switched.claims.device_id) == (
        session.claims.family_id,
        session.claims.device_id,
    )
    renewed = await renew(authority, switched, noon)
    assert isinstance(renewed, SignedIn)
    assert renewed.claims.profile_id == PREMIUM.profile_id("Kit")
    assert isinstance(await renew(authority, session, noon), InvalidCredentials)


async def test_a_profile_that_goes_meanwhile_is_not_found(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    session = await enter(authority, noon)
    gone = "DELETE FROM profile WHERE name = 'Max'"
    slow = replace(authority, passwords=Slow(authority.passwords, lambda: pool.execute(gone)))
    with pytest.raises(NotFound):
        await switch(slow, session, "Max", noon, "2468")
    assert isinstance(await renew(authority, session, noon), SignedIn)


async def test_refresh_rotates_and_keeps_profile_device_and_sign_in(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon, profile_id=PREMIUM.profile_id("Max"), pin="2468")
    for turn in range(1, 31):
        renewed = await renew(authority, session, noon + timedelta(minutes=15 * turn))
        assert isinstance(renewed, SignedIn)
        assert renewed.refresh_token != session.refresh_token
        assert renewed.claims.profile_id == session.claims.profile_id
        assert renewed.claims.family_id == session.claims.family_id
        session = renewed


async def test_refresh_sees_the_account_as_it_is_now(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    await authority.pool.execute("UPDATE membership SET plan = 'BASIC' WHERE account_id = $1", PREMIUM.id)
    renewed = await refresh(authority, refresh_token=session.refresh_token, request_country="IN", now=noon)
    assert isinstance(renewed, SignedIn)
    assert (renewed.claims.plan, renewed.claims.region) == (PlanCode.BASIC, "IN")


async def test_reuse_ends_the_sign_in_and_no_other(authority: Authority, noon: datetime) -> None:
    session, other = await enter(authority, noon), await enter(authority, noon)
    renewed = await renew(authority, session, noon)
    assert isinstance(renewed, SignedIn)
    later = noon + RETRY_WITHIN + timedelta(microseconds=1)
    assert isinstance(await renew(authority, session, later), InvalidCredentials)
    assert isinstance(await renew(authority, renewed, later), InvalidCredentials)
    with pytest.raises(Unauthenticated):
        await switch(authority, renewed, "Kit", later, None)
    for access_token in (session.access_token, renewed.access_token):
        with pytest.raises(Unauthenticated, match="login"):
            authority.verifier.verify(access_token, later)
    assert isinstance(await renew(authority, other, later), SignedIn)


async def test_lost_answer_is_given_again(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    answers = [await renew(authority, session, noon + timedelta(seconds=second)) for second in (0, 1, 10)]
    assert all(isinstance(answer, SignedIn) for answer in answers)
    assert {answer.refresh_token for answer in answers if isinstance(answer, SignedIn)} == {answers[0].refresh_token}
    for answer in answers:
        assert authority.verifier.verify(answer.access_token, noon + timedelta(seconds=10)) == answer.claims
    assert isinstance(await renew(authority, answers[1], noon + timedelta(minutes=15)), SignedIn)


async def test_retry_is_reuse_once_the_successor_was_used(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    second = await renew(authority, session, noon)
    third = await renew(authority, second, noon)
    assert isinstance(await renew(authority, session, noon + timedelta(seconds=1)), InvalidCredentials)
    assert isinstance(await renew(authority, third, noon + timedelta(seconds=1)), InvalidCredentials)


async def test_thief_and_owner_cannot_both_go_on(authority: Authority, noon: datetime) -> None:
    """Both got the same successor within the time for retries: whoever uses it second ends the sign-in."""
    session = await enter(authority, noon)
    owner, thief = await renew(authority, session, noon), await renew(authority, session, noon + timedelta(seconds=5))
    onwards = await renew(authority, thief, noon + timedelta(minutes=10))
    assert isinstance(onwards, SignedIn)
    assert isinstance(await renew(authority, owner, noon + timedelta(minutes=15)), InvalidCredentials)
    assert isinstance(await renew(authority, onwards, noon + timedelta(minutes=15)), InvalidCredentials)


async def test_tab_that_refreshes_while_another_switches_profiles_goes_on(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    switched = await switch(authority, session, "Kit", noon, None)
    renewed = await renew(authority, session, noon + timedelta(seconds=1))
    assert isinstance(switched, SignedIn)
    assert isinstance(renewed, SignedIn)
    assert renewed.refresh_token == switched.refresh_token
    assert renewed.claims.profile_id == PREMIUM.profile_id("Kit")


async def test_retry_is_no_way_round_the_pin_of_who_came_after(authority: Authority, noon: datetime) -> None:
    """A child keeps the token of its own profile, and sends it right after somebody has entered theirs."""
    child = await enter(authority, noon, profile_id=PREMIUM.profile_id("Kit"))
    adult = await switch(authority, child, "Max", noon, "2468")
    later = noon + timedelta(seconds=1)
    assert isinstance(await renew(authority, child, later), PinRequired)
    assert isinstance(adult, SignedIn)
    renewed = await renew(authority, adult, later)
    assert isinstance(renewed, SignedIn)
    assert renewed.claims.profile_id == PREMIUM.profile_id("Max")
    again = await renew(authority, adult, later)
    assert isinstance(again, SignedIn)


async def test_parallel_refreshes_yield_one_successor(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    results = await asyncio.gather(*(renew(authority, session, noon) for _ in range(20)))
    assert len({result.refresh_token for result in results if isinstance(result, SignedIn)}) == 1
    assert await authority.pool.fetchval("SELECT count(*) FROM refresh_token") == 2


async def test_refresh_token_expires(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    end = noon + timedelta(seconds=authority.refresh_token_age)
    assert isinstance(await renew(authority, session, end), InvalidCredentials)
    assert isinstance(await renew(authority, session, end - timedelta(microseconds=1)), SignedIn)


@pytest.mark.parametrize("token", ["", "garbage", "\x00", "\ud800", "a" * 100_000])
async def test_what_is_no_refresh_token_is_refused(authority: Authority, noon: datetime, token: str) -> None:
    answer = await refresh(authority, refresh_token=token, request_country=None, now=noon)
    assert isinstance(answer, InvalidCredentials)


async def test_access_and_refresh_tokens_are_not_interchangeable(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    answer = await refresh(authority, refresh_token=session.access_token, request_country=None, now=noon)
    assert isinstance(answer, InvalidCredentials)
    with pytest.raises(Unauthenticated):
        authority.verifier.verify(session.refresh_token, noon)


async def test_refresh_into_a_profile_that_is_gone_opens_one_without_a_pin(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    session = await enter(authority, noon)
    await pool.execute("DELETE FROM profile WHERE id = $1", PREMIUM.profile_id("Ada"))
    renewed = await renew(authority, session, noon)
    assert isinstance(renewed, SignedIn)
    assert renewed.claims.profile_id == PREMIUM.profile_id("Kit")
    await pool.execute("DELETE FROM profile WHERE id = $1", PREMIUM.profile_id("Kit"))
    assert isinstance(await renew(authority, renewed, noon), InvalidCredentials)


async def test_no_token_and_no_password_lies_in_the_database(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    tables = await authority.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    contents = ""
    for table in tables:
        rows = await authority.pool.fetch(f'SELECT t::text AS row FROM "{table["tablename"]}" t')  # noqa: S608
        contents += "\n".join(row["row"] for row in rows)
    assert PREMIUM.email in contents
    for secret in (session.refresh_token, session.access_token, DEMO_PASSWORD):
        assert secret not in contents
        assert secret.encode().hex() not in contents


async def test_demo_page_opens_signed_in(authority: Authority, noon: datetime) -> None:
    session = await open_demo_session(authority, PREMIUM.email, noon)
    assert session is not None
    assert session.claims.profile_id == PREMIUM.profile_id("Ada")
    assert await open_demo_session(authority, "nobody@example.com", noon) is None
