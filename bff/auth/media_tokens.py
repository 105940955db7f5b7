"""Tokens in the paths of media: who may fetch what of one asset, and until when. Verified without an engine."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import jwt
import msgspec
from msgspec import Struct

from bff.auth.keys import derive_key
from bff.domain.video import Quality
from bff.errors import Forbidden
from bff.settings import Secret

MAX_TOKEN_LENGTH = 1024
REMEMBERED = 4096
"""Verified tokens that a process remembers: a player sends the same one with every segment."""
_ALGORITHM = "HS256"
_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3}_[a-z0-9]{1,60}\Z")]


class MediaClaims(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={
    "session_id": "sid", "account_id": "sub", "family_id": "fam", "title_id": "tit", "asset_id": "pre",
    "permissions": "per", "region": "reg", "max_quality": "q", "issued": "iat", "expires": "exp", "audience": "aud",
}):  # fmt: skip
    """What a media token says. `asset_id` names the only folder that it opens, `max_quality` the best it opens there.

    `issued` and `expires` are seconds since 1970.
    """

    session_id: _Id
    account_id: _Id
    family_id: _Id
    title_id: _Id
    asset_id: _Id
    permissions: tuple[Literal["play"]]
    region: str
    max_quality: Quality
    issued: int
    expires: int
    audience: Literal["marquee/media"]

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["HS256"]
    typ: Literal["JWT"]
    kid: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}\Z")]


_decode_claims = msgspec.json.Decoder(MediaClaims).decode
_to_header = msgspec.convert


class MediaTokens:
    """Mints and verifies. Each month has a key of its own, derived from the key-encryption key, named by `kid`."""

    def __init__(self, key_encryption_key: Secret) -> None:
        self._key_encryption_key = key_encryption_key
        self._keys: dict[str, bytes] = {}
        self._verified: dict[str, MediaClaims] = {}

    def mint(self, claims: MediaClaims) -> str:
        kid = _name_key(claims.issued)
        return jwt.encode(msgspec.to_builtins(claims), self._key(kid), algorithm=_ALGORITHM, headers={"kid": kid})

    def verify(self, token: str, now: datetime) -> MediaClaims:
        """Raises Forbidden for what is no token of ours, or is good no more."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._open(token)
            if len(self._verified) >= REMEMBERED:
                self._verified.pop(next(iter(self._verified)))
            self._verified[token] = claims
        if not claims.issued - 60 <= now.timestamp() < claims.expires:
            raise Forbidden("This playback session is over: start another one with `startPlayback`.")
        return claims

    def _open(self, token: str) -> MediaClaims:
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise _invalid()
        try:
            kid = _to_header(jwt.get_unverified_header(token), _Header).kid
            # Times are the caller's to check: they change, a signature does not.
            payload = jwt.api_jws.decode(token, self._key(kid), algorithms=[_ALGORITHM])
            claims = _decode_claims(payload)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError) as error:
            raise _invalid() from error
        if kid != _name_key(claims.issued) or "=" in token:
            raise _invalid()
        return claims

    def _key(self, kid: str) -> bytes:
        key = self._keys.get(kid)
        if key is None:
            key = derive_key(self._key_encryption_key, f"media tokens of {kid}")
            if len(self._keys) >= 64:
                self._keys.clear()
            self._keys[kid] = key
        return key


def media_claims(
    *,
    session_id: str,
    account_id: str,
    family_id: str,
    title_id: str,
    asset_id: str,
    region: str,
    max_quality: Quality,
    now: datetime,
    age: timedelta,
) -> MediaClaims:
    """What somebody who may play is given, good from `now` for `age`."""
    issued = int(now.timestamp())
    return MediaClaims(
        session_id=session_id,
        account_id=account_id,
        family_id=family_id,
        title_id=title_id,
        asset_id=asset_id,
        permissions=("play",),
        region=region,
        max_quality=max_quality,
        issued=issued,
        expires=issued + int(age.total_seconds()),
        audience="marquee/media",
    )


def _name_key(issued: int) -> str:
    return datetime.fromtimestamp(issued, UTC).strftime("%Y-%m")


def _invalid() -> Forbidden:
    return Forbidden("This address is not one that `startPlayback` gave.")
