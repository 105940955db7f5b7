"""What links in mail are good for: each once, until it dies. Their tokens are known by their SHA-256 only."""

import hashlib
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.mail import MailKind
from bff.stores.account_locks import lock_account


class SentLink(Struct, frozen=True):
    """`address` is where the mail went."""

    account_id: str
    address: str


async def find_account_of_address(pool: asyncpg.Pool, address: str) -> str | None:
    """The account that is signed in to with this address."""
    account_id: str | None = await pool.fetchval(
        "SELECT id FROM account WHERE email = $1 AND status <> 'CANCELLED'", address
    )
    return account_id


async def set_link(pool: asyncpg.Pool, mail_id: str, token: str, *, account_id: str, expires_at: datetime) -> bool:
    """What the mail's link is good for from now on; one that was used stays used.

    False for a mail that is not to go any more, or whose account is gone.
    """
    status = await pool.execute(
        """WITH held AS (SELECT id FROM account WHERE id = $3 FOR KEY SHARE)
        UPDATE mail SET link_hash = $2, account_id = held.id, link_expires_at = $4
        FROM held WHERE mail.id = $1 AND due_at IS NOT NULL""",
        mail_id,
        _hash(token),
        account_id,
        expires_at,
    )
    return bool(status == "UPDATE 1")


async def find_link(connection: PoolConnectionProxy | asyncpg.Pool, kind: MailKind, token: str) -> SentLink | None:
    """Whose link it is, good or not; None for one that is not there."""
    row = await connection.fetchrow(
        "SELECT account_id, recipient AS address FROM mail WHERE link_hash = $1 AND kind = $2",
        _hash(token),
        kind.value,
        timeout=2,
    )
    return SentLink(**row) if row else None


async def use_link(connection: PoolConnectionProxy, kind: MailKind, token: str, now: datetime) -> SentLink | None:
    """Use a link up and lock its account, with the address; None for one that is not there, was used, or has died."""
    link = await find_link(connection, kind, token)
    if link is None or not await lock_account(connection, link.account_id, with_address=True):
        return None
    row = await connection.fetchrow(
        """UPDATE mail SET link_used_at = $3
        WHERE link_hash = $1 AND kind = $2 AND link_used_at IS NULL AND link_expires_at > $3
        RETURNING account_id, recipient AS address""",
        _hash(token),
        kind.value,
        now,
    )
    return SentLink(**row) if row else None


async def revoke_links(connection: PoolConnectionProxy, kind: MailKind, account_id: str, now: datetime) -> None:
    """Links of a kind that were sent to the account lead nowhere any more; those that wait are not sent."""
    await connection.execute(
        """UPDATE mail SET link_used_at = $3, due_at = NULL
        WHERE kind = $2 AND link_used_at IS NULL
        AND (account_id = $1 OR recipient = (SELECT email FROM account WHERE id = $1))""",
        account_id,
        kind.value,
        now,
    )


async def revoke_intrusive_links(connection: PoolConnectionProxy, account_id: str, now: datetime) -> None:
    """What somebody who knew the old password may have asked for: a new password, and another address for the account.

    The link that confirms the address which the account has stays good.
    """
    await revoke_links(connection, MailKind.RESET_PASSWORD, account_id, now)
    await connection.execute(
        """UPDATE mail SET link_used_at = $3, due_at = NULL
        WHERE kind = $2 AND link_used_at IS NULL AND account_id = $1
        AND recipient <> (SELECT email FROM account WHERE id = $1)""",
        account_id,
        MailKind.VERIFY_EMAIL.value,
        now,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
