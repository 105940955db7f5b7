"""The demo's plans and accounts. Their password is published, so they are for development alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from bff.auth.authority import Authority
from bff.auth.passwords import Passwords
from bff.auth.results import SignedIn
from bff.auth.sessions import begin_session
from bff.domain.accounts import Account, AccountStatus, Permission, PlanCode, choose_profile
from bff.domain.billing import InvoiceKind, Period, add_months, describe_invoice, find_plan
from bff.domain.demo_signal import derive_signal
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, derive_id
from bff.domain.memberships import draw_up_paid
from bff.domain.titles import MaturityRating
from bff.settings import Settings, SettingsError
from bff.stores.accounts import find_credentials, read_account
from bff.stores.billing import add_invoice, keep_payment_token, lock_standing
from bff.stores.demo_signal import give_signal, read_film_ratings
from bff.stores.new_accounts import NewAccount, NewMembership, NewProfile, add_accounts, find_accounts
from bff.stores.plans import PlanOffer, add_plans, read_plans

PLANS_FILE = Path(__file__).parents[2] / "demo" / "plans.json"
DEMO_PASSWORD = "demo-password"  # noqa: S105 - published in the contract
MAX_PIN = "2468"
DEMO_CARD = "demo-card"
"""A payment token that the local gateway takes."""
MONTHS_PAID = 3
"""Periods that a new demo membership has behind it."""


class DemoAccount(Struct, frozen=True):
    """`taste_of` is the number of the MovieTweetings user whose history, list and ratings Ada of this account has.

    Each of these users rated 30 to 60 films of the demo catalogue over three months or more, good and bad ones:
    12749 leans to comedies and family films, 2850 to action, 8822 to drama, horror and science fiction, 7399 to
    independent dramas, Indian ones among them.
    """

    email: str
    country: str
    plan: PlanCode | None = None
    taste_of: int | None = None
    has_max: bool = False
    permissions: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return derive_id(IdKind.ACCOUNT, self.email)

    def profile_id(self, name: str) -> str:
        """The same in every installation."""
        return derive_id(IdKind.PROFILE, f"{self.email}/{name}")


DEMO_ACCOUNTS = (
    DemoAccount("basic@example.com", "US", PlanCode.BASIC, taste_of=12749),
    DemoAccount("standard@example.com", "US", PlanCode.STANDARD, taste_of=2850),
    DemoAccount("premium@example.com", "US", PlanCode.PREMIUM, taste_of=8822, has_max=True),
    DemoAccount("india@example.com", "IN", PlanCode.PREMIUM, taste_of=7399),
    DemoAccount("operator@example.com", "US", permissions=(Permission.OPERATOR.value,)),
)


async def seed_plans(pool: asyncpg.Pool) -> int:
    """Add the plans and prices of `demo/plans.json` that are not there yet; answers how many prices were new."""
    offers = msgspec.json.decode(PLANS_FILE.read_bytes(), type=tuple[PlanOffer, ...])
    return await add_plans(pool, offers)


async def seed_demo_accounts(
    pool: asyncpg.Pool, settings: Settings, *, today: date, report: Callable[[str], None]
) -> None:
    """Add the plans, then the demo accounts that are missing, all or none; those that are there stay as they are.

    Then each Ada that has done nothing yet gets the signal of her user, once the catalogue's ratings are there.
    Raises SettingsError in production.
    """
    if not settings.is_development:
        raise SettingsError("The demo accounts have a published password: they are for BFF_ENV=development only.")
    prices = await seed_plans(pool)
    if prices:
        report(f"{prices} prices of plans")
    await _add_missing_accounts(pool, today, report)
    for demo in DEMO_ACCOUNTS:
        await _add_invoices(pool, demo)
    given = 0
    for demo in DEMO_ACCOUNTS:
        if demo.taste_of is None:
            continue
        films = await read_film_ratings(pool, demo.taste_of)
        if films and await give_signal(pool, demo.profile_id("Ada"), derive_signal(films)):
            given += 1
    if given:
        report(f"history, list and ratings for {given} profiles")


async def _add_missing_accounts(pool: asyncpg.Pool, today: date, report: Callable[[str], None]) -> None:
    present = await find_accounts(pool, [demo.id for demo in DEMO_ACCOUNTS])
    missing = [demo for demo in DEMO_ACCOUNTS if demo.id not in present]
    if not missing:
        return
    passwords = Passwords()
    try:
        accounts = [await _draw_up(demo, passwords, today) for demo in missing]
    finally:
        passwords.close()
    added = await add_accounts(pool, accounts)
    report(f"{len(added)} demo accounts, each with the password {DEMO_PASSWORD}")


async def _add_invoices(pool: asyncpg.Pool, demo: DemoAccount) -> None:
    """What was paid up to now, and by what; nothing for an account that has a payment method."""
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        standing = await lock_standing(connection, demo.id)
        terms = standing.terms if standing is not None else None
        if standing is None or terms is None or terms.renews_at is None or standing.token is not None:
            return
        starts = [terms.period_start, terms.renews_at]
        while (earlier := add_months(terms.period_start, 1 - len(starts))) >= terms.started_at:
            starts.insert(0, earlier)
        plan = find_plan(await read_plans(connection, standing.country), terms.plan)
        for number, (start, until) in enumerate(pairwise(starts)):
            kind = InvoiceKind.RENEWAL if number else InvoiceKind.START
            invoice = draw_up_paid(kind, plan, standing, Period(start, until, terms.anchor_at))
            description = describe_invoice(kind, plan, start, until)
            await add_invoice(connection, demo.id, invoice, description=description, paid_at=start)
        await keep_payment_token(connection, demo.id, DEMO_CARD, terms.started_at)


async def open_demo_session(authority: Authority, email: str, now: datetime) -> SignedIn | None:
    """Sign in without a password, for a page that opens signed in; None where there is no such account.

    The caller sees to it that this is a demo in development.
    """
    credentials = await find_credentials(authority.pool, email)
    record = await read_account(authority.pool, credentials.account_id) if credentials else None
    if record is None:
        return None
    return await begin_session(
        authority,
        record=record,
        profile=choose_profile(record.profiles, None, has_pin_at_hand=False),
        device_id=None,
        device_class=DeviceClass.WEB,
        request_country=None,
        now=now,
    )


async def _draw_up(demo: DemoAccount, passwords: Passwords, today: date) -> NewAccount:
    period_start = datetime.combine(today, time(), UTC)
    start = add_months(period_start, -MONTHS_PAID)
    return NewAccount(
        account=Account(
            id=demo.id,
            email=demo.email,
            email_verified=True,
            country=demo.country,
            status=AccountStatus.ACTIVE,
            permissions=demo.permissions,
            created_at=start,
        ),
        password_hash=await passwords.hash(DEMO_PASSWORD),
        profiles=await _draw_up_profiles(demo, passwords),
        membership=NewMembership(
            demo.plan,
            start,
            renews_at=add_months(start, MONTHS_PAID + 1),
            period_start=add_months(start, MONTHS_PAID),
        )
        if demo.plan
        else None,
    )


async def _draw_up_profiles(demo: DemoAccount, passwords: Passwords) -> tuple[NewProfile, ...]:
    if demo.plan is None:
        return ()
    ada = _profile(demo, "Ada", "fox")
    kit = _profile(demo, "Kit", "kitten", is_kids=True, ceiling=MaturityRating.AGE_7)
    if not demo.has_max:
        return ada, kit
    return ada, kit, _profile(demo, "Max", "bear", pin_hash=await passwords.hash(MAX_PIN))


def _profile(
    demo: DemoAccount,
    name: str,
    avatar: str,
    *,
    is_kids: bool = False,
    ceiling: MaturityRating = MaturityRating.AGE_18,
    pin_hash: str | None = None,
) -> NewProfile:
    return NewProfile(
        id=demo.profile_id(name),
        name=name,
        avatar=avatar,
        is_kids=is_kids,
        language="en",
        maturity_ceiling=ceiling,
        pin_hash=pin_hash,
    )
