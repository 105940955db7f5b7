"""Delivers the outbox, a few times a second, as long as the worker runs."""

import asyncio
import logging

import asyncpg

from bff.stores.outbox import deliver_outbox
from bff.stores.redis import DocumentCache, RedisAway

log = logging.getLogger(__name__)

INTERVAL = 0.2
"""Seconds between two looks; with the followers' own it stays under the second that a change may take."""


async def relay_outbox(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    """Runs until it is cancelled; an engine that is away is waited for."""
    is_stuck = False
    while True:
        try:
            while await deliver_outbox(pool, cache):
                pass
        except (RedisAway, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if not is_stuck:
                log.warning("The outbox waits for an engine: %s", error or type(error).__name__)
            is_stuck = True
        else:
            is_stuck = False
        await asyncio.sleep(INTERVAL)
