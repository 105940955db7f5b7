"""Serves `/media/{token}/…`: what one playback session may fetch of its asset. Each request is checked, in memory.

Manifests are cut to what the session may show; segments go out byte for byte. Nothing here decides who may play.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bff.auth.media_tokens import MediaClaims
from bff.domain.accounts import read_country
from bff.domain.key_signals import name_identity_key, name_license, point_hls_keys, signal_clearkey
from bff.domain.manifests import cut_dash, cut_hls, find_lines
from bff.domain.titles import MaturityRating
from bff.domain.visibility import Audience, Visibility, judge
from bff.errors import Error, Forbidden, NotFound
from bff.http.files import FilePart
from bff.http.opening import read_last
from bff.services import Services
from bff.stores.objects import Objects
from bff.stores.playback_sessions import read_session

Fit = Callable[[bytes], bytes]
MANIFESTS = {"manifest.mpd": cut_dash, "master.m3u8": cut_hls}
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,2}", re.ASCII)
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,15})-(?P<last>[0-9]{0,15})", re.ASCII)
_TYPES = {
    "mpd": "application/dash+xml",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "vtt": "text/vtt; charset=utf-8",
    "jpg": "image/jpeg",
}
_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # the token in the path is all that lets anybody in, wherever the page is from
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
}
_KEPT = "private, max-age=86400, immutable, no-transform"


class MediaGate:
    """Whether a token in a path lets in, by what this process holds in memory."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def check(self, token: str, country: str | None) -> MediaClaims:
        """Raises Forbidden. `country` is what a trusted proxy said."""
        services, now = self._services, self._services.now()
        claims = services.media_tokens.verify(token, now)
        if claims.session_id in services.ended_sessions or claims.family_id in services.authority.ended:
            raise Forbidden("This playback session is over: start another one with `startPlayback`.")
        card = services.follower.catalogue.cards.get(claims.title_id)
        audience = Audience(region=claims.region, ceiling=MaturityRating.AGE_18)
        if card is None or judge(card, audience, now) is not Visibility.OPEN:
            raise Forbidden("This title cannot be watched any more.")
        if country is not None and country != claims.region:
            raise Forbidden("This address was given for another country: start playback anew.")
        return claims

    @property
    def origin(self) -> str:
        """What addresses of our own begin with; nothing where they are relative."""
        return self._services.settings.public_url.rstrip("/")

    def read_country(self, request: Request) -> str | None:
        """What a trusted proxy says; None where there is none, or it does not know."""
        return read_country(read_last(request.headers, self._services.settings.country_header))

    async def list_folders(self, claims: MediaClaims) -> frozenset[str]:
        """The renditions that the session may show."""
        session = await read_session(self._services.pool, claims.session_id)
        if session is None:
            raise Forbidden("This playback session is over: start another one with `startPlayback`.")
        return frozenset(rendition.name for rendition in session.terms.video.renditions)


def media_route(gate: MediaGate, objects: Objects) -> Route:
    """GET and HEAD of what lies below an asset's folder; 403 for whom the token does not let in."""

    async def serve(request: Request) -> Response:
        path = request.path_params["path"]
        try:
            claims = gate.check(request.path_params["token"], gate.read_country(request))
            _check_path(path, claims)
            key = f"media/{claims.asset_id}/{path}"
            fit = await _find_fit(gate, request, claims)
            if fit is not None:
                return await _serve_manifest(request, objects, key, fit)
            return await serve_object(request, objects, key)
        except Error as error:
            return refuse(error)

    return Route("/media/{token}/{path:path}", serve, methods=["GET", "HEAD"])


def _check_path(path: str, claims: MediaClaims) -> None:
    if _PATH.fullmatch(path) is None or path.rpartition(".")[2] not in _TYPES:
        raise Forbidden("There is nothing here that a player needs.")
    lines = find_lines(path)
    if lines is not None and lines > claims.max_quality.lines:
        raise Forbidden("This quality is not part of the plan, or not for this device.")


async def _find_fit(gate: MediaGate, request: Request, claims: MediaClaims) -> Fit | None:
    """How a manifest is made to fit the session before it goes out; None for what goes out as it lies there."""
    path, token, origin = request.path_params["path"], request.path_params["token"], gate.origin
    if path in MANIFESTS:
        cut = partial(MANIFESTS[path], folders=await gate.list_folders(claims))
        if cut.func is cut_dash and request.query_params.get("drm") == "clearkey":
            return lambda manifest: signal_clearkey(cut(manifest), origin + name_license("clearkey", token))
        return cut
    if path.endswith(".m3u8"):
        return lambda playlist: point_hls_keys(playlist, lambda key_id: origin + name_identity_key(token, key_id))
    return None


async def _serve_manifest(request: Request, objects: Objects, key: str, fit: Fit) -> Response:
    whole = await objects.read(key)
    if whole is None:
        raise NotFound("There is no such file.")
    body = fit(whole)
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    # What plan and device leave may change; where keys are is settled by the token, which stands in the address.
    caching = "private, no-cache" if request.path_params["path"] in MANIFESTS else _KEPT
    headers = {**_HEADERS, "Cache-Control": caching, "ETag": etag}
    if _is_held(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_find_type(key), headers=headers)


async def serve_object(request: Request, objects: Objects, key: str, *, cache_control: str = _KEPT) -> Response:
    """An object that never changes, or the range of it that is asked for. Raises NotFound or Unavailable."""
    size = await objects.measure(key)
    if size is None:
        raise NotFound("There is no such file.")
    etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:24]}"'  # what a name holds never changes
    headers = {**_HEADERS, "Cache-Control": cache_control, "ETag": etag, "Accept-Ranges": "bytes"}
    if _is_held(request, etag):
        return Response(status_code=304, headers=headers)
    start, end, status = 0, size, 200
    wanted = read_range(request.headers.get("range", ""))
    if wanted is not None and request.headers.get("if-range", etag) == etag:
        start, end = fit_range(wanted, size)
        if start >= end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, media_type=_find_type(key), headers=headers)
    path = objects.locate(key)
    if path is not None:
        return FilePart(path, start, end, status_code=status, media_type=_find_type(key), headers=headers)
    return StreamingResponse(
        _stream(objects, key, start, end), status_code=status, media_type=_find_type(key), headers=headers
    )


def read_range(header: str) -> tuple[int | None, int | None] | None:
    """First and last byte of a `Range` (RFC 9110, 14.1.2), of its last bytes None and how many.

    None for what is no single range of bytes: the whole is served then.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found["first"] or found["last"]):
        return None
    first = int(found["first"]) if found["first"] else None
    last = int(found["last"]) if found["last"] else None
    return None if first is not None and last is not None and last < first else (first, last)


def fit_range(wanted: tuple[int | None, int | None], size: int) -> tuple[int, int]:
    """Where the part begins and ends (exclusive) in so many bytes; it is empty where none of them is meant."""
    first, last = wanted
    if first is None:
        return max(0, size - (last or 0)), size
    return first, size if last is None else min(last + 1, size)


async def _stream(objects: Objects, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    async with aclosing(objects.stream(key, start, end)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            yield piece


def _find_type(key: str) -> str:
    return _TYPES[key.rpartition(".")[2]]


def _is_held(request: Request, etag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    held = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in held or etag in held


def refuse(error: Error) -> Response:
    """What is said to whom nothing is served."""
    status = {"FORBIDDEN": 403, "NOT_FOUND": 404, "UNAVAILABLE": 503}.get(error.code, 500)
    headers = {**_HEADERS, "Cache-Control": "no-store"} | ({"Retry-After": "2"} if status == 503 else {})
    return PlainTextResponse(error.message, status_code=status, headers=headers)
