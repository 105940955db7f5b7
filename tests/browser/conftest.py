"""One headless Chromium for all of these tests."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.driving import Drive, open_chromium


@pytest.fixture(scope="session")
async def drive() -> AsyncIterator[Drive]:
    async with open_chromium() as drive:
        yield drive
