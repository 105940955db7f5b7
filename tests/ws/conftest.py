"""The real app with sockets; `live` is shared by the session, so tests wait for their own connections to be gone."""

from collections.abc import AsyncIterator

import pytest

from bff.app import build_app
from tests.http_server import serve
from tests.live import Demo
from tests.ws.sockets import Live, until


@pytest.fixture(scope="session")
async def live(demo: Demo) -> AsyncIterator[Live]:
    app = build_app(demo.services)
    async with serve(app) as url:
        yield Live(url=url, app=app, demo=demo)


@pytest.fixture(autouse=True)
async def _nothing_is_left(live: Live) -> AsyncIterator[None]:
    """Whatever a test does to its connections, none of them is held when it is over."""
    yield
    await until(lambda: live.is_idle)
