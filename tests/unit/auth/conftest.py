"""A seeded database and an authority over it, for the tests that sign in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from bff.auth.authority import Authority, open_authority
from bff.auth.demo import seed_demo_accounts
from bff.stores.postgres import open_pool
from tests.engines import Engines

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    """The demo accounts in a database of the test's own."""
    pool = await open_pool(database.settings)
    await seed_demo_accounts(pool, database.settings, today=NOON.date(), report=_stay_silent)
    yield pool
    await pool.close()


@pytest.fixture
async def authority(database: Engines, pool: asyncpg.Pool) -> AsyncIterator[Authority]:
    authority = await open_authority(pool, database.settings, NOON)
    yield authority
    authority.passwords.close()


def _stay_silent(line: str) -> None:
    """Takes the reports of a long step."""
