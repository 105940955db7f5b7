"""Fifty clients at once, for a little while; the minute is in `make proof`."""

from tests.faults.load import load
from tests.live import Demo


async def test_fifty_clients_at_once_meet_no_error(demo: Demo) -> None:
    tally = await load(demo.url, clients=50, rounds=2)
    assert tally.failed == []
    assert tally.done >= 250
