"""Serves `/images/…`: names that only we mint, drawn at the first request, kept in the object store, never changed."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bff.artwork.briefs import DrawingBrief, StillBrief, TitleBrief
from bff.artwork.draw import draw_picture, encode_picture
from bff.artwork.photographs import POSTER_KINDS, fit_photograph, poster_key
from bff.artwork.sizes import ImageKind
from bff.artwork.urls import ImageName, ImageSigner
from bff.domain.devices import ImageFormat
from bff.errors import Unavailable
from bff.stores.objects import Objects

log = logging.getLogger(__name__)

FindBrief = Callable[[str], DrawingBrief | None]
DRAWERS = 2
"""Pictures drawn at once: drawing holds a core, and requests for the graph come first."""

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin"}
_UNCHANGING = {"Cache-Control": "public, max-age=31536000, immutable", **_HEADERS}
_MEDIA_TYPES = {
    ImageFormat.AVIF: "image/avif",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.JPEG: "image/jpeg",
    ImageFormat.PNG: "image/png",
}


class Gallery:
    """Finds a picture, or draws it once, however many ask for it at the same time."""

    def __init__(self, objects: Objects, find_brief: FindBrief) -> None:
        self._objects = objects
        self._find_brief = find_brief
        self._drawers = ThreadPoolExecutor(DRAWERS, thread_name_prefix="drawer")
        self._under_way: dict[str, asyncio.Task[bytes | None]] = {}

    async def open(self, name: ImageName) -> bytes | None:
        """None where there is nothing to draw, or what the name's version showed is gone. Raises Unavailable."""
        key = name.storage_key
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._find_or_draw(name), name=f"picture {key}")
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        # Shared by all who wait: one that leaves must not end it for the others.
        return await asyncio.shield(task)

    async def _find_or_draw(self, name: ImageName) -> bytes | None:
        stored = await self._objects.read(name.storage_key)
        if stored is not None:
            return stored
        brief = self._find_brief(name.subject_id)
        if brief is None or brief.version != name.version:
            return None
        photograph = await self._find_photograph(brief, name)
        content = await asyncio.get_running_loop().run_in_executor(self._drawers, _draw, brief, name, photograph)
        if content is not None:
            try:
                await self._objects.write(name.storage_key, content)
            except Unavailable:
                log.warning("a picture could not be kept; it is drawn again when it is asked for again")
        return content

    async def _find_photograph(self, brief: DrawingBrief, name: ImageName) -> bytes | None:
        """A picture that was taken: the title's own poster, else a frame of the video. Raises Unavailable."""
        if not isinstance(brief, TitleBrief | StillBrief):
            return None
        poster = await self._objects.read(poster_key(name.subject_id)) if name.kind in POSTER_KINDS else None
        if poster is None and brief.still and name.kind in {ImageKind.STILL, *POSTER_KINDS}:
            return await self._objects.read(brief.still)
        return poster


def image_route(signer: ImageSigner, gallery: Gallery) -> Route:
    """GET and HEAD of every name that `signer` minted; 404 for any other."""

    async def serve_image(request: Request) -> Response:
        name = signer.parse(request.path_params["name"])
        if name is None:
            return _not_found()
        etag = f'"{hashlib.sha256(name.storage_key.encode()).hexdigest()[:24]}"'
        headers = {**_UNCHANGING, "ETag": etag}
        try:
            content = await gallery.open(name)
        except Unavailable as error:
            return PlainTextResponse(error.message, status_code=503, headers={"Retry-After": "2", **_HEADERS})
        if content is None:
            return _not_found()
        if _is_held(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_MEDIA_TYPES[name.format], headers=headers)

    return Route("/images/{name:path}", serve_image, methods=["GET"])


def _draw(brief: DrawingBrief, name: ImageName, photograph: bytes | None) -> bytes | None:
    picture = fit_photograph(photograph, name.kind, name.width) if photograph is not None else None
    picture = picture or draw_picture(brief, name.kind, name.width)
    return None if picture is None else encode_picture(picture, name.format)


def _is_held(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    held = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in held or etag in held


def _not_found() -> Response:
    return PlainTextResponse(
        "There is no such picture.", status_code=404, headers={**_HEADERS, "Cache-Control": "no-store"}
    )
