"""Reads of accounts and plans, devices, and the demo's seed, against a real database."""

from datetime import UTC, datetime, time, timedelta

import asyncpg
import msgspec
import pytest

from bff.artwork.portraits import AVATARS
from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, open_demo_session, seed_demo_accounts, seed_plans
from bff.auth.refresh_tokens import refresh
from bff.auth.results import SignedIn
from bff.domain.accounts import Device, MembershipStatus, Money, PlanCode
from bff.domain.billing import add_months
from bff.domain.devices import DeviceCapabilities, DeviceClass, ImageFormat, default_capabilities
from bff.domain.ids import IdKind, random_id
from bff.domain.profile_state import Preferences
from bff.domain.titles import MaturityRating
from bff.domain.video import Quality
from bff.errors import NotFound, Unauthenticated
from bff.settings import Environment, SettingsError
from bff.stores.accounts import find_claimed, find_credentials, read_account, read_household
from bff.stores.devices import find_device, register_device
from bff.stores.plans import read_plans
from tests.engines import Engines

BASIC, _, PREMIUM, INDIA, OPERATOR = DEMO_ACCOUNTS
CAPABILITIES = msgspec.structs.replace(
    default_capabilities(DeviceClass.TABLET), max_height=1600, image_formats=(ImageFormat.AVIF,)
)


async def enter(authority: Authority, now: datetime, email: str = PREMIUM.email) -> SignedIn:
    session = await open_demo_session(authority, email, now)
    assert session is not None
    return session


async def register(
    authority: Authority,
    session: SignedIn,
    now: datetime,
    *,
    device_id: str | None = None,
    device_class: DeviceClass = DeviceClass.TABLET,
    name: str | None = "Kitchen",
    capabilities: DeviceCapabilities = CAPABILITIES,
) -> Device:
    return await register_device(
        authority.pool,
        account_id=session.claims.account_id,
        family_id=session.claims.family_id,
        profile_id=session.claims.profile_id,
        device_id=device_id,
        device_class=device_class,
        name=name,
        capabilities=capabilities,
        now=now,
    )


async def test_account_comes_whole(pool: asyncpg.Pool, noon: datetime) -> None:
    record = await read_account(pool, PREMIUM.id)
    assert record is not None
    assert (record.account.email, record.account.country, record.account.email_verified) == (
        PREMIUM.email,
        "US",
        True,
    )
    assert record.membership is not None
    assert (record.membership.status, record.membership.plan.code) == (MembershipStatus.ACTIVE, PlanCode.PREMIUM)
    assert record.membership.plan.price == Money(1999, "USD")
    assert record.membership.started_at == add_months(datetime.combine(noon, time(), UTC), -3)
    assert record.membership.renews_at == add_months(record.membership.started_at, 4)
    ada, kit, max_ = record.profiles
    assert [(profile.name, profile.is_kids, profile.has_pin) for profile in record.profiles] == [
        ("Ada", False, False),
        ("Kit", True, False),
        ("Max", False, True),
    ]
    assert (ada.maturity_ceiling, kit.maturity_ceiling) == (MaturityRating.AGE_18, MaturityRating.AGE_7)
    assert (max_.maturity_ceiling, max_.preferences) == (MaturityRating.AGE_18, Preferences())
    assert {profile.avatar for profile in record.profiles} <= set(AVATARS)
    assert record.devices == ()


async def test_account_shows_its_pending_plan_at_its_own_prices(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE membership SET pending_plan = 'BASIC' WHERE account_id = $1", INDIA.id)
    record = await read_account(pool, INDIA.id)
    assert record is not None
    assert record.membership is not None
    assert record.membership.pending_plan is not None
    assert record.membership.pending_plan.price == Money(19900, "INR")


async def test_operator_has_no_membership_and_no_profile(pool: asyncpg.Pool) -> None:
    record = await read_account(pool, OPERATOR.id)
    assert record is not None
    assert (record.membership, record.profiles, record.account.permissions) == (None, (), ("operator",))


async def test_account_that_is_not_there_is_none(pool: asyncpg.Pool) -> None:
    assert await read_account(pool, random_id(IdKind.ACCOUNT)) is None
    assert await find_credentials(pool, "nobody@example.com") is None


@pytest.mark.parametrize("email", ["", "nobody@example.com", "premium@example.co", "\U0010ffff"])
async def test_nobody_is_who_has_no_such_address_though_somebody_else_was_read(pool: asyncpg.Pool, email: str) -> None:
    assert await find_claimed(pool, email) is None


async def test_who_signs_in_is_read_whole(pool: asyncpg.Pool) -> None:
    claimed = await find_claimed(pool, PREMIUM.email)
    assert claimed is not None
    assert claimed.household == await read_household(pool, PREMIUM.id)
    await pool.execute("DELETE FROM account")
    assert await find_claimed(pool, PREMIUM.email) is None


async def test_credentials_keep_the_hash_to_themselves(pool: asyncpg.Pool) -> None:
    for holder in (await find_credentials(pool, PREMIUM.email), await find_claimed(pool, PREMIUM.email)):
        assert holder is not None
        assert "argon2" in holder.password_hash
        assert "argon2" not in repr(holder)


async def test_plans_come_from_small_to_large_at_the_countrys_prices(pool: asyncpg.Pool) -> None:
    plans = await read_plans(pool, "US")
    assert [(plan.code, plan.price, plan.max_streams, plan.max_quality, plan.download_devices) for plan in plans] == [
        (PlanCode.BASIC, Money(999, "USD"), 1, Quality.P480, 0),
        (PlanCode.STANDARD, Money(1549, "USD"), 2, Quality.P1080, 2),
        (PlanCode.PREMIUM, Money(1999, "USD"), 4, Quality.P2160, 6),
    ]
    for country, currency in (("GB", "GBP"), ("IN", "INR"), ("JP", "JPY"), ("BR", "BRL"), ("FR", "USD")):
        assert {plan.price.currency for plan in await read_plans(pool, country)} == {currency}


async def test_seed_can_run_again_and_changes_nothing(database: Engines, pool: asyncpg.Pool, noon: datetime) -> None:
    await pool.execute("UPDATE plan_price SET amount = 1 WHERE plan = 'BASIC' AND country = 'US'")
    await pool.execute("DELETE FROM account WHERE id = $1", BASIC.id)
    before = await read_account(pool, PREMIUM.id)
    reports: list[str] = []
    later = noon.date() + timedelta(days=9)
    await seed_demo_accounts(pool, database.settings, today=later, report=reports.append)
    assert reports == ["1 demo accounts, each with the password demo-password"]
    assert await read_account(pool, PREMIUM.id) == before
    assert (await read_plans(pool, "US"))[0].price == Money(1, "USD")
    assert await seed_plans(pool) == 0


async def test_seed_leaves_an_address_that_somebody_else_took(
    database: Engines, pool: asyncpg.Pool, noon: datetime
) -> None:
    await pool.execute("DELETE FROM account WHERE id = $1", BASIC.id)
    await pool.execute("UPDATE account SET email = $1 WHERE id = $2", BASIC.email, OPERATOR.id)
    await seed_demo_accounts(pool, database.settings, today=noon.date(), report=[].append)
    assert await read_account(pool, BASIC.id) is None


async def test_demo_accounts_stay_out_of_production(database: Engines, pool: asyncpg.Pool, noon: datetime) -> None:
    settings = msgspec.structs.replace(database.settings, env=Environment.PRODUCTION)
    with pytest.raises(SettingsError, match="development"):
        await seed_demo_accounts(pool, settings, today=noon.date(), report=[].append)


async def test_registering_describes_the_implicit_device_of_the_sign_in(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    device = await register(authority, session, noon)
    assert device.id == session.claims.device_id
    assert (device.device_class, device.name, device.capabilities) == (DeviceClass.TABLET, "Kitchen", CAPABILITIES)
    assert not device.implicit
    assert await find_device(authority.pool, PREMIUM.id, device.id) == device


async def test_each_further_registration_is_a_device_of_its_own(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    devices = [
        await register(authority, session, noon + timedelta(seconds=number), device_class=device_class)
        for number, device_class in enumerate(DeviceClass)
    ]
    record = await read_account(authority.pool, PREMIUM.id)
    assert record is not None
    assert record.devices == tuple(reversed(devices))
    renewed = await refresh(authority, refresh_token=session.refresh_token, request_country=None, now=noon)
    assert isinstance(renewed, SignedIn)
    assert renewed.claims.device_id == devices[-1].id


async def test_registering_by_id_describes_the_device_anew_and_keeps_its_name(
    authority: Authority, noon: datetime
) -> None:
    device = await register(authority, await enter(authority, noon), noon)
    session = await enter(authority, noon)
    again = await register(authority, session, noon, device_id=device.id, device_class=DeviceClass.TV, name=None)
    assert (again.id, again.device_class, again.name) == (device.id, DeviceClass.TV, "Kitchen")
    renewed = await refresh(authority, refresh_token=session.refresh_token, request_country=None, now=noon)
    assert isinstance(renewed, SignedIn)
    assert renewed.claims.device_id == device.id


async def test_device_of_another_account_is_not_found(authority: Authority, noon: datetime) -> None:
    other = await register(authority, await enter(authority, noon, BASIC.email), noon)
    session = await enter(authority, noon)
    for device_id in (other.id, random_id(IdKind.DEVICE), "dev_\x00", "tit_a", ""):
        assert await find_device(authority.pool, PREMIUM.id, device_id) is None
        with pytest.raises(NotFound):
            await register(authority, session, noon, device_id=device_id)
    record = await read_account(authority.pool, PREMIUM.id)
    assert record is not None
    assert [device.id for device in record.devices] == [session.claims.device_id]
    assert await find_device(authority.pool, BASIC.id, other.id) == other


async def test_sign_in_that_has_ended_registers_nothing(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    await authority.pool.execute("UPDATE session_family SET revoked_at = now()")
    with pytest.raises(Unauthenticated):
        await register(authority, session, noon)


async def test_implicit_devices_are_listed_while_signed_in(authority: Authority, noon: datetime) -> None:
    await enter(authority, noon)
    await authority.pool.execute("UPDATE session_family SET revoked_at = now()")
    session = await enter(authority, noon)
    record = await read_account(authority.pool, PREMIUM.id)
    assert record is not None
    assert [device.id for device in record.devices] == [session.claims.device_id]
