"""Two years of a hundred memberships, with five workers side by side, to the minor unit."""

import asyncpg
import pytest

from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.workers.billing_years import live

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("seed", [2, 3])
async def test_a_hundred_memberships_add_up(database: Engines, seed: int) -> None:
    async with await open_pool(database.settings, max_size=20) as pool:
        await live(pool, members=100, workers=5, seed=seed)
        assert await count_paid(pool) > 1500


async def count_paid(pool: asyncpg.Pool) -> int:
    paid: int = await pool.fetchval("SELECT count(*) FROM invoice WHERE status = 'PAID'")
    return paid
