"""Licences for the key system org.w3.clearkey (Encrypted Media Extensions, section 9.1): keys in the clear, as JSON.

It hides keys from nobody who holds a session: a licence service of Widevine, PlayReady or FairPlay does.
"""

import base64
from typing import Literal

import msgspec
from msgspec import Struct

from bff.errors import BadUserInput
from bff.http.drm import Grant


class _Challenge(Struct):
    kids: list[str]
    type: Literal["temporary", "persistent-license"] = "temporary"


_decode = msgspec.json.Decoder(_Challenge).decode


class ClearKey:
    """Answers with the granted ones of the keys asked for; each bears its expiry (`exp`, seconds since 1970)."""

    media_type = "application/json"

    async def issue(self, challenge: bytes, grant: Grant) -> bytes | None:
        """Raises BadUserInput for anything but a licence request."""
        try:
            request = _decode(challenge)
            asked = {_decode_base64url(kid) for kid in request.kids}
        except (msgspec.DecodeError, ValueError) as error:
            raise BadUserInput('A licence request looks like {"kids": ["base64url"], "type": "temporary"}.') from error
        expires_at = int(grant.expires_at.timestamp())
        keys = [
            {
                "kty": "oct",
                "alg": "A128KW",
                "kid": _encode_base64url(key.key_id),
                "k": _encode_base64url(key.key),
                "exp": expires_at,
            }
            for key in grant.keys
            if key.key_id in asked
        ]
        return msgspec.json.encode({"keys": keys, "type": "temporary"}) if keys else None


def _decode_base64url(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _encode_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
