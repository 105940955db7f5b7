"""The keys that sign access tokens, their private parts wrapped before they come here."""

from collections.abc import Callable
from datetime import datetime

import asyncpg
from msgspec import Struct

_CREATION_LOCK = 0x6D61_7271_7565  # any number that nothing else locks: "marque" in ASCII


class StoredKey(Struct, frozen=True):
    """`public_key` is DER; `wrapped_private_key` is opaque to the store; `retires_at` is None while the key signs."""

    kid: str
    algorithm: str
    public_key: bytes
    wrapped_private_key: bytes
    created_at: datetime
    retires_at: datetime | None = None


async def read_keys(pool: asyncpg.Pool, make_first: Callable[[], StoredKey], now: datetime) -> tuple[StoredKey, ...]:
    """All keys not yet retired, newest first; where none signs, one is made, by one process only."""
    async with pool.acquire(timeout=2) as connection:
        keys = await _read(connection, now)
        if any(key.retires_at is None for key in keys):
            return keys
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _CREATION_LOCK)
            keys = await _read(connection, now)
            if not any(key.retires_at is None for key in keys):
                key = make_first()
                await connection.execute(
                    """INSERT INTO signing_key (kid, algorithm, public_key, wrapped_private_key, created_at)
                    VALUES ($1, $2, $3, $4, $5)""",
                    key.kid,
                    key.algorithm,
                    key.public_key,
                    key.wrapped_private_key,
                    key.created_at,
                )
                keys = (key, *keys)
        return keys


async def _read(connection: asyncpg.pool.PoolConnectionProxy, now: datetime) -> tuple[StoredKey, ...]:
    rows = await connection.fetch(
        """SELECT kid, algorithm, public_key, wrapped_private_key, created_at, retires_at FROM signing_key
        WHERE retires_at IS NULL OR retires_at > $1 ORDER BY created_at DESC, kid""",
        now,
    )
    return tuple(StoredKey(**row) for row in rows)
