"""Ends playback sessions that nothing allows any more, and forgets what is long over."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bff.stores.ended_playback import forget_buried
from bff.stores.playback_sessions import forget_sessions, sweep_sessions
from bff.telemetry import Spans, tracing
from workers.batches import repeat

log = logging.getLogger(__name__)

SWEEP_EVERY = 2.0
"""Seconds between two sweeps: media is refused within five of what ends a session."""


async def keep_sweeping(pool: asyncpg.Pool, spans: Spans | None) -> None:
    """Runs until it is cancelled, by PostgreSQL alone: what ends while Redis is away must not go on. May run beside
    that of other workers."""
    is_stuck = False
    while True:
        try:
            with tracing(spans, "job sweep_playback"):
                await sweep_playback(pool)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if not is_stuck:
                log.warning("Playback sessions that must end go on until PostgreSQL is back: %r", error)
            is_stuck = True
        else:
            is_stuck = False
        await asyncio.sleep(SWEEP_EVERY)


async def sweep_playback(pool: asyncpg.Pool) -> int:
    """Answers how many sessions it ended."""
    now = datetime.now(UTC)
    return await repeat(lambda: sweep_sessions(pool, now))


async def forget_playback(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many sessions went."""
    now = datetime.now(UTC)
    await forget_buried(ctx["pool"])
    return await repeat(lambda: forget_sessions(ctx["pool"], now))
