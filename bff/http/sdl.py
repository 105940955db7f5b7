"""The schema's text at `/graphql/schema.graphql`; whether it is served at all is the application's to decide."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from strawberry import Schema


def sdl_route(schema: Schema) -> Route:
    text = schema.as_str()

    async def serve_sdl(_: Request) -> Response:
        return PlainTextResponse(text, headers={"Cache-Control": "no-cache"})

    return Route("/graphql/schema.graphql", serve_sdl)
