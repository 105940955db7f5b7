"""Sign-ins that ended before their access tokens did: written with what ended them, followed by every process."""

from datetime import datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bff.stores.endings import Endings

KEPT = 2 * 3600.0
"""Seconds that an ending is of use: longer than any access token lives, whatever clocks say."""

_END = """
WITH held AS (
  SELECT id FROM session_family
  WHERE account_id = $1 AND revoked_at IS NULL
    AND ($3::text IS NULL OR id = $3) AND ($4::text IS NULL OR device_id = $4)
  ORDER BY id FOR UPDATE
), ended AS (
  UPDATE session_family SET revoked_at = $2 WHERE id IN (SELECT id FROM held) RETURNING id
)
INSERT INTO ended_sign_in (family_id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING family_id
"""


async def end_sign_ins(
    connection: PoolConnectionProxy,
    account_id: str,
    now: datetime,
    *,
    family_id: str | None = None,
    device_id: str | None = None,
) -> tuple[str, ...]:
    """End the account's sign-ins for good: all, the one named, or those on a device. For more than one the caller has
    locked the account.

    Their refresh tokens are good no more once the transaction of `connection` has committed; their access tokens, and
    the connections that stay open on them, within five seconds in every process. Rows of the families may be deleted
    in the same transaction, after this. Answers the ids of the families, for `EndedSignIns.note`, which makes this
    process know at once.
    """
    rows = await connection.fetch(_END, account_id, now, family_id, device_id)
    return tuple(row["family_id"] for row in rows)


async def forget_ended_sign_ins(pool: asyncpg.Pool) -> int:
    """Remove what no access token can be refused for any more; answers how many."""
    status: str = await pool.execute(
        "DELETE FROM ended_sign_in WHERE ended_at < clock_timestamp() - $1::interval",
        timedelta(seconds=KEPT),
        timeout=60,
    )
    return int(status.removeprefix("DELETE "))


async def hold_sign_ins(connection: PoolConnectionProxy, account_id: str) -> None:
    """Lock the sign-ins of an account that is locked, until the transaction ends: none is refreshed or swept by then.

    Also those that have ended, whose tokens name profiles still.
    """
    await connection.execute("SELECT true FROM session_family WHERE account_id = $1 ORDER BY id FOR UPDATE", account_id)


class EndedSignIns(Endings):
    """The families that ended lately, as one process knows them."""

    def __init__(self) -> None:
        super().__init__(
            "SELECT family_id FROM ended_sign_in WHERE ended_at > clock_timestamp() - $1::interval",
            what="Sign-ins",
            kept=KEPT,
        )
