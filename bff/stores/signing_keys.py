"""The keys that sign access tokens, their private parts wrapped before they come here."""

from collections.abc import Callable
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

_LOCK = 0x6D61_7271_7565  # any number that nothing else locks: "marque" in ASCII
_DEADLINE = 5.0


class StoredKey(Struct, frozen=True):
    """`public_key` is DER; `wrapped_private_key` is opaque to the store; a key verifies until `retires_at`."""

    kid: str
    algorithm: str
    public_key: bytes
    wrapped_private_key: bytes
    created_at: datetime
    signs_from: datetime
    retires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"StoredKey({self.kid!r}, …)"


async def read_keys(pool: asyncpg.Pool, make_first: Callable[[], StoredKey], now: datetime) -> tuple[StoredKey, ...]:
    """All keys not yet retired; where none is left to sign, one is made, by one process only."""
    async with pool.acquire(timeout=_DEADLINE) as connection:
        keys = await _read(connection, now)
        if any(key.retires_at is None for key in keys):
            return keys
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            keys = await _read(connection, now)
            if not any(key.retires_at is None for key in keys):
                key = make_first()
                await _add(connection, key)
                keys = (key, *keys)
        return keys


async def add_next_key(
    pool: asyncpg.Pool,
    make: Callable[[], StoredKey],
    *,
    unless_newer_than: datetime,
    retires_others_at: datetime,
    now: datetime,
) -> str | None:
    """Add a key unless one signs from a later instant than the one given, and forget those that have retired.

    Answers the id of the new key.
    """
    async with pool.acquire(timeout=_DEADLINE) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute("DELETE FROM signing_key WHERE retires_at <= $1", now)
        if await connection.fetchval(
            "SELECT 1 FROM signing_key WHERE retires_at IS NULL AND signs_from > $1", unless_newer_than
        ):
            return None
        await connection.execute("UPDATE signing_key SET retires_at = $1 WHERE retires_at IS NULL", retires_others_at)
        key = make()
        await _add(connection, key)
        return key.kid


async def _add(connection: PoolConnectionProxy, key: StoredKey) -> None:
    await connection.execute(
        """INSERT INTO signing_key (kid, algorithm, public_key, wrapped_private_key, created_at, signs_from)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        key.kid,
        key.algorithm,
        key.public_key,
        key.wrapped_private_key,
        key.created_at,
        key.signs_from,
    )


async def _read(connection: PoolConnectionProxy, now: datetime) -> tuple[StoredKey, ...]:
    rows = await connection.fetch(
        """SELECT kid, algorithm, public_key, wrapped_private_key, created_at, signs_from, retires_at FROM signing_key
        WHERE retires_at IS NULL OR retires_at > $1 ORDER BY signs_from DESC, kid""",
        now,
    )
    return tuple(StoredKey(**row) for row in rows)
