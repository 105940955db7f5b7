"""Tokens in the paths that parts of an upload are sent to, where the store of objects is our own."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import jwt
import msgspec
from msgspec import Struct

from bff.auth.keys import derive_key
from bff.errors import Forbidden
from bff.settings import Secret

_ALGORITHM = "HS256"
_LONGEST = 512


class _Claims(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={
    "upload_id": "upl", "expires": "exp", "audience": "aud",
}):  # fmt: skip
    upload_id: Annotated[str, msgspec.Meta(pattern=r"^upl_[a-z0-9]{1,60}\Z")]
    expires: int
    audience: Literal["marquee/uploads"] = "marquee/uploads"


_decode = msgspec.json.Decoder(_Claims).decode


class UploadTokens:
    """Mints and verifies; the key is derived from the key-encryption key."""

    def __init__(self, key_encryption_key: Secret) -> None:
        self._key = derive_key(key_encryption_key, "upload tokens")

    def mint(self, upload_id: str, expires_at: datetime) -> str:
        claims = _Claims(upload_id=upload_id, expires=int(expires_at.timestamp()))
        return jwt.encode(msgspec.to_builtins(claims), self._key, algorithm=_ALGORITHM)

    def verify(self, token: str, now: datetime) -> str:
        """The upload's id. Raises Forbidden for what is no token of ours, or is good no more."""
        try:
            if len(token) > _LONGEST or not token.isascii():
                raise ValueError("no token is so long")
            claims = _decode(jwt.api_jws.decode(token, self._key, algorithms=[_ALGORITHM]))
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError) as error:
            raise Forbidden("This address is not one that `createUpload` gave.") from error
        if now >= datetime.fromtimestamp(claims.expires, UTC):
            raise Forbidden("This upload has expired: begin another one with `createUpload`.")
        return claims.upload_id
