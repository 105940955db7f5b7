"""Devices: registered ones, and the implicit one of a sign-in that named none."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import Device
from bff.domain.devices import MOST_DEVICES, DeviceCapabilities, DeviceClass
from bff.domain.ids import IdKind, kind_of, random_id
from bff.errors import Conflict, NotFound, Unauthenticated
from bff.stores.account_locks import lock_account
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.sessions import lock_family

_encode = msgspec.json.encode
_decode_capabilities = msgspec.json.Decoder(DeviceCapabilities).decode


_COLUMNS = "id, account_id, device_class, name, capabilities::text AS capabilities, implicit, last_active_at"
_FIND = f"SELECT {_COLUMNS} FROM device WHERE id = $1 AND account_id = $2"  # noqa: S608 - constants only
_FIND_BOUND = f"""
SELECT {_COLUMNS} FROM device WHERE account_id = $2 AND id = (
  SELECT CASE WHEN named.implicit THEN family.device_id ELSE named.id END
  FROM device named, session_family family WHERE named.id = $1 AND family.id = $3)
"""  # noqa: S608 - constants only
_COUNT = "SELECT count(*) FROM device WHERE account_id = $1 AND NOT implicit"
_FORGET_UNUSED = """
DELETE FROM device WHERE id IN (
  SELECT id FROM device d WHERE account_id = $1 AND NOT implicit AND NOT EXISTS (
    SELECT FROM session_family f WHERE f.device_id = d.id AND f.revoked_at IS NULL AND f.expires_at > $2)
  ORDER BY last_active_at, id LIMIT $3)
RETURNING id
"""
_DESCRIBE = f"""
UPDATE device SET device_class = $3, name = coalesce($4, name), capabilities = $5::text::jsonb,
  implicit = false, last_profile_id = (SELECT id FROM profile WHERE id = $6), last_active_at = $7
WHERE id = $1 AND account_id = $2 RETURNING {_COLUMNS}
"""  # noqa: S608 - constants only


async def find_device(pool: asyncpg.Pool, account_id: str, device_id: str) -> Device | None:
    """A device of this account; another account's is like none."""
    if kind_of(device_id) is not IdKind.DEVICE:
        return None
    row = await pool.fetchrow(_FIND, device_id, account_id)
    return _to_device(row) if row else None


async def find_bound_device(pool: asyncpg.Pool, account_id: str, device_id: str, family_id: str) -> Device | None:
    """The device of a token that names `device_id`: instead of an implicit one, what its sign-in was bound to since."""
    row = await pool.fetchrow(_FIND_BOUND, device_id, account_id, family_id)
    return _to_device(row) if row else None


async def read_last_profile(pool: asyncpg.Pool, device_id: str) -> str | None:
    """The profile last in use on a device; None where that is gone, or nobody was signed in yet."""
    profile_id: str | None = await pool.fetchval("SELECT last_profile_id FROM device WHERE id = $1", device_id)
    return profile_id


async def register_device(
    pool: asyncpg.Pool,
    *,
    account_id: str,
    family_id: str,
    profile_id: str | None,
    device_id: str | None,
    device_class: DeviceClass,
    name: str | None,
    capabilities: DeviceCapabilities,
    now: datetime,
) -> Device:
    """Record what a device is and bind the sign-in to it.

    With `device_id`, that device is described anew (its name stays where none is given). Without, the implicit device
    of the sign-in becomes this one, or a new one is made where the sign-in is bound to a registered device already.
    Raises NotFound for a device that is not the account's, Unauthenticated for a sign-in that has ended, Conflict where
    the account has MOST_DEVICES that somebody is signed in on.
    """
    if device_id is not None and kind_of(device_id) is not IdKind.DEVICE:
        raise _not_found()
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        is_there = await lock_account(connection, account_id)
        family = await lock_family(connection, account_id, family_id) if is_there else None
        if family is None or family.revoked_at is not None:
            raise Unauthenticated("This sign-in has ended: sign in again with `login`.")
        if device_id is None and await connection.fetchval(
            "SELECT implicit FROM device WHERE id = $1", family.device_id
        ):
            device_id = family.device_id
        if device_id is None:
            device_id = await _add_device(
                connection,
                account_id=account_id,
                device_class=device_class,
                name=name,
                capabilities=capabilities,
                now=now,
            )
        row = await connection.fetchrow(
            _DESCRIBE,
            device_id,
            account_id,
            device_class.value,
            name,
            _encode(capabilities).decode(),
            profile_id,
            now,
        )
        if row is None:
            raise _not_found()
        await connection.execute("UPDATE session_family SET device_id = $1 WHERE id = $2", device_id, family_id)
        await _make_room(connection, account_id, now)
    return _to_device(row)


async def remove_device(pool: asyncpg.Pool, account_id: str, device_id: str, now: datetime) -> tuple[str, ...]:
    """End the sign-ins on a device, and forget it; answers their ids, for `EndedSignIns.note`.

    Raises NotFound for a device that is not the account's.
    """
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        if not await lock_account(connection, account_id):
            raise _not_found()
        ended = await end_sign_ins(connection, account_id, now, device_id=device_id)
        removed = await connection.fetchval(
            "DELETE FROM device WHERE id = $1 AND account_id = $2 RETURNING true", device_id, account_id
        )
        if not removed:
            raise _not_found()
        await _announce_removal(connection, device_id)
    return ended


async def remove_unused_devices(pool: asyncpg.Pool, *, before: datetime, most: int = 1000) -> int:
    """Remove implicit devices without a sign-in that were last in use before an instant; answers how many."""
    status: str = await pool.execute(
        """DELETE FROM device WHERE id IN (
            SELECT id FROM device d WHERE implicit AND last_active_at < $1 AND NOT EXISTS (
                SELECT 1 FROM session_family f WHERE f.device_id = d.id)
            LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        before,
        most,
    )
    return int(status.removeprefix("DELETE "))


async def _make_room(connection: PoolConnectionProxy, account_id: str, now: datetime) -> None:
    """Of too many devices those go that nobody is signed in on, and that were not in use for longest.

    Raises Conflict where these are too few.
    """
    surplus = await connection.fetchval(_COUNT, account_id) - MOST_DEVICES
    if surplus <= 0:
        return
    forgotten = await connection.fetch(_FORGET_UNUSED, account_id, now, surplus)
    if len(forgotten) < surplus:
        raise Conflict(f"An account has at most {MOST_DEVICES} devices in use: take one away with `removeDevice`.")
    for row in forgotten:
        await _announce_removal(connection, row["id"])


async def _announce_removal(connection: PoolConnectionProxy, device_id: str) -> None:
    await connection.execute("INSERT INTO outbox (topic, key, payload) VALUES ('device', $1, '{}')", device_id)


async def _add_device(
    connection: PoolConnectionProxy,
    *,
    account_id: str,
    device_class: DeviceClass,
    name: str | None,
    capabilities: DeviceCapabilities,
    now: datetime,
) -> str:
    device_id = random_id(IdKind.DEVICE)
    await connection.execute(
        """INSERT INTO device (id, account_id, device_class, name, capabilities, implicit, last_active_at)
        VALUES ($1, $2, $3, $4, $5::text::jsonb, false, $6)""",
        device_id,
        account_id,
        device_class.value,
        name,
        _encode(capabilities).decode(),
        now,
    )
    return device_id


def _to_device(row: asyncpg.Record) -> Device:
    values: dict[str, Any] = dict(row)
    values["device_class"] = DeviceClass(values["device_class"])
    values["capabilities"] = _decode_capabilities(values["capabilities"])
    return Device(**values)


def _not_found() -> NotFound:
    return NotFound("There is no such device: leave out the id to register a new one.")
