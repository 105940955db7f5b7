"""Removes what ingest leaves behind once nobody asks for it any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from bff.domain.uploads import GRACE, upload_folder
from bff.stores.ingest_jobs import remove_old_tasks
from bff.stores.objects import Objects
from bff.stores.uploads import list_abandoned, remove_upload
from workers.batches import repeat

TASKS_KEPT = timedelta(days=30)
"""How long it can be seen which tasks a job that ended was done in."""
UNFINISHED_FOR = timedelta(hours=1)
"""Nobody who still writes an object leaves it alone for so long."""


async def forget_tasks(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many tasks went."""
    before = datetime.now(UTC) - TASKS_KEPT
    return await repeat(lambda: remove_old_tasks(ctx["pool"], before))


async def remove_uploads(ctx: dict[Any, Any]) -> int:
    """Every few minutes; may run twice. Those that ran out go with their parts; answers how many it was."""
    pool, objects = ctx["pool"], ctx["objects"]
    return await repeat(lambda: _remove_some(pool, objects))


async def remove_unfinished(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. What killed processes left of objects that they wrote, in a folder; answers how many."""
    objects: Objects = ctx["objects"]
    return await objects.remove_unfinished(datetime.now(UTC) - UNFINISHED_FOR)


async def _remove_some(pool: asyncpg.Pool, objects: Objects) -> int:
    """The row goes last: what dies before is done again."""
    abandoned = await list_abandoned(pool, datetime.now(UTC) - GRACE)
    for upload_id in abandoned:
        await objects.remove_below(upload_folder(upload_id))
        await remove_upload(pool, upload_id)
    return len(abandoned)
