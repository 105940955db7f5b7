"""Brings a database to the newest schema; the only caller of alembic."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parents[2] / "migrations"

_DEADLINE = 120.0
_LOCK = 4_207_101


async def migrate(database_url: str) -> None:
    """Run the migrations that the database has not seen, all in one transaction; two callers wait for each other.

    `database_url` is a `postgresql://` URL as asyncpg takes it. Raises TimeoutError after two minutes.
    """

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(database_url, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with asyncio.timeout(_DEADLINE), engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
