"""What tests of the graph have in common."""

from collections.abc import AsyncIterator

import pytest

from tests.api.account_holder import forget_tries
from tests.live import Demo


@pytest.fixture
async def nobody_failed(demo: Demo) -> AsyncIterator[None]:
    """All tests come from one address, whose failures and mails must not add up."""
    await forget_tries(demo)
    yield
    await forget_tries(demo)
