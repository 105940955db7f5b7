"""Delivers the outbox, a few times a second, as long as the worker runs."""

import asyncio
import logging
from contextlib import suppress

import asyncpg

from bff.stores.outbox import deliver_outbox
from bff.stores.redis import DocumentCache, RedisAway

log = logging.getLogger(__name__)

INTERVAL = 0.2
"""Seconds between two looks; with the followers' own it stays under the second that a change may take."""


async def relay_outbox(pool: asyncpg.Pool, cache: DocumentCache) -> None:
    """Runs until it is cancelled; what fails is tried again."""
    while True:
        try:
            with suppress(RedisAway):
                while await deliver_outbox(pool, cache):
                    pass
            await asyncio.sleep(INTERVAL)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
            log.exception("the outbox could not be delivered; trying again")
            await asyncio.sleep(1)
