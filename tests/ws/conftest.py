"""Apps with sockets, each shared: what a test does to its connections, none of them is held when it is over."""

from collections.abc import AsyncIterator

import pytest

from bff.app import build_app
from tests.http_server import serve
from tests.live import Demo
from tests.ws.plain import Plain, serve_plain
from tests.ws.sockets import Live, until


@pytest.fixture(scope="session")
async def served_plain() -> AsyncIterator[Plain]:
    async with serve_plain() as plain:
        yield plain


@pytest.fixture
async def plain(served_plain: Plain) -> AsyncIterator[Plain]:
    """A schema of no domain."""
    yield served_plain
    await until(lambda: served_plain.is_idle)


@pytest.fixture(scope="session")
async def served_live(demo: Demo) -> AsyncIterator[Live]:
    app = build_app(demo.services)
    async with serve(app) as url:
        yield Live(url=url, app=app, demo=demo)


@pytest.fixture
async def live(served_live: Live) -> AsyncIterator[Live]:
    """The real app over the demo catalogue."""
    yield served_live
    await until(lambda: served_live.is_idle)
