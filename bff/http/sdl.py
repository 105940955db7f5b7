"""The schema's text at `/graphql/schema.graphql`: to anybody in development, to operators in production."""

from collections.abc import Callable

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from strawberry import Schema

from bff.errors import Forbidden, Unauthenticated

Check = Callable[[HTTPConnection], None]


def sdl_route(schema: Schema, check: Check | None = None) -> Route:
    """`check` raises Unauthenticated or Forbidden for those who may not read it."""
    text = schema.as_str()

    async def serve_sdl(request: Request) -> Response:
        try:
            if check is not None:
                check(request)
        except Unauthenticated as error:
            return PlainTextResponse(error.message, 401, headers={"WWW-Authenticate": "Bearer"})
        except Forbidden as error:
            return PlainTextResponse(error.message, 403)
        return PlainTextResponse(text, headers={"Cache-Control": "no-cache" if check is None else "private, no-cache"})

    return Route("/graphql/schema.graphql", serve_sdl)
