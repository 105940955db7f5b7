"""Adds a sign-in with all that comes with it, in one statement: whoever signs in waits for one round trip."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.accounts import Device
from bff.stores.sessions import Family
from bff.stores.sign_in_origins import OriginKind

_ADD = """WITH held AS (
    SELECT id FROM account WHERE id = $1 AND status = 'ACTIVE'
        AND ($2::text IS NULL OR password_hash = $2 AND permissions = $12::text[])
    FOR SHARE
), entered AS (
    SELECT profile.id FROM held JOIN profile ON profile.account_id = held.id
    WHERE profile.id = $4 AND ($2::text IS NULL OR pin_hash IS NOT DISTINCT FROM $13::text)
    FOR SHARE OF profile
), allowed AS (
    SELECT id FROM held WHERE $4::text IS NULL OR EXISTS (SELECT FROM entered)
), origin AS (
    SELECT kind, value FROM unnest($9::text[], $10::text[]) AS given (kind, value)
), known AS (
    SELECT NOT EXISTS (SELECT FROM origin WHERE NOT EXISTS (SELECT FROM sign_in_origin AS seen
        WHERE seen.account_id = $1 AND seen.kind = origin.kind AND seen.value = origin.value)) AS is_all
), welcome AS (
    SELECT allowed.id FROM allowed, known WHERE known.is_all OR NOT $11
), bound AS ({bind_device}
), family AS (
    INSERT INTO session_family (id, account_id, device_id, created_at, expires_at)
    SELECT $5, $1, id, $6, $7 FROM bound
), token AS (
    INSERT INTO refresh_token (hash, family_id, profile_id, issued_at, expires_at) SELECT $8, $5, $4, $6, $7 FROM bound
), seen AS (
    INSERT INTO sign_in_origin (account_id, kind, value, first_seen_at, last_seen_at)
    SELECT $1, kind, value, $6, $6 FROM bound, origin ORDER BY kind
    ON CONFLICT (account_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at
    RETURNING kind, xmax = 0 AS is_new
)
SELECT EXISTS (SELECT FROM allowed) AS is_held, EXISTS (SELECT FROM welcome) AS is_welcome,
    EXISTS (SELECT FROM bound) AS is_bound, ARRAY (SELECT kind FROM seen WHERE is_new) AS new"""

_ADD_WITH_DEVICE = _ADD.format(
    bind_device="""
    INSERT INTO device (id, account_id, last_profile_id, last_active_at, device_class, capabilities, implicit)
    SELECT $3, id, $4, $6, $14, $15::text::jsonb, true FROM welcome RETURNING id"""
)
_ADD_ON_DEVICE = _ADD.format(
    bind_device="""
    UPDATE device SET last_profile_id = $4, last_active_at = $6 FROM welcome
    WHERE device.id = $3 AND device.account_id = welcome.id RETURNING device.id"""
)


class Basis(Struct, frozen=True):
    """What a sign-in was granted upon, which was read before the password was checked: that takes a while."""

    password_hash: str
    permissions: tuple[str, ...]
    pin_hash: str | None
    """The profile's, where it has one."""

    def __repr__(self) -> str:
        return "Basis(…)"


class NewSignIn(Struct, frozen=True, kw_only=True):
    """A family with its first token, known by its hash; `profile_id` is None for an account without profiles.

    `implicit` is the family's device where it is to be made; otherwise that is there already. Where there is a `basis`
    the sign-in is added only while that holds. `origins` are where it comes from; `is_from_known` has it added only
    where none of them is new.
    """

    family: Family
    implicit: Device | None
    profile_id: str | None
    token_hash: bytes
    origins: Mapping[OriginKind, str] = {}
    is_from_known: bool = False
    basis: Basis | None = None
    now: datetime
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewSignIn({self.family!r}, …)"


class Added(Struct, frozen=True):
    """Nothing was added unless account, origins and device are what the sign-in says they are; `new` was not seen
    before."""

    is_accounts: bool
    is_from_known: bool
    is_on_device: bool
    new: frozenset[OriginKind]


async def add_sign_in(connection: PoolConnectionProxy, new: NewSignIn) -> Added:
    """The account stays as it is until the transaction ends."""
    basis = new.basis
    (row,) = await connection.fetch(
        _ADD_ON_DEVICE if new.implicit is None else _ADD_WITH_DEVICE,
        new.family.account_id,
        basis.password_hash if basis else None,
        new.family.device_id,
        new.profile_id,
        new.family.id,
        new.now,
        new.expires_at,
        new.token_hash,
        [kind.value for kind in new.origins],
        list(new.origins.values()),
        new.is_from_known,
        basis.permissions if basis else (),
        basis.pin_hash if basis else None,
        *_describe(new.implicit),
    )
    return Added(row["is_held"], row["is_welcome"], row["is_bound"], frozenset(map(OriginKind, row["new"])))


def _describe(device: Device | None) -> tuple[str, ...]:
    if device is None:
        return ()
    return device.device_class.value, msgspec.json.encode(device.capabilities).decode()
