"""Playback sessions in PostgreSQL: begun once for a key, ended once, swept when what allowed them has gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from bff.domain.playback import KEY_AGE, PlaybackSession, SessionEndReason, SessionTerms
from bff.errors import Conflict

_DEADLINE = 2.0
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(SessionTerms).decode

_COLUMNS = """id, account_id, profile_id, device_id, family_id, playable_id, title_id, region, document, position,
    started_at, expires_at, ended_at, end_reason"""

_BEGIN = f"""
    INSERT INTO playback_session ({_COLUMNS}, idempotency_key, arguments)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, NULL, $13, $14)
    ON CONFLICT (profile_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING id
"""  # noqa: S608 - constants only

_FREE_KEY = """
    UPDATE playback_session SET idempotency_key = NULL
    WHERE profile_id = $1 AND idempotency_key = $2 AND started_at <= $3
"""

_SWEEP = """
    UPDATE playback_session SET ended_at = clock_timestamp(), end_reason = 'REVOKED' WHERE id IN (
      SELECT session.id FROM playback_session session
      JOIN account ON account.id = session.account_id
      JOIN profile ON profile.id = session.profile_id
      LEFT JOIN membership ON membership.account_id = session.account_id
      LEFT JOIN session_family family ON family.id = session.family_id
      LEFT JOIN device ON device.id = session.device_id
      LEFT JOIN title ON title.id = session.title_id
      LEFT JOIN licence_window stay ON stay.title_id = session.title_id AND stay.region = session.region
      WHERE session.ended_at IS NULL AND session.expires_at > $1 AND (
        account.status <> 'ACTIVE'
        OR family.id IS NULL OR family.revoked_at IS NOT NULL OR family.expires_at <= $1 OR device.id IS NULL
        OR membership.id IS NULL OR membership.status IN ('PAST_DUE', 'ENDED') OR membership.ends_at <= $1
        OR title.id IS NULL OR title.is_hidden OR title.maturity > profile.maturity_ceiling
        OR stay.opens IS NULL OR stay.opens > $1 OR stay.closes <= $1
      )
      ORDER BY session.id LIMIT $2 FOR UPDATE OF session SKIP LOCKED
    )
"""
_FORGET = """
    DELETE FROM playback_session WHERE id IN (
      SELECT id FROM playback_session WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
"""


async def begin_session(
    pool: asyncpg.Pool, session: PlaybackSession, *, key: str | None = None, arguments: bytes = b""
) -> PlaybackSession:
    """Write a session down; where this profile has used `key` within 24 hours, answer the one that was begun then.

    Raises Conflict where that was begun with other `arguments` (a digest).
    """
    values = (
        session.id, session.account_id, session.profile_id, session.device_id, session.family_id, session.playable_id,
        session.title_id, session.region, _encode(session.terms).decode(), session.position, session.started_at,
        session.expires_at,
    )  # fmt: skip
    for _ in range(2):
        if await pool.fetchval(_BEGIN, *values, key, arguments or None, timeout=_DEADLINE) is not None:
            return session
        found = await find_begun(pool, session.profile_id, key or "", arguments, session.started_at)
        if found is not None:
            return found
        await pool.execute(_FREE_KEY, session.profile_id, key, session.started_at - KEY_AGE, timeout=_DEADLINE)
    raise Conflict("This `idempotencyKey` was forgotten just now: try again.")


async def find_begun(
    pool: asyncpg.Pool, profile_id: str, key: str, arguments: bytes, now: datetime
) -> PlaybackSession | None:
    """What `key` began within 24 hours. Raises Conflict like `begin_session`."""
    row = await pool.fetchrow(
        f"""SELECT {_COLUMNS}, arguments FROM playback_session
        WHERE profile_id = $1 AND idempotency_key = $2 AND started_at > $3""",  # noqa: S608 - constants only
        profile_id,
        key,
        now - KEY_AGE,
        timeout=_DEADLINE,
    )
    if row is None:
        return None
    if row["arguments"] != arguments:
        raise Conflict("This `idempotencyKey` began another playback: use a new one.")
    return _to_session(row)


async def read_session(pool: asyncpg.Pool, session_id: str) -> PlaybackSession | None:
    """Whosever it is, and whether or not it is over."""
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM playback_session WHERE id = $1",  # noqa: S608 - constants only
        session_id,
        timeout=_DEADLINE,
    )
    return _to_session(row) if row is not None else None


async def read_sessions(pool: asyncpg.Pool, profile_id: str, ids: Sequence[str]) -> list[PlaybackSession]:
    """Those of one profile, in no order."""
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM playback_session WHERE id = ANY($2) AND profile_id = $1",  # noqa: S608 - constants only
        profile_id,
        list(ids),
        timeout=_DEADLINE,
    )
    return [_to_session(row) for row in rows]


async def end_session(
    pool: asyncpg.Pool, session_id: str, reason: SessionEndReason, *, position: float | None = None
) -> None:
    """End it, unless it is over already; its media is refused within five seconds in every process."""
    await pool.execute(
        """UPDATE playback_session
        SET ended_at = clock_timestamp(), end_reason = $2, position = coalesce($3, position)
        WHERE id = $1 AND ended_at IS NULL""",
        session_id,
        reason,
        position,
        timeout=_DEADLINE,
    )


async def sweep_sessions(pool: asyncpg.Pool, now: datetime, *, most: int = 1000) -> int:
    """End the sessions whose sign-in, account, membership, licence window or ceiling allows them no more; how many.

    A transaction ends at most so many: go on while it is as many.
    """
    status: str = await pool.execute(_SWEEP, now, most, timeout=10)
    return int(status.removeprefix("UPDATE "))


async def forget_sessions(pool: asyncpg.Pool, now: datetime, *, most: int = 5000) -> int:
    """Remove what ended or expired a month ago; answers how many went."""
    status: str = await pool.execute(_FORGET, now - timedelta(days=30), most, timeout=30)
    return int(status.removeprefix("DELETE "))


def _to_session(row: asyncpg.Record) -> PlaybackSession:
    return PlaybackSession(
        id=row["id"],
        account_id=row["account_id"],
        profile_id=row["profile_id"],
        device_id=row["device_id"],
        family_id=row["family_id"],
        playable_id=row["playable_id"],
        title_id=row["title_id"],
        region=row["region"],
        terms=_decode(row["document"]),
        position=row["position"],
        started_at=row["started_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        end_reason=SessionEndReason(row["end_reason"]) if row["end_reason"] is not None else None,
    )
