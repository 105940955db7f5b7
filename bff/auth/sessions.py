"""Signing in, staying signed in, and changing profiles: what a viewer can act upon is a value, all else raises."""

import hashlib
import secrets
from datetime import datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.auth.keys import KeyRing, open_key_ring
from bff.auth.passwords import Passwords
from bff.auth.tokens import MAX_AGE, AccessToken, AccessTokenVerifier, mint_access_token
from bff.domain.accounts import (
    AccountRecord,
    AccountStatus,
    Profile,
    choose_profile,
    choose_region,
    find_plan_in_force,
    normalise_email,
)
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, random_id
from bff.errors import NotFound, Unauthenticated
from bff.settings import Settings, SettingsError
from bff.stores import sessions
from bff.stores.accounts import begin_pin_try, find_credentials, forget_pin_failures, read_account
from bff.stores.devices import add_implicit_device, find_device, read_last_profile
from bff.stores.ended_sign_ins import EndedSignIns, end_sign_ins
from bff.stores.sessions import Family


class Authority(Struct, frozen=True):
    """What signing in takes: where accounts are, the keys, who was signed out, and how long tokens live (seconds)."""

    pool: asyncpg.Pool
    passwords: Passwords
    keys: KeyRing
    verifier: AccessTokenVerifier
    ended: EndedSignIns
    default_region: str
    access_token_age: int
    refresh_token_age: int


class SignedIn(Struct, frozen=True):
    """`expires_at` is the access token's end; the refresh token is good for one use."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    claims: AccessToken

    def __repr__(self) -> str:
        return f"SignedIn({self.claims!r})"


class InvalidCredentials(Struct, frozen=True):
    """The same whether the account or the password is wrong."""

    message: str


class PinRequired(Struct, frozen=True):
    """`was_wrong`: a PIN was looked at and is another. `retry_after`: seconds until the next try is looked at."""

    message: str
    was_wrong: bool = False
    retry_after: float | None = None


SignInResult = SignedIn | InvalidCredentials | PinRequired


async def open_authority(pool: asyncpg.Pool, settings: Settings, now: datetime) -> Authority:
    """Open the keys, making them on the first start.

    Raises SettingsError where the key-encryption key is not the right one, or access tokens would live too long.
    """
    if not 0 < settings.access_token_age <= MAX_AGE:
        raise SettingsError(f"BFF_ACCESS_TOKEN_AGE is {settings.access_token_age}; it takes 1 to {MAX_AGE} seconds.")
    keys = await open_key_ring(pool, settings.key_encryption_key, now)
    ended = EndedSignIns(pool)
    return Authority(
        pool=pool,
        passwords=Passwords(),
        keys=keys,
        verifier=AccessTokenVerifier(keys, ended=ended),
        ended=ended,
        default_region=settings.default_region,
        access_token_age=settings.access_token_age,
        refresh_token_age=settings.refresh_token_age,
    )


async def sign_in(
    authority: Authority,
    *,
    email: str,
    password: str,
    device_id: str | None,
    device_class: DeviceClass,
    profile_id: str | None,
    pin: str | None,
    request_country: str | None,
    now: datetime,
) -> SignInResult:
    """Check the password, choose device and profile, and begin a sign-in.

    `device_class` is that of the implicit device where `device_id` is None. Raises NotFound for a device or a profile
    that is not the account's, only after the password was right.
    """
    pool = authority.pool
    credentials = await find_credentials(pool, normalise_email(email))
    is_right = await authority.passwords.verify(credentials.password_hash if credentials else None, password)
    if credentials is None or not is_right or credentials.status is AccountStatus.CANCELLED:
        return InvalidCredentials("The e-mail address or the password is wrong.")
    record = await read_account(pool, credentials.account_id)
    if record is None:
        return InvalidCredentials("The e-mail address or the password is wrong.")
    last_used = None
    if device_id is not None:
        if await find_device(pool, record.account.id, device_id) is None:
            raise NotFound("There is no such device: sign in without `deviceId`, then call `registerDevice`.")
        last_used = await read_last_profile(pool, device_id)
    profile = (
        choose_profile(record.profiles, last_used, has_pin_at_hand=pin is not None)
        if profile_id is None
        else _find_profile(record, profile_id)
    )
    refusal = await _check_pin(authority, profile, pin, now)
    if refusal is not None:
        return refusal
    return await begin_session(
        authority,
        record=record,
        profile=profile,
        device_id=device_id,
        device_class=device_class,
        request_country=request_country,
        now=now,
    )


async def begin_session(
    authority: Authority,
    *,
    record: AccountRecord,
    profile: Profile | None,
    device_id: str | None,
    device_class: DeviceClass,
    request_country: str | None,
    now: datetime,
) -> SignedIn:
    """Begin a sign-in of somebody for whom the caller vouches, on a device that is known to be the account's."""
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        family = Family(
            id=random_id(IdKind.REFRESH_FAMILY),
            account_id=record.account.id,
            device_id=device_id or await add_implicit_device(connection, record.account.id, device_class, now),
        )
        await sessions.add_family(
            connection, family, now=now, expires_at=now + timedelta(seconds=authority.refresh_token_age)
        )
        return await _issue(
            authority, connection, record, family, profile=profile, request_country=request_country, now=now
        )


async def refresh(
    authority: Authority, *, refresh_token: str, request_country: str | None, now: datetime
) -> SignInResult:
    """Trade a refresh token for its successor, with the account as it is now.

    A token that was used before ends the sign-in it came from: either its holder or somebody else has stolen it.
    """
    ended = InvalidCredentials("This sign-in has ended: sign in again.")
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        token = await sessions.lock_token(connection, _hash(refresh_token))
        if token is None or token.family.revoked_at is not None or now >= token.expires_at:
            return ended
        if token.used_at is not None:
            family = token.family
            authority.ended.note(await end_sign_ins(connection, family.account_id, now, family_id=family.id))
            return ended
        record = await read_account(connection, token.family.account_id)
        if record is None or record.account.status is AccountStatus.CANCELLED:
            return ended
        profile = next((profile for profile in record.profiles if profile.id == token.profile_id), None)
        if profile is None:
            profile = choose_profile(record.profiles, None, has_pin_at_hand=False)
            if profile is not None and profile.has_pin:
                return ended
        await sessions.use_up_tokens(connection, token.family.id, now)
        return await _issue(
            authority, connection, record, token.family, profile=profile, request_country=request_country, now=now
        )


async def switch_profile(
    authority: Authority,
    *,
    claims: AccessToken,
    profile_id: str,
    pin: str | None,
    request_country: str | None,
    now: datetime,
) -> SignInResult:
    """Go on with the same sign-in as another profile; the refresh token in use before is good no more.

    Raises NotFound for a profile that is not the account's, Unauthenticated for a sign-in that has ended.
    """
    record = await read_account(authority.pool, claims.account_id)
    if record is None or record.account.status is AccountStatus.CANCELLED:
        raise _ended()
    profile = _find_profile(record, profile_id)
    refusal = await _check_pin(authority, profile, pin, now)
    if refusal is not None:
        return refusal
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        family = await sessions.lock_family(connection, claims.account_id, claims.family_id)
        if family is None or family.revoked_at is not None:
            raise _ended()
        await sessions.use_up_tokens(connection, family.id, now)
        return await _issue(
            authority, connection, record, family, profile=profile, request_country=request_country, now=now
        )


async def _issue(
    authority: Authority,
    connection: PoolConnectionProxy,
    record: AccountRecord,
    family: Family,
    *,
    profile: Profile | None,
    request_country: str | None,
    now: datetime,
) -> SignedIn:
    plan = find_plan_in_force(record, now)
    access_token, claims = mint_access_token(
        authority.keys,
        account_id=record.account.id,
        profile_id=profile.id if profile else None,
        family_id=family.id,
        device_id=family.device_id,
        plan=plan.code if plan else None,
        region=choose_region(request_country, record.account.country, authority.default_region),
        permissions=record.account.permissions,
        now=now,
        age=authority.access_token_age,
    )
    refresh_token = secrets.token_urlsafe(32)
    await sessions.add_token(
        connection,
        _hash(refresh_token),
        family,
        claims.profile_id,
        now=now,
        expires_at=now + timedelta(seconds=authority.refresh_token_age),
    )
    return SignedIn(access_token, refresh_token, claims.expires_at, claims)


async def _check_pin(
    authority: Authority, profile: Profile | None, pin: str | None, now: datetime
) -> PinRequired | None:
    if profile is None or not profile.has_pin:
        return None
    if pin is None:
        return PinRequired(f"{profile.name} has a PIN: enter it to go on.")
    attempt = await begin_pin_try(authority.pool, profile.id, now)
    if attempt.pin_hash is None:
        if not attempt.wait:
            return None
        return PinRequired("Too many wrong PINs: wait before the next try.", retry_after=attempt.wait.total_seconds())
    if await authority.passwords.verify(attempt.pin_hash, pin):
        await forget_pin_failures(authority.pool, profile.id)
        return None
    return PinRequired("That is not the PIN.", was_wrong=True, retry_after=attempt.wait.total_seconds() or None)


def _find_profile(record: AccountRecord, profile_id: str) -> Profile:
    for profile in record.profiles:
        if profile.id == profile_id:
            return profile
    raise NotFound("There is no such profile: take an id from `viewer.account.profiles`.")


def _ended() -> Unauthenticated:
    return Unauthenticated("This sign-in has ended: sign in again with `login`.")


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode("utf-8", "surrogatepass")).digest()
