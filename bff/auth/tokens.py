"""Access tokens: short-lived, signed, verified without an engine. Nothing here decides what a token may do."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Container
from datetime import UTC, datetime, timedelta

import jwt
import msgspec
from msgspec import Struct

from bff.auth.keys import ALGORITHM, KeyRing
from bff.domain.accounts import PlanCode
from bff.errors import Unauthenticated

ISSUER = "marquee"
AUDIENCE = "marquee/graphql"
TYPE = "at+jwt"
MAX_TOKEN_LENGTH = 4096
MAX_AGE = 3600
"""Seconds; a token that claims a longer life is refused, whoever signed it."""
SKEW = 5
"""Seconds by which another server's clock may be ahead."""

_REQUIRED = ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"]


class AccessToken(Struct, frozen=True, kw_only=True):
    """What a verified access token says: who, on what, and what for.

    `profile_id` is None for an account without profiles, `plan` without a membership in force. `family_id` names the
    sign-in, `region` is fixed until the next refresh.
    """

    id: str
    account_id: str
    profile_id: str | None
    family_id: str
    device_id: str
    plan: PlanCode | None
    region: str
    permissions: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


class _Claims(Struct, frozen=True, forbid_unknown_fields=True):
    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int
    profile: str | None
    family: str
    device: str
    plan: PlanCode | None
    region: str
    permissions: tuple[str, ...]


def mint_access_token(
    keys: KeyRing,
    *,
    account_id: str,
    profile_id: str | None,
    family_id: str,
    device_id: str,
    plan: PlanCode | None,
    region: str,
    permissions: tuple[str, ...],
    now: datetime,
    age: int,
) -> tuple[str, AccessToken]:
    """Sign a token that is good from `now` on, for `age` seconds."""
    issued_at = int(now.timestamp())
    claims = _Claims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=account_id,
        jti=secrets.token_urlsafe(12),
        iat=issued_at,
        nbf=issued_at,
        exp=issued_at + age,
        profile=profile_id,
        family=family_id,
        device=device_id,
        plan=plan,
        region=region,
        permissions=permissions,
    )
    token = jwt.encode(
        msgspec.to_builtins(claims), keys.private_key, algorithm=ALGORITHM, headers={"kid": keys.kid, "typ": TYPE}
    )
    return token, _to_access_token(claims)


def read_bearer(authorization: str) -> str:
    """The token of an `Authorization` header, or of `authorization` in `connection_init`.

    Raises Unauthenticated for any other scheme.
    """
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the access token as `Authorization: Bearer …`.")
    return token.strip()


class AccessTokenVerifier:
    """Verifies tokens against one key ring and remembers up to `capacity` verified ones until they expire.

    `ended` holds the ids of sign-ins whose tokens are good no more.
    """

    def __init__(self, keys: KeyRing, *, ended: Container[str] = frozenset(), capacity: int = 10_000) -> None:
        self._keys = keys
        self._ended = ended
        self._capacity = capacity
        self._verified: OrderedDict[bytes, AccessToken] = OrderedDict()

    def verify(self, token: str, now: datetime) -> AccessToken:
        """Raises Unauthenticated, with what to do next, for what is not a good token of ours at `now`."""
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise _invalid()
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None:
            known = _verify_anew(self._keys, token, now)
            self._verified[digest] = known
            if len(self._verified) > self._capacity:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(digest)
        self.check(known, now)
        return known

    def check(self, token: AccessToken, now: datetime) -> None:
        """Raises Unauthenticated for a token that was good once and is no more."""
        if now >= token.expires_at:
            raise Unauthenticated("The access token has expired: get a new one with `refreshToken`.")
        if token.family_id in self._ended:
            raise Unauthenticated("This sign-in has ended: sign in again with `login`.")


def _verify_anew(keys: KeyRing, token: str, now: datetime) -> AccessToken:
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        public_key = keys.public_keys.get(kid) if isinstance(kid, str) else None
        if public_key is None or header != {"alg": ALGORITHM, "typ": TYPE, "kid": kid}:
            raise _invalid()
        payload = jwt.decode(
            token,
            public_key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": _REQUIRED,
                "strict_aud": True,
                # Times are held against the caller's clock below.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        claims = msgspec.convert(payload, _Claims)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
        raise _invalid() from error
    _check_times(claims, now)
    if not claims.sub or not claims.jti:
        raise _invalid()
    return _to_access_token(claims)


def _check_times(claims: _Claims, now: datetime) -> None:
    latest_start = now.timestamp() + SKEW
    if (
        not 0 <= claims.iat < claims.exp <= claims.iat + MAX_AGE
        or claims.iat > latest_start
        or claims.nbf > latest_start
    ):
        raise _invalid()
    if claims.exp <= now.timestamp():
        raise _expired()


def _to_access_token(claims: _Claims) -> AccessToken:
    issued_at = datetime.fromtimestamp(claims.iat, UTC)
    return AccessToken(
        id=claims.jti,
        account_id=claims.sub,
        profile_id=claims.profile,
        family_id=claims.family,
        device_id=claims.device,
        plan=claims.plan,
        region=claims.region,
        permissions=claims.permissions,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=claims.exp - claims.iat),
    )


def _invalid() -> Unauthenticated:
    return Unauthenticated("The access token is not valid: sign in with `login`.")


def _expired() -> Unauthenticated:
    return Unauthenticated("The access token has expired: get a new one with `refreshToken`.")
