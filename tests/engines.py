"""Real PostgreSQL and Redis for the tests: one pair a session, databases of their own inside it.

Redis is shared too: number 0 belongs to `engines`, 1 to `database`, 2 to `catalogue_database`.
"""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio
from msgspec import Struct

from bff.auth.demo import seed_demo_accounts
from bff.catalog.importer import DEMO_FILES, import_catalogue
from bff.embedded import EmbeddedEngines
from bff.settings import Environment, Secret, Settings
from bff.stores.migrate import migrate
from bff.stores.postgres import open_pool

KEY_ENCRYPTION_KEY = Secret(base64.b64encode(bytes(range(32))).decode())


class Engines(Struct, frozen=True, kw_only=True):
    """Where a test finds its engines; `data_dir` is a folder that only they and the test use."""

    database_url: Secret
    redis_url: Secret
    data_dir: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            env=Environment.DEVELOPMENT,
            database_url=self.database_url,
            redis_url=self.redis_url,
            data_dir=self.data_dir,
            key_encryption_key=KEY_ENCRYPTION_KEY,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process of its own."""
        return {
            "BFF_ENV": "development",
            "BFF_DATABASE_URL": self.database_url,
            "BFF_REDIS_URL": self.redis_url,
            "BFF_DATA_DIR": str(self.data_dir),
            "BFF_KEY_ENCRYPTION_KEY": KEY_ENCRYPTION_KEY,
        }


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    async with EmbeddedEngines(tmp_path_factory.mktemp("engines")) as running:
        yield Engines(database_url=running.database_url, redis_url=running.redis_url, data_dir=running.data_dir)


@pytest.fixture(scope="session")
async def migrated_template(engines: Engines) -> str:
    """The name of an empty, migrated database that nobody connects to, to be copied."""
    await create_database(engines.database_url, "migrated_template")
    await migrate(database_named(engines.database_url, "migrated_template"))
    return "migrated_template"


@pytest.fixture(scope="session")
def database_numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
async def database(
    engines: Engines, migrated_template: str, database_numbers: Iterator[int], tmp_path: Path
) -> AsyncIterator[Engines]:
    """An empty migrated database and an empty Redis, for one test."""
    name = f"test_{next(database_numbers)}"
    async with temporary_database(engines.database_url, name, template=migrated_template) as url:
        redis_url = redis_numbered(engines.redis_url, 1)
        await flush_redis(redis_url)
        yield Engines(database_url=url, redis_url=redis_url, data_dir=tmp_path)


@pytest.fixture(scope="session")
async def catalogue_database(
    engines: Engines, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Engines]:
    """The whole demo catalogue with the demo accounts, shared by the session: tests leave it as they found it."""
    today = datetime.now(UTC).date()
    async with temporary_database(engines.database_url, "catalogue", template=migrated_template) as url:
        catalogue = Engines(
            database_url=url,
            redis_url=redis_numbered(engines.redis_url, 2),
            data_dir=tmp_path_factory.mktemp("catalogue"),
        )
        pool = await open_pool(catalogue.settings)
        try:
            await import_catalogue(pool, DEMO_FILES, today=today, report=_stay_silent)
            await seed_demo_accounts(pool, catalogue.settings, today=today, report=_stay_silent)
        finally:
            await pool.close()
        yield catalogue


@asynccontextmanager
async def temporary_database(server_url: str, name: str, *, template: str = "template0") -> AsyncIterator[Secret]:
    """A copy of `template` that is dropped at the end, whoever still uses it; gives its URL."""
    await create_database(server_url, name, template=template)
    try:
        yield database_named(server_url, name)
    finally:
        await execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def create_database(server_url: str, name: str, *, template: str = "template0") -> None:
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await connection.execute(statement, timeout=120)
    finally:
        await connection.close()


def database_named(server_url: str, name: str) -> Secret:
    return Secret(urlsplit(server_url)._replace(path=f"/{name}").geturl())


def redis_numbered(redis_url: str, number: int) -> Secret:
    return Secret(urlsplit(redis_url)._replace(query=f"db={number}").geturl())


async def flush_redis(url: str) -> None:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.flushdb()


def _stay_silent(line: str) -> None:
    """Takes the reports of a long step."""
