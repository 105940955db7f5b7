"""Signing in and changing profiles: what a viewer can act upon is a value, all else raises."""

from datetime import datetime, timedelta
from functools import partial

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec.structs import replace

from bff.auth.authority import Authority
from bff.auth.new_sign_ins import find_origins, tell_of_sign_in
from bff.auth.refresh_tokens import Grant, draw_first, issue_next, sign
from bff.auth.results import InvalidCredentials, PassedPin, PinRequired, SignedIn, SignInResult
from bff.auth.tokens import AccessToken
from bff.domain.accounts import AccountStatus, Household, Profile, choose_profile, imply_device
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, random_id
from bff.errors import Forbidden, NotFound, Unauthenticated
from bff.stores import sessions
from bff.stores.account_locks import lock_account
from bff.stores.accounts import begin_pin_try, find_claimed, forget_pin_failures, is_pin_unchanged, read_household
from bff.stores.devices import find_device, read_last_profile
from bff.stores.new_sign_ins import Basis, NewSignIn, add_sign_in
from bff.stores.sessions import Family


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
    client: str = "",
    now: datetime,
) -> SignInResult:
    """Check the password, choose device and profile, and begin a sign-in; tell the account where it is a new one.

    `device_class` is that of the implicit device where `device_id` is None, `client` what its program says of itself.
    `email` is normalised. Raises NotFound for a device or a profile that is not the account's, Forbidden for an account
    that an operator has suspended, only after the password was right.
    """
    pool = authority.pool
    wrong = InvalidCredentials("The e-mail address or the password is wrong.")
    claimed = await find_claimed(pool, email)
    is_right = await authority.passwords.verify(claimed.password_hash if claimed else None, password)
    if claimed is None or not is_right or claimed.household.account.status is AccountStatus.CANCELLED:
        return wrong
    record = claimed.household
    if record.account.status is AccountStatus.SUSPENDED:
        raise suspended()
    last_used = None
    if device_id is not None:
        device = await find_device(pool, record.account.id, device_id)
        if device is None:
            raise _no_such_device()
        device_class = device.device_class
        last_used = await read_last_profile(pool, device_id)
    profile = (
        choose_profile(record.profiles, last_used, has_pin_at_hand=pin is not None)
        if profile_id is None
        else _find_profile(record, profile_id)
    )
    passed = await check_pin(authority, profile, pin, now)
    if isinstance(passed, PinRequired):
        return passed
    begin = partial(
        _begin,
        authority,
        Grant(record, _draw_family(record, device_id), profile, request_country, now),
        has_device=device_id is not None,
        device_class=device_class,
        client=client,
        # Checking took a while, and what has changed meanwhile has ended only the sign-ins that were there by then.
        basis=Basis(claimed.password_hash, record.account.permissions, passed.pin_hash),
    )
    async with pool.acquire(timeout=2) as connection:
        try:  # from where most sign-ins come, which is no more than one statement
            return await begin(connection, is_from_known=True) or wrong
        except _FromNewOrigin:
            async with connection.transaction():
                return await begin(connection, is_told=True) or wrong


async def begin_session(
    authority: Authority,
    *,
    record: Household,
    profile: Profile | None,
    device_id: str | None,
    device_class: DeviceClass,
    request_country: str | None,
    client: str = "",
    now: datetime,
) -> SignedIn:
    """Begin a sign-in of somebody for whom the caller vouches, from where it will be known from now on."""
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        return await begin_session_within(
            authority,
            connection,
            record=record,
            profile=profile,
            device_id=device_id,
            device_class=device_class,
            request_country=request_country,
            client=client,
            is_told=False,
            now=now,
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
    record = await read_household(authority.pool, claims.account_id)
    if record is None or record.account.status is not AccountStatus.ACTIVE:
        raise _ended()
    profile = _find_profile(record, profile_id)
    passed = await check_pin(authority, profile, pin, now)
    if isinstance(passed, PinRequired):
        return passed
    try:
        async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
            is_there = await lock_account(connection, claims.account_id)
            family = await sessions.lock_family(connection, claims.account_id, claims.family_id) if is_there else None
            if family is None or family.revoked_at is not None:
                raise _ended()
            if not await is_pin_unchanged(connection, profile.id, passed.pin_hash):
                return PinRequired(f"{profile.name} has another PIN by now: enter that to go on.")
            switched = await issue_next(authority, connection, Grant(record, family, profile, request_country, now))
    except asyncpg.ForeignKeyViolationError as error:  # it went meanwhile
        raise _no_such_profile() from error
    if switched is None:
        raise _ended()
    return switched


async def begin_session_within(
    authority: Authority,
    connection: PoolConnectionProxy,
    *,
    record: Household,
    profile: Profile | None,
    device_id: str | None,
    device_class: DeviceClass,
    request_country: str | None,
    client: str,
    is_told: bool,
    now: datetime,
) -> SignedIn:
    """The same within an open transaction; the account is told where the sign-in is a new one and `is_told` says so.

    Raises NotFound for a device that is not the account's, Unauthenticated for an account that is gone.
    """
    session = await _begin(
        authority,
        Grant(record, _draw_family(record, device_id), profile, request_country, now),
        connection,
        has_device=device_id is not None,
        device_class=device_class,
        client=client,
        is_told=is_told,
    )
    if session is None:
        raise _ended()
    return session


class _FromNewOrigin(Exception):
    """The sign-in was not begun: it comes from where the account was not signed in to from before."""


async def _begin(
    authority: Authority,
    grant: Grant,
    connection: PoolConnectionProxy,
    *,
    has_device: bool,
    device_class: DeviceClass,
    client: str,
    is_from_known: bool = False,
    is_told: bool = False,
    basis: Basis | None = None,
) -> SignedIn | None:
    """None where the account is gone, or the basis does not hold any more.

    Raises _FromNewOrigin where it was to be `is_from_known` and is not; where it `is_told`, there is a transaction.
    """
    family, now = grant.family, grant.now
    refresh_token, token_hash = draw_first()
    device = None if has_device else imply_device(family.device_id, family.account_id, device_class, now)
    added = await add_sign_in(
        connection,
        NewSignIn(
            family=family,
            implicit=device,
            profile_id=grant.profile.id if grant.profile else None,
            token_hash=token_hash,
            origins=find_origins(grant, has_device=has_device, device_class=device_class, client=client),
            is_from_known=is_from_known,
            basis=basis,
            now=now,
            expires_at=now + timedelta(seconds=authority.refresh_token_age),
        ),
    )
    if not added.is_accounts:
        return None
    if is_from_known and not added.is_from_known:
        raise _FromNewOrigin
    if not added.is_on_device:
        raise _no_such_device()
    if added.new and is_told:
        await tell_of_sign_in(connection, grant, device_class)
    return replace(sign(authority, grant, refresh_token), device=device)


def _draw_family(record: Household, device_id: str | None) -> Family:
    return Family(
        id=random_id(IdKind.REFRESH_FAMILY),
        account_id=record.account.id,
        device_id=device_id or random_id(IdKind.DEVICE),
    )


async def check_pin(
    authority: Authority, profile: Profile | None, pin: str | None, now: datetime
) -> PinRequired | PassedPin:
    """Passed where the PIN is right, or the profile has none; a wrong one is counted."""
    if profile is None or not profile.has_pin:
        return PassedPin(None)
    if pin is None:
        return PinRequired(f"{profile.name} has a PIN: enter it to go on.")
    attempt = await begin_pin_try(authority.pool, profile.id, now)
    if attempt.pin_hash is None:
        if not attempt.wait:
            return PassedPin(None)
        return PinRequired("Too many wrong PINs: wait before the next try.", retry_after=attempt.wait.total_seconds())
    if await authority.passwords.verify(attempt.pin_hash, pin):
        await forget_pin_failures(authority.pool, profile.id)
        return PassedPin(attempt.pin_hash)
    return PinRequired("That is not the PIN.", was_wrong=True, retry_after=attempt.wait.total_seconds() or None)


def suspended() -> Forbidden:
    """What the holder of a suspended account is told, once the password was right."""
    return Forbidden("This account is suspended: write to the support of the service to have that looked at.")


def _find_profile(record: Household, profile_id: str) -> Profile:
    for profile in record.profiles:
        if profile.id == profile_id:
            return profile
    raise _no_such_profile()


def _no_such_profile() -> NotFound:
    return NotFound("There is no such profile: take an id from `viewer.account.profiles`.")


def _no_such_device() -> NotFound:
    return NotFound("There is no such device: sign in without `deviceId`, then call `registerDevice`.")


def _ended() -> Unauthenticated:
    return Unauthenticated("This sign-in has ended: sign in again with `login`.")
