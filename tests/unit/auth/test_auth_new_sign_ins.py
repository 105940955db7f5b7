"""A sign-in from somewhere new is told of, by mail and to adult profiles; one from somewhere known is not."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, DEMO_PASSWORD, open_demo_session
from bff.auth.results import InvalidCredentials, SignedIn, SignInResult
from bff.auth.sessions import sign_in
from bff.domain.devices import DeviceClass
from bff.domain.sign_in_origins import recognise_device
from bff.stores.sign_in_origins import forget_old_origins
from tests.unit.auth.slow_passwords import Slow

BASIC, _, PREMIUM, INDIA, OPERATOR = DEMO_ACCOUNTS
CHROME = "web Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
NEWER_CHROME = CHROME.replace("130", "131")
FIREFOX = "web Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


async def try_to_enter(authority: Authority, now: datetime, email: str, **given: Any) -> SignInResult:
    arguments = {
        "device_id": None,
        "device_class": DeviceClass.WEB,
        "profile_id": None,
        "pin": None,
        "request_country": None,
        "client": CHROME,
    }
    return await sign_in(authority, email=email, password=DEMO_PASSWORD, now=now, **{**arguments, **given})


async def enter(authority: Authority, now: datetime, email: str = PREMIUM.email, **given: Any) -> SignedIn:
    session = await try_to_enter(authority, now, email, **given)
    assert isinstance(session, SignedIn)
    return session


async def count_mails(pool: asyncpg.Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM mail")
    return count


async def test_first_sign_in_is_told_of_to_the_address_and_to_adult_profiles(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    await enter(authority, noon, request_country="DE", device_class=DeviceClass.TV)
    (mail,) = await pool.fetch("SELECT kind, recipient, account_id, details::text AS details FROM mail")
    assert (mail["kind"], mail["recipient"], mail["account_id"]) == ("NEW_SIGN_IN", PREMIUM.email, PREMIUM.id)
    for word in ("a TV", "DE", "21 November 2026, 12:00 UTC"):
        assert word in mail["details"]
    rows = await pool.fetch("SELECT profile_id, kind, text, title_id, created_at, read_at FROM notification")
    assert {row["profile_id"] for row in rows} == {PREMIUM.profile_id("Ada"), PREMIUM.profile_id("Max")}
    for row in rows:
        assert (row["kind"], row["title_id"], row["created_at"], row["read_at"]) == ("ACCOUNT", None, noon, None)
        assert "a TV in DE" in row["text"]


@pytest.mark.parametrize(
    ("again", "is_new"),
    [
        ({}, False),
        ({"client": NEWER_CHROME}, False),
        ({"request_country": "US"}, False),
        ({"request_country": "us"}, False),
        ({"request_country": "XX"}, False),
        ({"request_country": "nonsense"}, False),
        ({"client": FIREFOX}, True),
        ({"device_class": DeviceClass.MOBILE}, True),
        ({"request_country": "BR"}, True),
    ],
)
async def test_what_is_known_is_not_told_of_again(
    authority: Authority, pool: asyncpg.Pool, noon: datetime, again: dict[str, Any], is_new: bool
) -> None:
    await enter(authority, noon)
    assert await count_mails(pool) == 1
    for _ in range(2):
        await enter(authority, noon + timedelta(hours=2), **again)
        assert await count_mails(pool) == 1 + is_new


async def test_registered_device_is_a_known_one_but_its_country_may_be_new(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    device_id = (await enter(authority, noon)).claims.device_id
    await enter(authority, noon, device_id=device_id, client=FIREFOX, device_class=DeviceClass.TV)
    assert await count_mails(pool) == 1
    await enter(authority, noon, device_id=device_id, request_country="BR")
    assert await count_mails(pool) == 2


async def test_accounts_know_nothing_of_each_others_devices(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    for number, email in enumerate((PREMIUM.email, BASIC.email, OPERATOR.email), start=1):
        await enter(authority, noon, email)
        assert await count_mails(pool) == number
    assert await pool.fetchval("SELECT count(*) FROM notification n JOIN profile p ON p.id = n.profile_id") == 3


async def test_session_without_a_password_is_not_told_of_and_makes_its_origin_known(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    await open_demo_session(authority, PREMIUM.email, noon)
    await enter(authority, noon, client="")
    assert await count_mails(pool) == 0


async def test_wrong_password_makes_nothing_known(authority: Authority, pool: asyncpg.Pool, noon: datetime) -> None:
    await sign_in(
        authority,
        email=PREMIUM.email,
        password="wrong",
        device_id=None,
        device_class=DeviceClass.WEB,
        profile_id=None,
        pin=None,
        request_country="BR",
        client=CHROME,
        now=noon,
    )
    assert await pool.fetchval("SELECT count(*) FROM sign_in_origin") == 0
    assert await count_mails(pool) == 0


@pytest.mark.parametrize(
    ("email", "change"),
    [
        (PREMIUM.email, "UPDATE account SET password_hash = 'another'"),
        (PREMIUM.email, "UPDATE account SET status = 'SUSPENDED'"),
        (PREMIUM.email, "UPDATE profile SET pin_hash = 'one' WHERE name = 'Ada'"),
        (PREMIUM.email, "DELETE FROM profile WHERE name = 'Ada'"),
        (OPERATOR.email, "UPDATE account SET permissions = '{}'"),
        (OPERATOR.email, "DELETE FROM account"),
    ],
)
async def test_what_changes_while_the_password_is_checked_is_heeded(
    authority: Authority, pool: asyncpg.Pool, noon: datetime, email: str, change: str
) -> None:
    await enter(authority, noon, email)
    families = await pool.fetch("SELECT id FROM session_family")
    slow = replace(authority, passwords=Slow(authority.passwords, lambda: pool.execute(change)))
    assert isinstance(await try_to_enter(slow, noon, email), InvalidCredentials)
    assert set(await pool.fetch("SELECT id FROM session_family")) <= set(families)


async def test_what_was_not_seen_for_long_is_new_again(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    await enter(authority, noon)
    await enter(authority, noon + timedelta(days=100), client=FIREFOX)
    assert await forget_old_origins(pool, before=noon + timedelta(days=50)) == 1
    await enter(authority, noon + timedelta(days=101), client=FIREFOX)
    assert await count_mails(pool) == 2
    await enter(authority, noon + timedelta(days=101))
    assert await count_mails(pool) == 3


@given(st.sampled_from(DeviceClass), st.text())
def test_any_client_is_recognised_by_a_short_name(device_class: DeviceClass, client: str) -> None:
    assert recognise_device(device_class, client) == recognise_device(device_class, client + "1.2")
    assert len(recognise_device(device_class, client)) == 32
