"""Reads and changes of what a profile has done and chosen. PostgreSQL is the truth; Redis holds one document a profile.

Every change is one transaction that bumps the profile's version, writes its outbox row and reads the new state, which
then replaces the copy in Redis; the relay does so later where Redis was away.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.list_order import place_before
from bff.domain.profile_state import ProfileState, Thumb
from bff.errors import NotFound
from bff.stores import keys
from bff.stores.redis import DocumentCache, RedisAway, split_version

STATE_AGE = 60 * 60 * 24
"""Seconds a copy in Redis lives without being read anew from PostgreSQL."""
GRACE = 60
"""Seconds after which nothing is under way any more that began before a profile went."""
_NEVER_OLDER = 2**53 - 1

Connection = PoolConnectionProxy
Write = Callable[[Connection], Awaitable[None]]

_READ = """
SELECT json_build_object(
  'profile_id', p.id, 'account_id', p.account_id, 'version', p.state_version, 'is_kids', p.is_kids,
  'language', p.language, 'ceiling', p.maturity_ceiling, 'preferences', p.preferences,
  'my_list', (SELECT coalesce(json_agg(json_build_object('title_id', l.title_id, 'position', l.position,
      'added_at', l.added_at) ORDER BY l.position, l.title_id), '[]') FROM my_list_entry l WHERE l.profile_id = p.id),
  'ratings', (SELECT coalesce(json_object_agg(r.title_id, json_build_object('thumb', r.thumb, 'rated_at', r.rated_at)),
      '{}') FROM title_rating r WHERE r.profile_id = p.id),
  'progress', (SELECT coalesce(json_object_agg(w.playable_id, json_build_object('playable_id', w.playable_id,
      'title_id', w.title_id, 'position', w.position, 'duration', w.duration, 'completed', w.completed,
      'updated_at', w.updated_at, 'dismissed', w.dismissed)), '{}') FROM watch_progress w WHERE w.profile_id = p.id),
  'arrangement', (SELECT coalesce((SELECT json_build_object('order', a.row_order, 'hidden', a.hidden)
      FROM home_arrangement a WHERE a.profile_id = p.id), '{}'))
)::text
FROM profile p WHERE p.id = $1
"""

_decode_row = msgspec.json.Decoder(ProfileState).decode
_decode = msgspec.msgpack.Decoder(ProfileState).decode
_encode = msgspec.msgpack.Encoder().encode


def decode_state(stored: bytes) -> ProfileState:
    """What stands in Redis under `keys.profile_state`."""
    return _decode(split_version(stored)[1])


async def read_state(pool: asyncpg.Pool, cache: DocumentCache, profile_id: str) -> ProfileState | None:
    """Read one profile's state from PostgreSQL in one statement, and leave a copy in Redis."""
    row = await pool.fetchval(_READ, profile_id)
    if row is None:
        return None
    state = _decode_row(row)
    await _keep(cache, state)
    return state


async def change_state(pool: asyncpg.Pool, cache: DocumentCache, profile_id: str, write: Write) -> ProfileState:
    """Run `write` in a transaction that serialises the changes of this profile; answers the state after it.

    Raises NotFound for a profile that is gone.
    """
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        version = await connection.fetchval(
            "UPDATE profile SET state_version = state_version + 1 WHERE id = $1 RETURNING state_version", profile_id
        )
        if version is None:
            raise NotFound("This profile is gone.")
        await write(connection)
        outbox_id = await connection.fetchval(
            "INSERT INTO outbox (topic, key, payload) VALUES ('profile', $1, $2) RETURNING id",
            profile_id,
            json.dumps({"version": version}),
        )
        state = _decode_row(await connection.fetchval(_READ, profile_id))
    if await _keep(cache, state):
        await pool.execute("DELETE FROM outbox WHERE id = $1", outbox_id)
    return state


async def bury_state(cache: DocumentCache, profile_id: str) -> None:
    """Nothing of a profile that is gone is read from Redis any more, nor written by who read it before it went.

    Raises RedisAway.
    """
    await cache.put_if_newer(keys.profile_state(profile_id), _NEVER_OLDER, b"", age=GRACE)


async def _keep(cache: DocumentCache, state: ProfileState) -> bool:
    try:
        await cache.put_if_newer(keys.profile_state(state.profile_id), state.version, _encode(state), age=STATE_AGE)
    except RedisAway:
        return False
    return True


def add_to_list(profile_id: str, title_id: str, now: datetime) -> Write:
    """In front of the list; what is there already stays where it is."""

    async def write(connection: Connection) -> None:
        await connection.execute(
            """INSERT INTO my_list_entry (profile_id, title_id, position, added_at)
            SELECT $1, $2, coalesce(min(position), 0) - 1, $3 FROM my_list_entry WHERE profile_id = $1
            ON CONFLICT DO NOTHING""",
            profile_id,
            title_id,
            now,
        )

    return write


def remove_from_list(profile_id: str, title_id: str) -> Write:
    async def write(connection: Connection) -> None:
        await connection.execute(
            "DELETE FROM my_list_entry WHERE profile_id = $1 AND title_id = $2", profile_id, title_id
        )

    return write


def move_in_list(profile_id: str, title_id: str, before_id: str | None) -> Write:
    """Put a title before another, or at the end."""

    async def write(connection: Connection) -> None:
        rows = await connection.fetch(
            "SELECT title_id, position FROM my_list_entry WHERE profile_id = $1 ORDER BY position, title_id", profile_id
        )
        moved = place_before([(row["title_id"], row["position"]) for row in rows], title_id, before_id)
        await connection.execute(
            """UPDATE my_list_entry e SET position = o.position
            FROM unnest($2::text[], $3::float8[]) AS o (title_id, position)
            WHERE e.profile_id = $1 AND e.title_id = o.title_id""",
            profile_id,
            list(moved),
            list(moved.values()),
        )

    return write


def rate(profile_id: str, title_id: str, thumb: Thumb | None, now: datetime) -> Write:
    """None takes the rating back."""

    async def write(connection: Connection) -> None:
        if thumb is None:
            await connection.execute(
                "DELETE FROM title_rating WHERE profile_id = $1 AND title_id = $2", profile_id, title_id
            )
            return
        await connection.execute(
            """INSERT INTO title_rating (profile_id, title_id, thumb, rated_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (profile_id, title_id) DO UPDATE SET thumb = excluded.thumb, rated_at = excluded.rated_at""",
            profile_id,
            title_id,
            thumb.value,
            now,
        )

    return write


def dismiss(profile_id: str, title_id: str) -> Write:
    """Take a title out of continue watching; its progress stays."""

    async def write(connection: Connection) -> None:
        await connection.execute(
            "UPDATE watch_progress SET dismissed = true WHERE profile_id = $1 AND title_id = $2", profile_id, title_id
        )

    return write


def arrange(profile_id: str, order: Sequence[str] | None, hidden: Sequence[str] | None) -> Write:
    """Row keys; None puts the server's own back."""

    async def write(connection: Connection) -> None:
        await connection.execute(
            """INSERT INTO home_arrangement (profile_id, row_order, hidden) VALUES ($1, $2, $3)
            ON CONFLICT (profile_id) DO UPDATE SET row_order = excluded.row_order, hidden = excluded.hidden""",
            profile_id,
            list(order or ()),
            list(hidden or ()),
        )

    return write


async def read_history(
    pool: asyncpg.Pool, profile_id: str, *, limit: int, before: tuple[datetime, str] | None
) -> list[dict[str, Any]]:
    """Sittings, newest first, from behind `before` (instant and id) on."""
    rows = await pool.fetch(
        """SELECT id, playable_id, title_id, watched_at, watched_seconds, completed, device_id FROM viewing_history
        WHERE profile_id = $1 AND ($2::timestamptz IS NULL OR (watched_at, id) < ($2, $3))
        ORDER BY watched_at DESC, id DESC LIMIT $4""",
        profile_id,
        before[0] if before else None,
        before[1] if before else None,
        limit,
    )
    return [dict(row) for row in rows]
