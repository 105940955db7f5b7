"""GraphiQL: its page with a fresh token inside.

Whether GraphiQL is offered at all (development only) is the endpoint's to decide, never this module's.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bff.errors import Error
from bff.http.bundle import BundledPage

MintToken = Callable[[Request], Awaitable[str | None]]

# Monaco places its own style elements; scripts, workers and requests are our own files and nothing else.
_POLICY = (
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


class GraphiQLPage:
    """`mint_token` gives the access token the page opens with, or None for a visitor's page; `account` is the e-mail
    address it belongs to, shown in the page's introduction.
    """

    def __init__(self, dist: Path, mint_token: MintToken, *, account: str = "") -> None:
        self._page = BundledPage(dist / "graphiql" / "index.html", _POLICY)
        self._mint_token = mint_token
        self._account = account

    async def respond(self, request: Request) -> Response:
        """The page for a browser's GET of the endpoint; 503 where it is not built."""
        if not self._page.is_built:
            return self._page.render({})
        return self._page.render(
            {"endpoint": request.url.path} | await sign_page_in(request, self._mint_token, self._account)
        )


async def sign_page_in(request: Request, mint_token: MintToken, account: str) -> dict[str, str]:
    """What a page is told of the demo account that it opens with: nothing on a visitor's page."""
    try:
        token = await mint_token(request)
    except Error:
        return {}  # a visitor's page is of more use than none, while an engine is away
    return {"token": token, "account": account} if token else {}
