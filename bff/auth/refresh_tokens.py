"""Refresh tokens: one at a time is good for a sign-in, and brings an access token and its own successor.

They are opaque, and known to the database by their SHA-256 alone.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.auth.authority import Authority
from bff.auth.results import InvalidCredentials, PinRequired, SignedIn, SignInResult
from bff.auth.tokens import mint_access_token
from bff.domain.accounts import (
    AccountStatus,
    Household,
    Profile,
    choose_profile,
    choose_region,
    find_plan_in_force,
)
from bff.stores import sessions
from bff.stores.accounts import read_household
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.sessions import Family

RETRY_WITHIN = timedelta(seconds=10)
"""How long after its use a refresh token brings its successor once more."""


class Grant(Struct, frozen=True):
    """Whom tokens are for; `request_country` is what a trusted proxy said."""

    record: Household
    family: Family
    profile: Profile | None
    request_country: str | None
    now: datetime


async def refresh(
    authority: Authority, *, refresh_token: str, request_country: str | None, now: datetime
) -> SignInResult:
    """Trade a refresh token for its successor, with the account as it is now.

    A token that was used before ends the sign-in it came from: either its holder or somebody else has stolen it. But
    an answer may get lost, and tabs may refresh at the same time: so for RETRY_WITHIN after its use, and only while
    nobody has used the successor, a token brings the same successor once more. That is safe: there is still one
    successor, so whoever comes second with it, thief or owner, is noticed; only up to RETRY_WITHIN later. A sibling
    for each retry would leave two lines that could live on side by side unnoticed.
    """
    ended = InvalidCredentials("This sign-in has ended: sign in again.")
    token_hash = _hash(refresh_token)
    successor = _derive_successor(authority, token_hash)
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        token = await sessions.lock_token(connection, token_hash)
        if token is None or token.family.revoked_at is not None or now >= token.expires_at:
            return ended
        family, profile_id = token.family, token.profile_id
        if token.used_at is not None:
            held = await sessions.find_token(connection, family, _hash(successor))
            if held is None or held.used_at is not None or now - token.used_at > RETRY_WITHIN:
                authority.ended.note(await end_sign_ins(connection, family.account_id, now, family_id=family.id))
                return ended
            profile_id = held.profile_id
        record = await read_household(connection, family.account_id)
        if record is None or record.account.status is not AccountStatus.ACTIVE:
            return ended
        profile = next((profile for profile in record.profiles if profile.id == profile_id), None)
        if profile is None:
            profile = choose_profile(record.profiles, None, has_pin_at_hand=False)
            if profile is not None and profile.has_pin:
                return ended
        if profile is not None and profile.has_pin and profile_id != token.profile_id:
            return PinRequired(f"This sign-in has gone on as {profile.name}: sign in again, or with the PIN.")
        grant = Grant(record, family, profile, request_country, now)
        if token.used_at is None:
            await _succeed(authority, connection, grant, successor)
        return sign(authority, grant, successor)


def draw_first() -> tuple[str, bytes]:
    """The first refresh token of a sign-in, and the hash by which it is known."""
    refresh_token = secrets.token_urlsafe(32)
    return refresh_token, _hash(refresh_token)


async def issue_next(authority: Authority, connection: PoolConnectionProxy, grant: Grant) -> SignedIn | None:
    """The next tokens of a sign-in whose family is locked; the refresh token before is used up.

    None for a sign-in that has none.
    """
    token_hash = await sessions.find_good_token(connection, grant.family)
    if token_hash is None:
        return None
    successor = _derive_successor(authority, token_hash)
    await _succeed(authority, connection, grant, successor)
    return sign(authority, grant, successor)


async def _succeed(authority: Authority, connection: PoolConnectionProxy, grant: Grant, successor: str) -> None:
    """The successor is good from now on, and what was before it no more."""
    await sessions.add_next_token(
        connection,
        _hash(successor),
        grant.family,
        grant.profile.id if grant.profile else None,
        now=grant.now,
        expires_at=grant.now + timedelta(seconds=authority.refresh_token_age),
    )


def sign(authority: Authority, grant: Grant, refresh_token: str) -> SignedIn:
    """What the holder of a refresh token that was just added or renewed gets."""
    account, family = grant.record.account, grant.family
    plan = find_plan_in_force(grant.record, grant.now)
    access_token, claims = mint_access_token(
        authority.keys,
        account_id=account.id,
        profile_id=grant.profile.id if grant.profile else None,
        family_id=family.id,
        device_id=family.device_id,
        plan=plan.code if plan else None,
        region=choose_region(grant.request_country, account.country, authority.default_region),
        permissions=account.permissions,
        now=grant.now,
        age=authority.access_token_age,
    )
    return SignedIn(access_token, refresh_token, claims.expires_at, claims)


def _derive_successor(authority: Authority, token_hash: bytes) -> str:
    """The refresh token that follows one: made with a key that no database holds, it can be told again unstored."""
    digest = hmac.digest(authority.successor_key, token_hash, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode("utf-8", "surrogatepass")).digest()
