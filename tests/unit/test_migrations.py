"""The migrations build exactly the tables that the code declares, and can be taken back."""

import asyncio
import importlib
import pkgutil
from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, String
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from bff.stores import tables
from bff.stores.migrate import migrate
from tests.engines import Engines, temporary_database


async def test_the_migrated_schema_is_the_declared_one(database: Engines) -> None:
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database.database_url), poolclass=NullPool
    )
    async with engine.connect() as connection:
        differences = await connection.run_sync(_compare)
    await engine.dispose()
    assert differences == []


async def test_migrating_again_and_at_once_changes_nothing(engines: Engines) -> None:
    async with temporary_database(engines.database_url, "migrated_twice") as url:
        await asyncio.gather(migrate(url), migrate(url))
        await migrate(url)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        await connection.close()


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": _compare_type})
    return list(compare_metadata(context, SQLModel.metadata))


def _compare_type(
    context: object, inspected: object, declared: object, held: TypeEngine[Any], meant: Any
) -> bool | None:
    """To PostgreSQL, text and varchar without a length are the same."""
    are_texts = isinstance(held, String) and isinstance(getattr(meant, "impl", meant), String)
    return False if are_texts else None
