"""A seeded database and an authority over it, for the tests that sign in."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from bff.auth.authority import Authority, open_authority
from bff.auth.demo import seed_demo_accounts
from bff.auth.passwords import Passwords
from bff.stores.postgres import open_pool
from tests.engines import (
    Engines,
    create_database,
    database_named,
    flush_redis,
    redis_numbered,
    temporary_database,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture(scope="session")
async def seeded_template(engines: Engines, migrated_template: str) -> str:
    """The name of a database with the demo accounts, to be copied: hashing their passwords takes long."""
    await create_database(engines.database_url, "seeded_template", template=migrated_template)
    settings = replace(engines.settings, database_url=database_named(engines.database_url, "seeded_template"))
    pool = await open_pool(settings)
    await seed_demo_accounts(pool, settings, today=NOON.date(), report=_stay_silent)
    await pool.close()
    return "seeded_template"


@pytest.fixture
async def database(
    engines: Engines, seeded_template: str, database_numbers: Iterator[int], tmp_path: Path
) -> AsyncIterator[Engines]:
    """The demo accounts in a database of the test's own, and an empty Redis."""
    name = f"test_{next(database_numbers)}"
    async with temporary_database(engines.database_url, name, template=seeded_template) as url:
        redis_url = redis_numbered(engines.redis_url, 1)
        await flush_redis(redis_url)
        yield Engines(database_url=url, redis_url=redis_url, data_dir=tmp_path)


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def hashing() -> AsyncIterator[Passwords]:
    """One for all tests: its process takes a while to begin."""
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.fixture
async def authority(database: Engines, pool: asyncpg.Pool, hashing: Passwords) -> Authority:
    return replace(await open_authority(pool, database.settings, NOON), passwords=hashing)


def _stay_silent(line: str) -> None:
    """Takes the reports of a long step."""
