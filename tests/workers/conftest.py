"""A pool on a database of the test's own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from bff.stores.postgres import open_pool
from tests.engines import Engines


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()
