"""Reads of accounts, and the count of wrong PINs."""

from datetime import datetime, timedelta

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import AccountRecord, AccountStatus, Household, wait_after_pin_failures
from bff.stores.plans import OFFERS

_DEVICES = """,
  'devices', (SELECT coalesce(json_agg(d.document), '[]') FROM (
      SELECT json_build_object('id', d.id, 'account_id', a.id, 'device_class', d.device_class, 'name', d.name,
          'capabilities', d.capabilities, 'implicit', d.implicit, 'last_active_at', d.last_active_at) AS document
      FROM device d
      WHERE d.account_id = a.id AND (NOT d.implicit OR EXISTS (SELECT 1 FROM session_family f
          WHERE f.device_id = d.id AND f.revoked_at IS NULL AND f.expires_at > now()))
      ORDER BY d.last_active_at DESC, d.id LIMIT 100) d)"""


def _write_reading(*, where: str = "id = $1", beside: str = "", more: str = "") -> str:
    return f"""WITH shopper AS (SELECT country FROM account WHERE {where}), {OFFERS}
SELECT {beside}json_build_object(
  'account', json_build_object('id', a.id, 'email', a.email, 'email_verified', a.email_verified,
      'country', a.country, 'status', a.status, 'permissions', a.permissions, 'created_at', a.created_at),
  'membership', (SELECT json_build_object('id', m.id, 'plan', (SELECT document FROM offer WHERE code = m.plan),
      'status', m.status, 'started_at', m.started_at, 'renews_at', m.renews_at, 'ends_at', m.ends_at,
      'pending_plan', (SELECT document FROM offer WHERE code = m.pending_plan))
      FROM membership m WHERE m.account_id = a.id),
  'profiles', (SELECT coalesce(json_agg(json_build_object('id', p.id, 'account_id', a.id, 'name', p.name,
      'avatar', p.avatar, 'is_kids', p.is_kids, 'language', p.language, 'maturity_ceiling', p.maturity_ceiling,
      'has_pin', p.pin_hash IS NOT NULL, 'preferences', p.preferences, 'state_version', p.state_version)
      ORDER BY p.position, p.id), '[]') FROM profile p WHERE p.account_id = a.id){more}
)::text AS document
FROM account a WHERE {where}
"""  # noqa: S608 - constants only


_FIND_CLAIMED = _write_reading(
    where="""id = coalesce((SELECT id FROM account WHERE email >= $1 ORDER BY email LIMIT 1),
    (SELECT id FROM account ORDER BY email LIMIT 1))""",
    beside="a.email, a.password_hash, ",
)
"""Whose address is the next where nobody has it: who is nobody must take as long to read."""
_READ_HOUSEHOLD = _write_reading()
_READ_ACCOUNT = _write_reading(more=_DEVICES)

_decode_household = msgspec.json.Decoder(Household).decode
_decode_account = msgspec.json.Decoder(AccountRecord).decode


class Credentials(msgspec.Struct, frozen=True):
    """What a password is checked against; never leaves the server."""

    account_id: str
    email: str
    status: AccountStatus
    password_hash: str

    def __repr__(self) -> str:
        return f"Credentials({self.account_id!r}, …)"


class Claimed(msgspec.Struct, frozen=True):
    """Whom somebody claims to be who signs in, and what the password is checked against; never leaves the server."""

    household: Household
    password_hash: str

    def __repr__(self) -> str:
        return "Claimed(…)"


class PinTry(msgspec.Struct, frozen=True):
    """A try at a PIN, counted as wrong until `forget_pin_failures`.

    `pin_hash` is None where `wait` must pass before the next try counts, or where there is no PIN (any more). Else
    `wait` is how long the next try has to wait should this one be wrong.
    """

    pin_hash: str | None
    wait: timedelta

    def __repr__(self) -> str:
        return f"PinTry(…, {self.wait!r})"


async def find_credentials(pool: asyncpg.Pool, email: str) -> Credentials | None:
    """`email` is normalised."""
    return _to_credentials(
        await pool.fetchrow("SELECT id, email, status, password_hash FROM account WHERE email = $1", email)
    )


async def find_claimed(pool: asyncpg.Pool, email: str) -> Claimed | None:
    """`email` is normalised. It takes the same whether or not it is somebody's: then somebody else is read."""
    row = await pool.fetchrow(_FIND_CLAIMED, email)
    if row is None:
        return None
    claimed = Claimed(_decode_household(row["document"]), row["password_hash"])
    return claimed if row["email"] == email else None


async def read_credentials(pool: asyncpg.Pool, account_id: str) -> Credentials | None:
    """None for an account that is gone."""
    return _to_credentials(
        await pool.fetchrow("SELECT id, email, status, password_hash FROM account WHERE id = $1", account_id)
    )


def _to_credentials(row: asyncpg.Record | None) -> Credentials | None:
    return Credentials(row["id"], row["email"], AccountStatus(row["status"]), row["password_hash"]) if row else None


async def read_account(pool: asyncpg.Pool | PoolConnectionProxy, account_id: str) -> AccountRecord | None:
    """The whole account in one statement; None for one that is gone.

    Implicit devices are listed as long as somebody is signed in on them.
    """
    document = await pool.fetchval(_READ_ACCOUNT, account_id)
    return None if document is None else _decode_account(document)


async def require_account(connection: PoolConnectionProxy, account_id: str) -> AccountRecord:
    """Of an account that the caller holds, or has just added."""
    record = await read_account(connection, account_id)
    if record is None:
        raise RuntimeError("an account that is held is not there")
    return record


async def read_household(pool: asyncpg.Pool | PoolConnectionProxy, account_id: str) -> Household | None:
    """The same without the devices, of which there may be many; None for an account that is gone."""
    document = await pool.fetchval(_READ_HOUSEHOLD, account_id)
    return None if document is None else _decode_household(document)


async def begin_pin_try(pool: asyncpg.Pool, profile_id: str, now: datetime) -> PinTry:
    """Count a try before it is checked, so that parallel guesses cannot slip past the limit."""
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        row = await connection.fetchrow(
            "SELECT pin_hash, pin_failures, pin_locked_until FROM profile WHERE id = $1 FOR UPDATE", profile_id
        )
        if row is None or row["pin_hash"] is None:
            return PinTry(None, timedelta(0))
        locked_until = row["pin_locked_until"]
        if locked_until is not None and now < locked_until:
            return PinTry(None, locked_until - now)
        failures = row["pin_failures"] + 1
        wait = wait_after_pin_failures(failures)
        await connection.execute(
            "UPDATE profile SET pin_failures = $2, pin_locked_until = $3 WHERE id = $1",
            profile_id,
            failures,
            now + wait if wait else None,
        )
    return PinTry(row["pin_hash"], wait)


async def is_pin_unchanged(connection: PoolConnectionProxy, profile_id: str, pin_hash: str | None) -> bool:
    """Whether a profile of an account that is locked has this PIN still, or none; also for one that is gone."""
    return not await connection.fetchval(
        "SELECT true FROM profile WHERE id = $1 AND pin_hash IS DISTINCT FROM $2", profile_id, pin_hash
    )


async def forget_pin_failures(pool: asyncpg.Pool, profile_id: str) -> None:
    """The PIN was right: start counting anew."""
    await pool.execute(
        "UPDATE profile SET pin_failures = 0, pin_locked_until = NULL WHERE id = $1 AND pin_failures > 0", profile_id
    )
