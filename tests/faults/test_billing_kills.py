"""Processes that die between asking the gateway and writing down what it said: nothing is charged twice or lost."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest

from bff.auth.demo import seed_plans
from bff.billing.memberships import Done, start_membership
from bff.billing.payments import Billing
from bff.billing.renewals import renew_memberships
from bff.domain.accounts import PlanCode
from bff.stores.local_gateway import LocalGateway
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started
from tests.workers.sign_ins import add_account

KILLS = pytest.mark.parametrize("dies", ["before", "after"])


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    async with await open_pool(database.settings) as pool:
        await seed_plans(pool)
        yield pool


async def die(database: Engines, does: str, dies: str, account_id: str) -> None:
    command = (sys.executable, "-m", "tests.faults.billing_process", does, dies, account_id, database.database_url)
    async with started(*command, environment=clean_environment()) as process:
        _, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def work_until_paid(database: Engines, pool: asyncpg.Pool, paid: int) -> None:
    """Until a worker, started for it, has concluded what was left open; as if that was left some minutes ago."""
    await pool.execute("UPDATE payment_attempt SET created_at = created_at - interval '5 minutes'")
    command = (sys.executable, "-m", "bff.cli", "worker")
    async with started(*command, environment={**clean_environment(), **database.environment}) as process:
        async with asyncio.timeout(DEADLINE):
            while await count(pool, "FROM invoice WHERE status = 'PAID'") < paid:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.05)
        process.terminate()
        await asyncio.wait_for(process.communicate(), DEADLINE)


async def count(pool: asyncpg.Pool, rest: str) -> int:
    number: int = await pool.fetchval(f"SELECT count(*) {rest}")
    return number


@KILLS
async def test_a_start_that_died_is_concluded_by_a_worker(database: Engines, pool: asyncpg.Pool, dies: str) -> None:
    account_id = await add_account(pool, datetime.now(UTC))
    await die(database, "start", dies, account_id)
    assert await count(pool, "FROM membership") == 0
    assert await count(pool, "FROM local_charge WHERE state = 'SUCCEEDED'") == (dies == "after")
    await work_until_paid(database, pool, 1)
    assert await count(pool, "FROM local_charge WHERE state = 'SUCCEEDED'") == 1
    assert await pool.fetchval("SELECT status FROM membership") == "ACTIVE"


@KILLS
async def test_a_start_that_died_is_concluded_by_the_next_call(
    database: Engines, pool: asyncpg.Pool, dies: str
) -> None:
    account_id = await add_account(pool, datetime.now(UTC))
    await die(database, "start", dies, account_id)
    billing = Billing(pool, LocalGateway(pool))
    answers = await asyncio.gather(
        *(
            start_membership(billing, account_id, plan=PlanCode.BASIC, token="card", key="tap", now=datetime.now(UTC))
            for _ in range(5)
        )
    )
    assert answers == [Done()] * 5
    assert await count(pool, "FROM local_charge WHERE state = 'SUCCEEDED'") == 1
    assert await count(pool, "FROM invoice") == 1


@KILLS
async def test_a_renewal_that_died_is_concluded_by_another_worker(
    database: Engines, pool: asyncpg.Pool, dies: str
) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    billing = Billing(pool, LocalGateway(pool))
    begun = now - timedelta(days=32)
    await start_membership(billing, account_id, plan=PlanCode.BASIC, token="card", key=None, now=begun)
    await die(database, "renew", dies, account_id)
    assert await renew_memberships(billing, now) == 0
    await work_until_paid(database, pool, 2)
    assert await count(pool, "FROM local_charge WHERE state = 'SUCCEEDED'") == 2
    invoices = await pool.fetch("SELECT covers_from, covers_until FROM invoice ORDER BY covers_from")
    assert all(before["covers_until"] == after["covers_from"] for before, after in pairwise(invoices))
    assert await pool.fetchval("SELECT renews_at FROM membership") == invoices[-1]["covers_until"]
