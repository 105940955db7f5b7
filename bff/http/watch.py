"""The page at `/watch/{id}`: plays a title by the graph alone, as any client would. It decides nothing itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.http.bundle import BundledPage
from bff.http.graphiql import MintToken, sign_page_in
from bff.stores.documents import hash_document

OPERATIONS = Path(__file__).parents[2] / "web" / "watch" / "operations"
"""The page's operations, published with it: it sends their hashes."""

# Shaka Player hands the picture to the browser as a blob; what it asks for is this origin's.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self' blob:",
    "connect-src 'self'",
    "media-src 'self' blob:",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)

FindText = Callable[[str], Awaitable[str | None]]


def watch_route(dist: Path, mint_token: MintToken | None, *, account: str = "") -> Route:
    """`mint_token` signs the page in as the demo account `account`; without it, or where it gives none, the page asks
    for an e-mail address and a password.
    """
    page = BundledPage(dist / "watch" / "index.html", _POLICY)
    documents = {path.stem: f"sha256:{hash_document(path.read_text())}" for path in _list_operations()}

    async def show(request: Request) -> Response:
        config: dict[str, object] = {"endpoint": "/graphql", "documents": documents}
        if mint_token is not None and page.is_built:
            config |= await sign_page_in(request, mint_token, account)
        return page.render(config)

    return Route("/watch/{id}", show)


def know_watch_documents(find_text: FindText) -> FindText:
    """The texts of the page are published with it; all else is found as before."""
    own = {hash_document(text): text for text in (path.read_text() for path in _list_operations())}

    async def find(document_hash: str) -> str | None:
        return own.get(document_hash) or await find_text(document_hash)

    return find


def _list_operations() -> list[Path]:
    return sorted(OPERATIONS.glob("*.graphql"))
