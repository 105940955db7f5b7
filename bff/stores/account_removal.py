"""Takes an account away: at once what it is signed in with and known by, and by a job every row and key about it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bff.stores import keys
from bff.stores.account_locks import lock_account
from bff.stores.ended_playback import bury_sessions
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.mail import forget_mails
from bff.stores.redis import DocumentCache

GRACE = timedelta(seconds=15)
"""How long Redis is looked through again: what was under way when the account went may have written to it since. By
then its tokens are dead everywhere, and no operation goes on for so long."""

_NOTE = """
INSERT INTO account_removal (account_id, email, profile_ids, device_ids, requested_at)
SELECT id, email, ARRAY(SELECT id FROM profile WHERE account_id = $1),
    ARRAY(SELECT id FROM device WHERE account_id = $1), $2
FROM account WHERE id = $1
"""
_IS_CHARGED = """EXISTS (
  SELECT FROM payment_attempt t JOIN invoice i ON i.id = t.invoice_id
  WHERE i.account_id = {account_id} AND t.outcome IS NULL)"""
"""Nobody knows yet what became of a charge: what would tell stays until then."""
_LIST = f"""
SELECT * FROM account_removal r WHERE NOT {_IS_CHARGED.format(account_id="r.account_id")}
ORDER BY requested_at LIMIT 100
"""  # noqa: S608 - constants only


async def close_account(connection: PoolConnectionProxy, account_id: str, now: datetime) -> tuple[str, ...]:
    """End the account for good, and have it removed; its address is free again. Within an open transaction.

    Answers the sign-ins that this ended, for `EndedSignIns.note`; none for an account that is gone.
    """
    if not await lock_account(connection, account_id, with_address=True):
        return ()
    ended = await end_sign_ins(connection, account_id, now)
    await connection.execute(_NOTE, account_id, now)
    await forget_mails(connection, account_id, now)
    await connection.execute(
        """UPDATE account SET status = 'CANCELLED', email = id, email_verified = false, password_hash = '',
            permissions = '{}'
        WHERE id = $1""",
        account_id,
    )
    return ended


async def remove_closed_accounts(pool: asyncpg.Pool, cache: DocumentCache, now: datetime) -> int:
    """Remove what is left of closed accounts; answers of how many nothing is left. May run twice, and at once.

    Accounts with an open charge wait. Raises RedisAway, with the rows gone and the rest left for the next run.
    """
    done = 0
    for removal in await pool.fetch(_LIST):
        if not await _remove_rows(pool, removal, now):
            continue
        await _remove_keys(cache, removal)
        if now - removal["requested_at"] >= GRACE:
            await pool.execute("DELETE FROM account_removal WHERE account_id = $1", removal["account_id"])
            done += 1
    return done


async def _remove_rows(pool: asyncpg.Pool, removal: asyncpg.Record, now: datetime) -> bool:
    """Nearly every table about an account goes with its row; the others are named here. False where it has to wait."""
    named = [removal["account_id"], *removal["profile_ids"], *removal["device_ids"]]
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        await connection.execute("SELECT true FROM account WHERE id = $1 FOR UPDATE", removal["account_id"])
        is_charged = f"SELECT {_IS_CHARGED.format(account_id='$1')}"
        if await connection.fetchval(is_charged, removal["account_id"]):
            return False
        await bury_sessions(connection, now, account_id=removal["account_id"])
        await connection.execute("DELETE FROM account WHERE id = $1", removal["account_id"], timeout=30)
        await connection.execute("DELETE FROM outbox WHERE key = ANY($1::text[])", named)
        await connection.execute("DELETE FROM operator_action WHERE subject = $1", removal["account_id"])
    return True


async def _remove_keys(cache: DocumentCache, removal: asyncpg.Record) -> None:
    account_id = removal["account_id"]
    await cache.forget(
        keys.rate_of_account(account_id),
        keys.login_failures_of_account(removal["email"]),
        *map(keys.device, removal["device_ids"]),
    )
    for pattern in map(keys.all_of_profile, removal["profile_ids"]):
        await _forget_all(cache, await cache.find_keys(pattern))


async def _forget_all(cache: DocumentCache, names: Iterable[str]) -> None:
    found = list(names)
    if found:
        await cache.forget(*found)
