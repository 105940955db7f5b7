"""Serves `/previews/…`: short silent clips under names that cannot be guessed, the same for all, never changed."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.errors import Error, NotFound
from bff.http.media import refuse, serve_object
from bff.stores.objects import Objects

_NAME = re.compile(r"[0-9a-f]{32}/(?:hover|hero)-[1-9][0-9]{0,3}\.mp4", re.ASCII)
_UNCHANGING = "public, max-age=31536000, immutable, no-transform"


def preview_route(objects: Objects) -> Route:
    """GET and HEAD of every clip that there is, with ranges; 404 for any other name."""

    async def serve(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            if _NAME.fullmatch(name) is None:
                raise NotFound("There is no such clip.")
            return await serve_object(request, objects, f"previews/{name}", cache_control=_UNCHANGING)
        except Error as error:
            return refuse(error)

    return Route("/previews/{name:path}", serve, methods=["GET", "HEAD"])
