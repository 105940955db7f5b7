"""The public keys of the access tokens at `/.well-known/jwks.json`, for whoever verifies them elsewhere (RFC 7517)."""

import base64
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.auth.keys import ALGORITHM, PUBLISHED_AHEAD, KeyRing, SigningKey

MAX_AGE = int(PUBLISHED_AHEAD.total_seconds()) // 2
"""Seconds that a copy may be kept: who asks again in time knows each key before it signs."""


def jwks_route(keys: KeyRing) -> Route:
    """Keys that verify now, and the one that is to sign next."""

    async def serve_keys(_: Request) -> Response:
        body = orjson.dumps({"keys": [_describe(key) for key in keys.list_keys()]})
        headers = {"Cache-Control": f"public, max-age={MAX_AGE}", "Access-Control-Allow-Origin": "*"}
        return Response(body, media_type="application/json", headers=headers)

    return Route("/.well-known/jwks.json", serve_keys)


def _describe(key: SigningKey) -> dict[str, Any]:
    point = key.public_key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _encode_coordinate(point.x),
        "y": _encode_coordinate(point.y),
        "kid": key.kid,
        "alg": ALGORITHM,
        "use": "sig",
    }


def _encode_coordinate(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32)).rstrip(b"=").decode()
