"""Sign-ins that ended before their access tokens did: written with what ended them, followed by every process.

Each process holds the short list in memory and reads what is new from PostgreSQL every second, whether or not Redis or
the worker is there: so no request asks an engine, and no crash after a commit loses an ending.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
KEPT = 2 * 3600.0
"""Seconds that an ending is of use: longer than any access token lives, whatever clocks say."""
_OVERLAP = 60.0
"""Seconds that each look goes back: longer than a transaction takes from writing an ending to its commit."""
_DEADLINE = 2.0

_END = """
WITH held AS (
  SELECT id FROM session_family
  WHERE account_id = $1 AND revoked_at IS NULL
    AND ($3::text IS NULL OR id = $3) AND ($4::text IS NULL OR device_id = $4)
    AND ($5::text IS NULL OR id <> $5)
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
    except_family_id: str | None = None,
) -> tuple[str, ...]:
    """End the account's sign-ins for good: all, the one named, those on a device, or all but one.

    Their refresh tokens are good no more once the transaction of `connection` has committed; their access tokens, and
    the connections that stay open on them, within five seconds in every process. Rows of the families may be deleted
    in the same transaction, after this. Answers the ids of the families, for `EndedSignIns.note`, which makes this
    process know at once.
    """
    rows = await connection.fetch(_END, account_id, now, family_id, device_id, except_family_id)
    return tuple(row["family_id"] for row in rows)


async def forget_ended_sign_ins(pool: asyncpg.Pool) -> int:
    """Remove what no access token can be refused for any more; answers how many."""
    status: str = await pool.execute(
        "DELETE FROM ended_sign_in WHERE ended_at < clock_timestamp() - $1::interval",
        timedelta(seconds=KEPT),
        timeout=60,
    )
    return int(status.removeprefix("DELETE "))


class EndedSignIns:
    """The families that ended lately, as one process knows them: `in` asks memory alone."""

    def __init__(self) -> None:
        self._forget_at: dict[str, float] = {}

    def __contains__(self, family_id: object) -> bool:
        return family_id in self._forget_at

    def __len__(self) -> int:
        return len(self._forget_at)

    def note(self, family_ids: Iterable[str]) -> None:
        """What this process has ended itself need not wait for the next look."""
        forget_at = time.monotonic() + KEPT
        for family_id in family_ids:
            self._forget_at.setdefault(family_id, forget_at)

    async def catch_up(self, pool: asyncpg.Pool, *, seconds: float = _OVERLAP) -> None:
        """Read what ended within the last seconds. Raises what asyncpg does."""
        rows = await pool.fetch(
            "SELECT family_id FROM ended_sign_in WHERE ended_at > clock_timestamp() - $1::interval",
            timedelta(seconds=seconds),
            timeout=_DEADLINE,
        )
        self.note(row["family_id"] for row in rows)

    @asynccontextmanager
    async def following(self, pool: asyncpg.Pool) -> AsyncIterator["EndedSignIns"]:
        """Read the whole list, then follow it until the block ends, on a pool that requests do not use up."""
        await self.catch_up(pool, seconds=KEPT)
        task = asyncio.create_task(self._follow(pool), name="ended sign-ins")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self, pool: asyncpg.Pool) -> None:
        caught_up_at = time.monotonic()
        is_behind = False
        while True:
            await asyncio.sleep(INTERVAL)
            begun_at = time.monotonic()
            try:
                await self.catch_up(pool, seconds=begun_at - caught_up_at + _OVERLAP)
            except Exception as error:  # whatever it is, who was signed out must not stay signed in for it
                if not is_behind:
                    log.warning("Sign-ins that ended are not heard of until PostgreSQL is back: %r", error)
                is_behind = True
                continue
            caught_up_at, is_behind = begun_at, False
            self._forget(begun_at)

    def _forget(self, now: float) -> None:
        """They stand in the order in which they go."""
        while self._forget_at:
            family_id, forget_at = next(iter(self._forget_at.items()))
            if forget_at > now:
                return
            del self._forget_at[family_id]
