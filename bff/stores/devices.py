"""Devices: registered ones, and the implicit one of a sign-in that named none."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import Device
from bff.domain.devices import DeviceCapabilities, DeviceClass, default_capabilities
from bff.domain.ids import IdKind, kind_of, random_id
from bff.errors import NotFound, Unauthenticated
from bff.stores.sessions import lock_family

_encode = msgspec.json.encode
_decode_capabilities = msgspec.json.Decoder(DeviceCapabilities).decode


async def find_device(pool: asyncpg.Pool, account_id: str, device_id: str) -> Device | None:
    """A device of this account; another account's is like none."""
    if kind_of(device_id) is not IdKind.DEVICE:
        return None
    row = await pool.fetchrow(
        """SELECT id, account_id, device_class, name, capabilities::text AS capabilities, implicit, last_active_at
        FROM device WHERE id = $1 AND account_id = $2""",
        device_id,
        account_id,
    )
    return _to_device(row) if row else None


async def read_last_profile(pool: asyncpg.Pool, device_id: str) -> str | None:
    """The profile last in use on a device; None where that is gone, or nobody was signed in yet."""
    profile_id: str | None = await pool.fetchval("SELECT last_profile_id FROM device WHERE id = $1", device_id)
    return profile_id


async def add_implicit_device(
    connection: PoolConnectionProxy, account_id: str, device_class: DeviceClass, now: datetime
) -> str:
    """Make the device of a sign-in that named none; it can do what every device of its class can."""
    return await _add_device(
        connection,
        account_id=account_id,
        device_class=device_class,
        name=None,
        capabilities=default_capabilities(device_class),
        implicit=True,
        now=now,
    )


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
    Raises NotFound for a device that is not the account's, Unauthenticated for a sign-in that has ended.
    """
    if device_id is not None and kind_of(device_id) is not IdKind.DEVICE:
        raise _not_found()
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        family = await lock_family(connection, account_id, family_id)
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
                implicit=False,
                now=now,
            )
        row = await connection.fetchrow(
            """UPDATE device SET device_class = $3, name = coalesce($4, name), capabilities = $5::text::jsonb,
                implicit = false, last_profile_id = $6, last_active_at = $7
            WHERE id = $1 AND account_id = $2
            RETURNING id, account_id, device_class, name, capabilities::text AS capabilities, implicit,
                last_active_at""",
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
    return _to_device(row)


async def _add_device(
    connection: PoolConnectionProxy,
    *,
    account_id: str,
    device_class: DeviceClass,
    name: str | None,
    capabilities: DeviceCapabilities,
    implicit: bool,
    now: datetime,
) -> str:
    device_id = random_id(IdKind.DEVICE)
    await connection.execute(
        """INSERT INTO device (id, account_id, device_class, name, capabilities, implicit, last_active_at)
        VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)""",
        device_id,
        account_id,
        device_class.value,
        name,
        _encode(capabilities).decode(),
        implicit,
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
