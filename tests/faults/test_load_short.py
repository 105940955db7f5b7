"""Fifty clients at once, for a little while; the minute, with the deadlines that users get, is in `make proof`."""

from dataclasses import replace

import msgspec

from bff.app import build_app
from bff.stores.redis import DocumentCache, open_redis
from tests.faults.load import load
from tests.http_server import serve
from tests.live import Demo

PATIENCE = 60
"""Seconds: no busy machine makes anything late."""


async def test_fifty_clients_at_once_meet_no_error(demo: Demo) -> None:
    settings = msgspec.structs.replace(
        demo.services.settings, operation_deadline=PATIENCE, section_deadline=PATIENCE, account_rate=0, address_rate=0
    )
    cache = DocumentCache(open_redis(settings), deadline=PATIENCE)
    try:
        async with serve(build_app(replace(demo.services, settings=settings, cache=cache))) as url:
            tally = await load(url, clients=50, rounds=2)
    finally:
        await cache.close()
    assert tally.failed == []
    assert tally.done >= 250
