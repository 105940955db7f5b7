"""Licence servers at `/drm/{system}`: one endpoint, a provider a system. Who may have which keys is a Grant, decided
before a provider is asked; providers only put it in their system's words.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bff.domain.video import ContentKey
from bff.errors import BadUserInput, Unavailable

LARGEST_CHALLENGE = 64 * 1024
"""Bytes; those of Widevine and PlayReady have a few thousand."""
_DEADLINE = 5.0
"""Seconds that a client has to send its challenge, and a provider to answer it."""
_HEADERS = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


class Grant(Struct, frozen=True):
    """The keys that a playback session may have, those of its plan's labels, and until when."""

    keys: tuple[ContentKey, ...]
    expires_at: datetime


class LicenseProvider(Protocol):
    """Speaks for one key system: answers itself, or has a licence service answer."""

    @property
    def media_type(self) -> str:
        """Of the licences."""

    async def issue(self, challenge: bytes, grant: Grant) -> bytes | None:
        """The licence for a player's challenge, of no more than is granted; None where that is nothing it asks for.

        Raises BadUserInput for what is no challenge of this system, Unavailable where its service does not answer.
        """


FindGrant = Callable[[Request, str], Awaitable[Grant | None]]
"""What the media token of a session grants to who asks now; None for a bad one, or once the session has ended."""


def drm_routes(find_grant: FindGrant, providers: Mapping[str, LicenseProvider]) -> list[Route]:
    """`providers` by the name that stands in the path. The token comes in the header, or last in the path, for players
    that send no headers; `/drm/identity/…` is one key bare, as HLS asks for those of the format `identity`.
    """

    async def answer(request: Request) -> Response:
        provider = providers.get(request.path_params["system"])
        if provider is None:
            return _refuse(404, f"There is no such key system; there are: {', '.join(sorted(providers))}.")
        grant = await find_grant(request, _read_token(request))
        if grant is None:
            return _refuse_token()
        license_ = await provider.issue(await _read_challenge(request), grant)
        if license_ is None:
            return _refuse(403, "The session's plan holds none of these keys.")
        return Response(license_, media_type=provider.media_type, headers=_HEADERS)

    async def answer_identity(request: Request) -> Response:
        grant = await find_grant(request, request.path_params["token"])
        if grant is None:
            return _refuse_token()
        for key in grant.keys:
            if key.key_id.hex() == request.path_params["key_id"]:
                return Response(key.key, media_type="application/octet-stream", headers=_HEADERS)
        return _refuse(403, "The session's plan does not hold this key.")

    return [
        Route("/drm/identity/{token}/{key_id}", _guard(answer_identity), methods=["GET"]),
        Route("/drm/{system}", _guard(answer), methods=["POST"]),
        Route("/drm/{system}/{token}", _guard(answer), methods=["POST"]),
    ]


def _guard(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Turns what may go wrong into answers, each within the deadline."""

    async def answer_guarded(request: Request) -> Response:
        try:
            async with asyncio.timeout(_DEADLINE):
                return await answer(request)
        except BadUserInput as error:
            return _refuse(400, error.message)
        except Unavailable as error:
            log.warning("no licence: %s", error.message)
        except TimeoutError:
            log.warning("no licence within %g s", _DEADLINE)
        return _refuse(503, "Licences cannot be had right now; try again.", {"Retry-After": "2"})

    return answer_guarded


def _read_token(request: Request) -> str:
    in_path: str | None = request.path_params.get("token")
    scheme, _, in_header = request.headers.get("authorization", "").partition(" ")
    return in_path or (in_header.strip() if scheme.lower() == "bearer" else "")


async def _read_challenge(request: Request) -> bytes:
    challenge = bytearray()
    try:
        async for chunk in request.stream():
            challenge += chunk
            if len(challenge) > LARGEST_CHALLENGE:
                raise BadUserInput(f"A challenge has {LARGEST_CHALLENGE} bytes at most.")
    except ClientDisconnect:
        raise BadUserInput("The challenge did not arrive whole.") from None
    return bytes(challenge)


def _refuse_token() -> Response:
    return _refuse(403, "A licence needs the token of a playback session that goes on: call startPlayback.")


def _refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(message, status, {**_HEADERS, **(headers or {})})
