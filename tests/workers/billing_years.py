"""Two years of many memberships, day by day: cards declined, answers of the gateway lost, several workers at once,
holders who change their minds; and an audit of what is left, by the gateway's books and the invoices alone."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import asyncpg

from bff.auth.demo import seed_plans
from bff.billing.memberships import (
    MembershipChange,
    cancel_membership,
    change_membership,
    start_membership,
    update_payment_method,
)
from bff.billing.payments import Billing
from bff.billing.renewals import end_memberships, finish_attempts, renew_memberships
from bff.domain.accounts import Account, AccountStatus, PlanCode
from bff.domain.billing import HOLD, add_months
from bff.domain.ids import IdKind, derive_id
from bff.errors import Conflict, NotFound, Unavailable
from bff.stores.gateway import Charge, ChargeResult, ChargeState, GatewayAway, PaymentGateway
from bff.stores.local_gateway import LocalGateway
from bff.stores.new_accounts import NewAccount, add_accounts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
COUNTRIES = ("US", "GB", "IN", "JP", "BR")
DECLINED_SHARE, LOST_SHARE = 0.3, 0.1


class LossyLine:
    """A gateway at the end of a line that loses some answers, after the gateway has done what it was asked."""

    def __init__(self, gateway: PaymentGateway, dice: random.Random) -> None:
        self._gateway = gateway
        self._dice = dice
        self.lost = 0

    async def charge(self, charge: Charge) -> ChargeResult:
        return self._answer(await self._gateway.charge(charge))

    async def withdraw(self, charge: Charge) -> ChargeResult:
        return self._answer(await self._gateway.withdraw(charge))

    def _answer(self, result: ChargeResult) -> ChargeResult:
        if self._dice.random() < LOST_SHARE:
            self.lost += 1
            raise GatewayAway("the answer was lost")
        return result


def decide_by_dice(charge: Charge) -> ChargeState:
    """The same for the same charge: a share of all renewals is declined, a few payments ask the holder first."""
    dice = random.Random(charge.key)
    if not charge.total.amount or not charge.is_holder_present:
        declined = charge.total.amount and dice.random() < DECLINED_SHARE
        return ChargeState.DECLINED if declined else ChargeState.SUCCEEDED
    return dice.choices(list(ChargeState), weights=(8, 1, 1))[0]


async def live(pool: asyncpg.Pool, *, members: int, workers: int, seed: int, days: int = 731) -> None:
    """Raises AssertionError as soon as something does not add up."""
    await seed_plans(pool)
    dice = random.Random(seed)
    line = LossyLine(LocalGateway(pool, decide=decide_by_dice), dice)
    billing = Billing(pool, line)
    account_ids = await _add_members(pool, members)
    for day in range(days):
        noon = BEGIN + timedelta(days=day, hours=12, seconds=dice.randrange(3600))
        for account_id in account_ids:
            # In the first month one a day begins, so that all days of the month are somebody's.
            if day >= 31 or day == account_ids.index(account_id) % 31:
                await _act(billing, account_id, dice, noon)
        evening = await _work_until_quiet(billing, line, noon + timedelta(minutes=5), workers)
        await check_day(pool, evening)
    await check_books(pool)


async def _add_members(pool: asyncpg.Pool, members: int) -> list[str]:
    account_ids = [derive_id(IdKind.ACCOUNT, f"member {number}") for number in range(members)]
    accounts = [
        Account(
            id=account_id,
            email=f"{account_id}@example.com",
            email_verified=True,
            country=COUNTRIES[number % len(COUNTRIES)],
            status=AccountStatus.ACTIVE,
            permissions=(),
            created_at=BEGIN,
        )
        for number, account_id in enumerate(account_ids)
    ]
    await add_accounts(
        pool, [NewAccount(account=account, password_hash="", profiles=(), membership=None) for account in accounts]
    )
    return account_ids


async def _act(billing: Billing, account_id: str, dice: random.Random, now: datetime) -> None:
    """What a holder may do on a day: mostly nothing, but who has no membership soon begins one."""
    status = await billing.pool.fetchval("SELECT status FROM membership WHERE account_id = $1", account_id)
    plan, card = dice.choice(list(PlanCode)), f"card {dice.randrange(3)}"
    change: Callable[[], Awaitable[MembershipChange]]
    if status in (None, "ENDED") or (status == "CANCELLED" and dice.random() < 0.1):
        change = lambda: start_membership(billing, account_id, plan=plan, token=card, key=None, now=now)  # noqa: E731
    elif status == "PAST_DUE" and dice.random() < 0.1:
        change = lambda: update_payment_method(billing, account_id, token=card, now=now)  # noqa: E731
    elif dice.random() < 0.04:
        change = lambda: change_membership(billing, account_id, plan=plan, now=now)  # noqa: E731
    elif dice.random() < 0.005:
        change = lambda: cancel_membership(billing, account_id, now=now)  # noqa: E731
    else:
        return
    try:
        await change()
    except (Unavailable, Conflict, NotFound):
        return


async def _work_until_quiet(billing: Billing, line: LossyLine, now: datetime, workers: int) -> datetime:
    """Workers side by side, minute by minute, until there is nothing to do for any; answers when that was."""
    for _ in range(200):
        lost = line.lost
        treated = await asyncio.gather(*(_work(billing, now) for _ in range(workers)))
        if not any(treated) and line.lost == lost:
            return now
        now += timedelta(minutes=2)
    raise AssertionError("the workers never come to rest")


async def _work(billing: Billing, now: datetime) -> int:
    # Those that wait for their holder are asked about every minute, and are no work that is left.
    waiting = await billing.pool.fetchval(
        "SELECT count(*) FROM payment_attempt WHERE outcome IS NULL AND action_url IS NOT NULL AND created_at <= $1",
        now - timedelta(minutes=1),
    )
    finished = await finish_attempts(billing, now)
    renewed, ended = await renew_memberships(billing, now), await end_memberships(billing, now)
    return max(0, finished - waiting) + renewed + ended


async def check_day(pool: asyncpg.Pool, now: datetime) -> None:
    """Nothing that was due is left, and nobody is in a state that time should have taken them out of."""
    for member in await pool.fetch(
        """SELECT m.*, i.status AS owed, i.next_try_at FROM membership m
        LEFT JOIN invoice i ON i.account_id = m.account_id AND i.status = 'OPEN' AND i.kind = 'RENEWAL'"""
    ):
        if member["status"] == "ACTIVE":
            assert member["ends_at"] is None
            if member["renews_at"] <= now:
                assert member["owed"]
                assert now < member["next_try_at"] <= member["renews_at"] + timedelta(days=9)
        elif member["status"] in ("CANCELLED", "PAST_DUE"):
            assert member["renews_at"] is None
            assert now < member["ends_at"] <= now + max(HOLD, timedelta(days=31))
            assert bool(member["owed"]) == (member["status"] == "PAST_DUE")
        else:
            assert member["status"] == "ENDED"
            assert not member["owed"]
    assert not await pool.fetchval(
        "SELECT count(*) FROM payment_attempt WHERE outcome IS NULL AND (action_url IS NULL OR created_at < $1)",
        now - timedelta(hours=25),
    )


async def check_books(pool: asyncpg.Pool) -> None:
    """What the gateway took is what the invoices say, once each; and the invoices are the price of the time."""
    taken = {
        row["key"]: row["amount"]
        for row in await pool.fetch("SELECT key, amount FROM local_charge WHERE state = 'SUCCEEDED' AND key LIKE '%/%'")
    }
    attempts = await pool.fetch("SELECT * FROM payment_attempt ORDER BY invoice_id, number")
    succeeded = [attempt for attempt in attempts if attempt["outcome"] == "SUCCEEDED"]
    assert {f"{attempt['invoice_id']}/{attempt['number']}" for attempt in succeeded} == taken.keys()
    invoices = await pool.fetch("SELECT * FROM invoice ORDER BY account_id, covers_from, issued_at, id")
    paid = {invoice["id"]: invoice for invoice in invoices if invoice["status"] == "PAID"}
    assert sorted(attempt["invoice_id"] for attempt in succeeded) == sorted(paid)
    assert {key.split("/")[0]: amount for key, amount in taken.items()} == {
        identifier: invoice["amount"] for identifier, invoice in paid.items()
    }
    check_retries([attempt for attempt in attempts if attempt["is_scheduled"]])
    by_account: dict[str, list[asyncpg.Record]] = defaultdict(list)
    for invoice in paid.values():
        by_account[invoice["account_id"]].append(invoice)
    for owned in by_account.values():
        check_periods(owned)


def check_retries(attempts: Sequence[asyncpg.Record]) -> None:
    """Four tries at most, of which three again: after two, four and seven days at the earliest."""
    tries: dict[str, list[datetime]] = defaultdict(list)
    for attempt in attempts:
        tries[attempt["invoice_id"]].append(attempt["created_at"])
    assert any(len(times) == 4 for times in tries.values())
    for times in tries.values():
        assert len(times) <= 4
        for time, wait in zip(times, (0, 2, 4, 7), strict=False):
            assert timedelta(days=wait) <= time - times[0] <= timedelta(days=wait + 2)


def check_periods(invoices: Sequence[asyncpg.Record]) -> None:
    """Of one account, in their order: no time is sold twice, renewals follow without a gap on the anchor's day, and
    what was charged for a period is the exact price of the time on each plan, to half a minor unit."""
    periods = [invoice for invoice in invoices if invoice["kind"] != "UPGRADE"]
    upgrades = [invoice for invoice in invoices if invoice["kind"] == "UPGRADE"]
    for before, after in pairwise(periods):
        assert before["covers_until"] <= after["covers_from"]
        if after["kind"] == "RENEWAL":
            is_next = before["covers_until"] == after["covers_from"]
            # After a hold it begins anew, with the payment.
            assert after["anchor_at"] == (before["anchor_at"] if is_next else after["covers_from"])
    for period in periods:
        start, end, anchor = period["covers_from"], period["covers_until"], period["anchor_at"]
        months = (end.year - anchor.year) * 12 + end.month - anchor.month
        assert (start, end) == (add_months(anchor, months - 1), add_months(anchor, months))
        within = [upgrade for upgrade in upgrades if start <= upgrade["covers_from"] < end]
        assert all(upgrade["covers_until"] == end for upgrade in within)
        upgrades = [upgrade for upgrade in upgrades if upgrade not in within]
        bounds = [start, *(upgrade["covers_from"] for upgrade in within), end]
        exact = sum(
            Fraction(invoice["plan_price"]) * Fraction((until - since) / (end - start)).limit_denominator(10**15)
            for invoice, (since, until) in zip([period, *within], pairwise(bounds), strict=True)
        )
        charged = sum(invoice["amount"] for invoice in [period, *within])
        assert abs(charged - exact) <= Fraction(501, 1000)
    assert not upgrades
