"""Adds, changes and removes the profiles of accounts. What they did and chose is read through `profile_state`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.profiles import Refusal, is_last_adult, refuse_addition
from bff.errors import NotFound
from bff.stores.account_locks import check_confirmed, lock_account, lock_confirmed
from bff.stores.accounts import Credentials
from bff.stores.ended_playback import bury_sessions
from bff.stores.ended_sign_ins import end_sign_ins, hold_sign_ins
from bff.stores.new_accounts import NewProfile, insert_profiles
from bff.stores.profile_state import Write

_CARRIERS = """
SELECT DISTINCT f.id FROM session_family f JOIN refresh_token t ON t.family_id = f.id
WHERE f.account_id = $1 AND t.profile_id = $2 AND t.used_at IS NULL AND f.revoked_at IS NULL AND f.id <> $3
ORDER BY f.id
"""
_CHANGEABLE = ("name", "avatar", "language", "maturity_ceiling")


class CeilingRaisedError(Exception):
    """The ceiling would go up, and nobody vouches for that; nothing was changed."""


class LastAdultError(Exception):
    """Nobody would be left who may change the other profiles; nothing was changed."""


async def add_profile(
    pool: asyncpg.Pool, account_id: str, profile: NewProfile, *, confirmed: Credentials | None = None
) -> Refusal | None:
    """Behind the account's other profiles; those that are added at the same time wait for each other.

    Raises NotFound for an account that is gone, Unauthenticated where a password was `confirmed` that is not its own
    any more.
    """
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        if not await lock_account(connection, account_id):
            raise NotFound("This account is gone.")
        if confirmed is not None:
            await check_confirmed(connection, confirmed)
        held = await _read_profiles(connection, account_id)
        refusal = refuse_addition([row["is_kids"] for row in held], is_kids=profile.is_kids)
        if refusal is None:
            position = max((row["position"] for row in held), default=0) + 1
            await insert_profiles(connection, account_id, [profile], position)
    return refusal


async def remove_profile(
    pool: asyncpg.Pool, confirmed: Credentials, profile_id: str, family_id: str, now: datetime
) -> tuple[str, ...]:
    """Remove a profile with all that it did, and end what it plays and the sign-ins that use it but for `family_id`,
    the asking one.

    Answers the ids of those, for `EndedSignIns.note`. What Redis holds of the profile goes with the outbox's row, and
    what counts of it at once by `profile_state.bury_state`. Raises NotFound for a profile that is not the account's,
    LastAdultError for its last one that is no kids', Unauthenticated where the password that was confirmed is not its
    own any more.
    """
    account_id = confirmed.account_id
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        await lock_confirmed(connection, confirmed)
        held = await _read_profiles(connection, account_id)
        row = next((row for row in held if row["id"] == profile_id), None)
        if row is None:
            raise _not_found()
        if is_last_adult([row["is_kids"] for row in held], is_kids=row["is_kids"]):
            raise LastAdultError
        await hold_sign_ins(connection, account_id)
        ended = await _end_carriers(connection, account_id, profile_id, family_id, now)
        await connection.execute("SELECT true FROM profile WHERE id = $1 FOR UPDATE", profile_id)
        await bury_sessions(connection, now, profile_id=profile_id)
        await connection.execute("DELETE FROM profile WHERE id = $1", profile_id, timeout=5)
        await connection.execute("INSERT INTO outbox (topic, key, payload) VALUES ('profile', $1, '{}')", profile_id)
    return ended


def update_profile(
    profile_id: str,
    values: Mapping[str, Any],
    preferences: Mapping[str, Any] | None,
    *,
    confirmed: Credentials | None,
) -> Write:
    """`values` by column; `preferences` change those that they name, None puts back what every profile begins with.

    Raises CeilingRaisedError where a ceiling goes up and no password was `confirmed`, Unauthenticated where that is not
    the account's any more.
    """

    async def write(connection: PoolConnectionProxy) -> None:
        row = await connection.fetchrow("SELECT * FROM profile WHERE id = $1", profile_id)
        if row is None:
            raise _not_found()
        new = {column: values.get(column, row[column]) for column in _CHANGEABLE}
        if new["maturity_ceiling"] > row["maturity_ceiling"]:
            if confirmed is None:
                raise CeilingRaisedError
            await check_confirmed(connection, confirmed)
        await connection.execute(
            """UPDATE profile SET name = $2, avatar = $3, language = $4, maturity_ceiling = $5,
                preferences = CASE WHEN $6::text IS NULL THEN '{}' ELSE preferences || $6::text::jsonb END
            WHERE id = $1""",
            profile_id,
            *new.values(),
            None if preferences is None else msgspec.json.encode(preferences).decode(),
        )

    return write


def clear_history(profile_id: str) -> Write:
    """Every sitting, and where each title was left off; list and ratings stay."""

    async def write(connection: PoolConnectionProxy) -> None:
        await connection.execute("DELETE FROM viewing_history WHERE profile_id = $1", profile_id)
        await connection.execute("DELETE FROM watch_progress WHERE profile_id = $1", profile_id)

    return write


async def set_pin(
    pool: asyncpg.Pool, confirmed: Credentials, profile_id: str, pin_hash: str | None, *, family_id: str, now: datetime
) -> tuple[str, ...]:
    """None takes the PIN away; wrong tries are forgotten.

    A new one ends the sign-ins that use the profile but for `family_id`, the asking one: somebody may be in who should
    not. Answers their ids, for `EndedSignIns.note`. Raises NotFound for a profile that is not the account's,
    Unauthenticated where the password that was confirmed is not its own any more.
    """
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        await lock_confirmed(connection, confirmed)
        ended: tuple[str, ...] = ()
        if pin_hash is not None:
            ended = await _end_carriers(connection, confirmed.account_id, profile_id, family_id, now)
        is_there = await connection.fetchval(
            """UPDATE profile SET pin_hash = $3, pin_failures = 0, pin_locked_until = NULL
            WHERE id = $1 AND account_id = $2 RETURNING true""",
            profile_id,
            confirmed.account_id,
            pin_hash,
        )
        if not is_there:
            raise _not_found()
    return ended


async def remove_pins(connection: PoolConnectionProxy, account_id: str) -> None:
    """Of all profiles of an account, which the caller holds; wrong tries are forgotten."""
    await connection.execute(
        "UPDATE profile SET pin_hash = NULL, pin_failures = 0, pin_locked_until = NULL WHERE account_id = $1",
        account_id,
    )


async def _read_profiles(connection: PoolConnectionProxy, account_id: str) -> Sequence[asyncpg.Record]:
    """Those of an account that is locked."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        "SELECT id, is_kids, position FROM profile WHERE account_id = $1 ORDER BY position, id", account_id
    )
    return rows


async def _end_carriers(
    connection: PoolConnectionProxy, account_id: str, profile_id: str, family_id: str, now: datetime
) -> tuple[str, ...]:
    ended: tuple[str, ...] = ()
    for row in await connection.fetch(_CARRIERS, account_id, profile_id, family_id):
        ended += await end_sign_ins(connection, account_id, now, family_id=row["id"])
    return ended


def _not_found() -> NotFound:
    return NotFound("There is no such profile: take an id from `viewer.account.profiles`.")
