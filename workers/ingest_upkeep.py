"""Removes what ingest leaves behind once nobody asks for it any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bff.stores.ingest_jobs import remove_old_tasks
from workers.batches import repeat

TASKS_KEPT = timedelta(days=30)
"""How long it can be seen which tasks a job that ended was done in."""


async def forget_tasks(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many tasks went."""
    before = datetime.now(UTC) - TASKS_KEPT
    return await repeat(lambda: remove_old_tasks(ctx["pool"], before))
