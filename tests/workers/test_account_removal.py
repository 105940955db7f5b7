"""The job that removes what is left of deleted accounts: what one waits for holds up no other."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import asyncpg
import pytest

from bff.auth.demo import seed_plans
from bff.billing.memberships import start_membership
from bff.billing.payments import Billing
from bff.billing.renewals import withdraw_charges
from bff.domain.accounts import PlanCode
from bff.domain.billing import PaymentActionRequired
from bff.stores.account_removal import close_account, remove_closed_accounts
from bff.stores.gateway import Charge, GatewayAway, PaymentGateway
from bff.stores.local_gateway import LocalGateway
from bff.stores.redis import DocumentCache, open_redis
from tests.engines import Engines
from tests.workers.sign_ins import add_account
from workers.lifecycle import remove_accounts


@pytest.fixture
async def cache(database: Engines) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(open_redis(database.settings))
    yield cache
    await cache.close()


class Failing:
    """A gateway that cannot be asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def charge(self, charge: Charge) -> NoReturn:
        del charge
        raise self._error

    async def withdraw(self, charge: Charge) -> NoReturn:
        del charge
        raise self._error


async def close(pool: asyncpg.Pool, account_id: str, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await close_account(connection, account_id, at)


async def list_accounts(pool: asyncpg.Pool) -> list[str]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM account")]


@pytest.mark.parametrize("error", [GatewayAway("no answer"), ValueError("another sum")])
async def test_a_charge_that_cannot_be_withdrawn_keeps_its_own_account_alone(
    pool: asyncpg.Pool, cache: DocumentCache, error: Exception
) -> None:
    await seed_plans(pool)
    now = datetime.now(UTC)
    gateway = LocalGateway(pool)
    paying, *others = [await add_account(pool, now) for _ in range(3)]
    begun = await start_membership(
        Billing(pool, gateway), paying, plan=PlanCode.BASIC, token="challenge", key=None, now=now
    )
    assert isinstance(begun, PaymentActionRequired)
    for account_id in (paying, *others):
        await close(pool, account_id, now - timedelta(minutes=1))

    async def run(gateway: PaymentGateway) -> int:
        return await remove_accounts({"pool": pool, "cache": cache, "billing": Billing(pool, gateway)})

    assert await run(Failing(error)) == 2
    assert await list_accounts(pool) == [paying]
    assert await run(gateway) == 1
    assert await list_accounts(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM account_removal") == 0
    assert await pool.fetchval("SELECT state FROM local_charge") == "DECLINED"


async def test_a_charge_that_was_begun_when_nobody_looked_any_more_is_withdrawn_first(
    pool: asyncpg.Pool, cache: DocumentCache
) -> None:
    """An account that is deleted between the two steps of the job."""
    await seed_plans(pool)
    now, billing = datetime.now(UTC), Billing(pool, LocalGateway(pool))
    account_id = await add_account(pool, now)
    await start_membership(billing, account_id, plan=PlanCode.BASIC, token="challenge", key=None, now=now)
    await withdraw_charges(billing, now)
    await close(pool, account_id, now - timedelta(minutes=1))
    assert await remove_closed_accounts(pool, cache, now) == 0
    assert await list_accounts(pool) == [account_id]
    assert await remove_accounts({"pool": pool, "cache": cache, "billing": billing}) == 1
    assert await pool.fetchval("SELECT state FROM local_charge") == "DECLINED"


async def test_what_the_bank_was_told_before_it_could_be_withdrawn_is_said_to_be_refunded(
    pool: asyncpg.Pool, cache: DocumentCache, caplog: pytest.LogCaptureFixture
) -> None:
    await seed_plans(pool)
    now, gateway = datetime.now(UTC), LocalGateway(pool)
    account_id = await add_account(pool, now)
    begun = await start_membership(
        Billing(pool, gateway), account_id, plan=PlanCode.BASIC, token="challenge", key=None, now=now
    )
    assert isinstance(begun, PaymentActionRequired)
    await close(pool, account_id, now - timedelta(minutes=1))
    await gateway.answer_challenge(begun.url.rpartition("/")[2], is_approved=True)
    assert await remove_accounts({"pool": pool, "cache": cache, "billing": Billing(pool, gateway)}) == 1
    [line] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert "refund it" in line
    assert account_id not in line
