"""Which other sites' scripts may call the API (CORS)."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

REQUEST_HEADERS = (
    "Accept",
    "Accept-Language",
    "Apollo-Require-Preflight",
    "Authorization",
    "Content-Type",
    "X-Client-Name",
    "X-Client-Version",
    "X-Device-Class",
    "X-Device-Id",
    "X-Request-Deadline-Ms",
    "X-Time-Zone",
)
_DAY = 86400


def cors_middleware(origins: Sequence[str]) -> list[Middleware]:
    """The middleware for these origins (`https://tv.example.com`), none where only the same origin is served.

    Credentials are tokens in a header, so that cookies are never allowed.
    """
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=("Content-Language", "Retry-After", "WWW-Authenticate"),
            max_age=_DAY,
        )
    ]
