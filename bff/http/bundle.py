"""The pages that Vite bundles into `web/dist`: each with what the server tells it inside, and their hashed assets.

Who may have a page, and what it is told, is for its own module to decide.
"""

import json
from collections.abc import Mapping, Sequence
from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_CONFIG_TAG = '<script type="application/json" id="page-config">'
_CONFIG_END = "</script>"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<title>Marquee</title>
<h1>This page is not built yet</h1>
<p>Run <code>make setup</code>, then start the server again.
The API itself works: <code>POST</code> to <code>/graphql</code>.</p>
</html>
"""


class BundledPage:
    """Read once, here: a bundle that is built later needs a new start. `policy` is its Content-Security-Policy.

    Raises ValueError where the page has no place for what it is told.
    """

    def __init__(self, path: Path, policy: Sequence[str]) -> None:
        self._parts = _read_page(path)
        self._headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "; ".join(policy),
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        }

    @property
    def is_built(self) -> bool:
        return self._parts is not None

    def render(self, config: Mapping[str, object]) -> Response:
        """The page, told `config`; 503 and what to do about it where the bundle is missing."""
        if self._parts is None:
            return HTMLResponse(_NOT_BUILT, status_code=503, headers=self._headers)
        before, after = self._parts
        return HTMLResponse(f"{before}{_escape_json(config)}{after}", headers=self._headers)


def asset_routes(dist: Path) -> list[BaseRoute]:
    """What the pages load; nothing where there is no bundle."""
    assets = dist / "assets"
    return [Mount("/web/assets", _HashedFiles(directory=assets))] if assets.is_dir() else []


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
