"""Sign-ins: a family of refresh tokens each, of which one at a time is good. Tokens are known by their SHA-256 only.

Whoever changes a family locks its row first (`lock_family`, `lock_token`), so that changes of one sign-in follow each
other; whoever changes more of the account locks that before (`account_locks`). All functions take a connection with an
open transaction.
"""

from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct


class Family(Struct, frozen=True):
    """One sign-in on one device."""

    id: str
    account_id: str
    device_id: str
    revoked_at: datetime | None = None


class RefreshToken(Struct, frozen=True):
    """`profile_id` is None where the profile is gone, or the account has none."""

    family: Family
    profile_id: str | None
    expires_at: datetime
    used_at: datetime | None


async def add_next_token(
    connection: PoolConnectionProxy,
    token_hash: bytes,
    family: Family,
    profile_id: str | None,
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Add the token that is good from now on to a family that the caller has locked, which lives as long; its device
    remembers the profile. Those issued so far are good no more; they stay, so that their reuse is noticed."""
    await connection.execute(
        """WITH used AS (
            UPDATE refresh_token SET used_at = $5 WHERE family_id = $2 AND used_at IS NULL
        ), added AS (
            INSERT INTO refresh_token (hash, family_id, profile_id, issued_at, expires_at) VALUES ($1, $2, $4, $5, $6)
        ), extended AS (UPDATE session_family SET expires_at = $6 WHERE id = $2)
        UPDATE device SET last_profile_id = $4, last_active_at = $5 WHERE id = $3""",
        token_hash,
        family.id,
        family.device_id,
        profile_id,
        now,
        expires_at,
    )


async def find_token(connection: PoolConnectionProxy, family: Family, token_hash: bytes) -> RefreshToken | None:
    """A token of a family that the caller has locked."""
    row = await connection.fetchrow(
        "SELECT profile_id, expires_at, used_at FROM refresh_token WHERE hash = $1 AND family_id = $2",
        token_hash,
        family.id,
    )
    return RefreshToken(family, **row) if row else None


async def find_good_token(connection: PoolConnectionProxy, family: Family) -> bytes | None:
    """The hash of the one token of a locked family that was not used."""
    token_hash: bytes | None = await connection.fetchval(
        "SELECT hash FROM refresh_token WHERE family_id = $1 AND used_at IS NULL", family.id
    )
    return token_hash


async def lock_family(connection: PoolConnectionProxy, account_id: str, family_id: str) -> Family | None:
    """The family until the transaction ends; None for one of another account, or that is gone."""
    row = await connection.fetchrow(
        """SELECT id, account_id, device_id, revoked_at FROM session_family
        WHERE id = $1 AND account_id = $2 FOR UPDATE""",
        family_id,
        account_id,
    )
    return Family(**row) if row else None


async def lock_token(connection: PoolConnectionProxy, token_hash: bytes) -> RefreshToken | None:
    """A refresh token, its family locked until the transaction ends.

    Two statements: only what is read after the lock is sure to be current.
    """
    family = await connection.fetchrow(
        """SELECT id, account_id, device_id, revoked_at FROM session_family
        WHERE id = (SELECT family_id FROM refresh_token WHERE hash = $1) FOR UPDATE""",
        token_hash,
    )
    if family is None:
        return None
    return await find_token(connection, Family(**family), token_hash)


async def remove_ended_families(pool: asyncpg.Pool, *, before: datetime, most: int = 1000) -> int:
    """Remove sign-ins that expired or were revoked before an instant, their tokens with them; answers how many."""
    status: str = await pool.execute(
        """DELETE FROM session_family WHERE id IN (
            SELECT id FROM session_family WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        before,
        most,
    )
    return int(status.removeprefix("DELETE "))


async def remove_expired_tokens(pool: asyncpg.Pool, *, before: datetime, most: int = 1000) -> int:
    """Remove tokens that expired before an instant, used or not; answers how many."""
    status: str = await pool.execute(
        """DELETE FROM refresh_token WHERE hash IN (
            SELECT hash FROM refresh_token WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        before,
        most,
    )
    return int(status.removeprefix("DELETE "))
