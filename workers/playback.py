"""Ends playback sessions that nothing allows any more, and forgets what is long over."""

from datetime import UTC, datetime
from typing import Any

from bff.stores.ended_playback import forget_buried
from bff.stores.playback_sessions import forget_sessions, sweep_sessions
from workers.batches import repeat

SWEEP_EVERY = 2
"""Seconds between two sweeps: media is refused within five of what ends a session."""


async def sweep_playback(ctx: dict[Any, Any]) -> int:
    """Every few seconds; may run twice. Answers how many sessions it ended."""
    now = datetime.now(UTC)
    return await repeat(lambda: sweep_sessions(ctx["pool"], now))


async def forget_playback(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many sessions went."""
    now = datetime.now(UTC)
    await forget_buried(ctx["pool"])
    return await repeat(lambda: forget_sessions(ctx["pool"], now))
