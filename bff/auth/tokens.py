"""Access tokens: short-lived, signed, verified without an engine. Nothing here decides what a token may do."""

import base64
import secrets
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

from bff.auth.keys import ALGORITHM, MAX_AGE, KeyRing
from bff.domain.accounts import PlanCode
from bff.errors import Unauthenticated

ISSUER: Final = "marquee"
AUDIENCE: Final = "marquee/graphql"
TYPE: Final = "at+jwt"
MAX_TOKEN_LENGTH = 4096
SKEW = 60
"""Seconds by which another server's clock may be ahead."""
_SIGNATURE_BYTES = 64
_ES256 = ECDSA(SHA256())


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


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["at+jwt"]
    kid: str


_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3}_[a-z0-9]{1,60}\Z")]


class _Claims(Struct, frozen=True, forbid_unknown_fields=True):
    iss: Literal["marquee"]
    aud: Literal["marquee/graphql"]
    sub: _Id
    jti: str
    iat: int
    nbf: int
    exp: int
    profile: _Id | None
    family: _Id
    device: _Id
    plan: PlanCode | None
    region: str
    permissions: tuple[str, ...]


_BLANKS = " \t"
"""What may stand around a header's value (RFC 9110, 5.6.3); `str.strip` takes more."""
_decode_header = msgspec.json.Decoder(_Header).decode
_decode_claims = msgspec.json.Decoder(_Claims).decode


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
    key = keys.choose(now)
    header = _Header(alg=ALGORITHM, typ=TYPE, kid=key.kid)
    signed = f"{_encode_base64(msgspec.json.encode(header))}.{_encode_base64(msgspec.json.encode(claims))}"
    signature = _write_signature(key.private_key.sign(signed.encode(), _ES256))
    return f"{signed}.{signature}", _to_access_token(claims)


def read_bearer(authorization: str) -> str:
    """The token of an `Authorization` header, or of `authorization` in `connection_init`.

    Raises Unauthenticated for any other scheme.
    """
    scheme, _, token = authorization.strip(_BLANKS).partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the access token as `Authorization: Bearer …`.")
    return token.strip(_BLANKS)


class AccessTokenVerifier:
    """Verifies tokens against one key ring and remembers at most `capacity` verified ones, those last used.

    `ended` holds the ids of sign-ins whose tokens are good no more.
    """

    def __init__(self, keys: KeyRing, *, ended: Container[str] = frozenset(), capacity: int = 10_000) -> None:
        self._keys = keys
        self._ended = ended
        self._half = capacity // 2
        # What was not used since the older half was begun goes with it: a hit costs one look, and no list is kept.
        self._recent: dict[str, AccessToken] = {}
        self._older: dict[str, AccessToken] = {}

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def authenticate(self, authorization: str, now: datetime) -> AccessToken:
        """The token of an `Authorization` header; raises Unauthenticated like `verify`."""
        known = self._recent.get(authorization)
        if known is None:
            known = self._find(authorization, now)
        if now >= known.expires_at or known.family_id in self._ended:
            self.check(known, now)
        return known

    def verify(self, token: str, now: datetime) -> AccessToken:
        """Raises Unauthenticated, with what to do next, for what is not a good token of ours at `now`."""
        verified = _verify(self._keys, token, now)
        self.check(verified, now)
        return verified

    def check(self, token: AccessToken, now: datetime) -> None:
        """Raises Unauthenticated for a token that was good once and is no more."""
        if now >= token.expires_at:
            raise _expired()
        if token.family_id in self._ended:
            raise Unauthenticated("This sign-in has ended: sign in again with `login`.")

    def forget(self) -> None:
        """Verify everything anew."""
        self._recent, self._older = {}, {}

    def _find(self, authorization: str, now: datetime) -> AccessToken:
        token = read_bearer(authorization)
        name = f"Bearer {token}"  # however it was spelt, it is remembered once
        known = self._recent.get(name) or self._older.get(name) or self.verify(token, now)
        if len(self._recent) >= self._half:
            self._older, self._recent = self._recent, {}
        self._recent[name] = known
        return known


def _verify(keys: KeyRing, token: str, now: datetime) -> AccessToken:
    """Stricter than JWT libraries are: one algorithm, no header or claim but ours, each part spelt in one way."""
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        raise _invalid()
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    try:
        public_key = keys.find_public_key(_decode_header(_decode_base64(header)).kid)
        if public_key is None:
            raise _invalid()
        public_key.verify(_read_signature(signature), signed.encode(), _ES256)
        claims = _decode_claims(_decode_base64(payload))
    except (InvalidSignature, msgspec.MsgspecError, ValueError) as error:
        raise _invalid() from error
    _check_times(claims, now)
    if not (claims.sub and claims.jti and claims.family and claims.device):
        raise _invalid()
    return _to_access_token(claims)


def _read_signature(signature: str) -> bytes:
    raw = _decode_base64(signature)
    if len(raw) != _SIGNATURE_BYTES:
        raise ValueError("a signature of another length")
    half = _SIGNATURE_BYTES // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


def _write_signature(signature: bytes) -> str:
    """As JWS has it: two numbers of the same length (RFC 7518, 3.4)."""
    half = _SIGNATURE_BYTES // 2
    return _encode_base64(b"".join(number.to_bytes(half) for number in decode_dss_signature(signature)))


def _encode_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode_base64(text: str) -> bytes:
    """Raises ValueError for any but the one way to write it (RFC 7515, 2)."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode_base64(raw) != text:
        raise ValueError("not base64url")
    return raw


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
