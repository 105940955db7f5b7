"""GraphiQL, from the bundle in `web/dist`: its page with a fresh token inside, and its hashed assets.

Whether GraphiQL is offered at all (development only) is the endpoint's to decide, never this module's.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from os import PathLike, stat_result
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bff.errors import Error

_CONFIG_TAG = '<script type="application/json" id="graphiql-config">'
_CONFIG_END = "</script>"

# Monaco places its own style elements; scripts, workers and requests are our own files and nothing else.
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<title>Marquee</title>
<h1>GraphiQL is not built yet</h1>
<p>Run <code>make setup</code>, then start the server again.
The API itself works: <code>POST</code> to this address.</p>
</html>
"""


class GraphiQLPage:
    """`dist` is read once, here: a bundle that is built later needs a new start.

    `mint_token` gives the access token the page opens with, or None for a visitor's page; `account` is the e-mail
    address it belongs to, shown in the page's introduction.
    """

    def __init__(
        self, dist: Path, mint_token: Callable[[Request], Awaitable[str | None]], *, account: str = ""
    ) -> None:
        self._mint_token = mint_token
        self._account = account
        self._page = _read_page(dist / "index.html")
        self.routes: Sequence[BaseRoute] = (
            [Mount("/graphiql/assets", _HashedFiles(directory=dist / "assets"))] if self._page else []
        )

    async def respond(self, request: Request) -> Response:
        """The page for a browser's GET of the endpoint; 503 and what to do about it where the bundle is missing."""
        if self._page is None:
            return HTMLResponse(_NOT_BUILT, status_code=503, headers=_HEADERS)
        before, after = self._page
        config = {"endpoint": request.url.path} | await self._sign_in(request)
        return HTMLResponse(f"{before}{_escape_json(config)}{after}", headers=_HEADERS)

    async def _sign_in(self, request: Request) -> dict[str, str]:
        try:
            token = await self._mint_token(request)
        except Error:
            return {}  # a visitor's page is of more use than none, while an engine is away
        return {"token": token, "account": self._account} if token else {}


class _HashedFiles(StaticFiles):
    """Files with a hash of their content in their name: they never change."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _read_page(path: Path) -> tuple[str, str] | None:
    """What stands before and after the configuration; None where there is no bundle."""
    try:
        html = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    before, tag, rest = html.partition(_CONFIG_TAG)
    _, end, after = rest.partition(_CONFIG_END)
    if not tag or not end:
        raise ValueError(f"{path} has no {_CONFIG_TAG}: build it again with `make setup`")
    return before + tag, end + after


def _escape_json(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
