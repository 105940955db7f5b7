"""How far ingest jobs are, for whoever waits for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from bff.domain.ingest import IngestJob, IngestOrder, IngestState, Priority, SourceFile, sum_share
from bff.stores.postgres import Connection

_decode_order = msgspec.json.Decoder(IngestOrder).decode

_JOBS = """
SELECT job.*,
    EXISTS (SELECT FROM ingest_task WHERE job_id = job.id AND kind = 'PROBE' AND state = 'DONE') AS is_probed,
    coalesce((SELECT array_agg(weight ORDER BY id) FROM ingest_task WHERE job_id = job.id), '{}') AS weights,
    coalesce((SELECT array_agg(CASE WHEN state = 'DONE' THEN 1.0 ELSE share END ORDER BY id)
        FROM ingest_task WHERE job_id = job.id), '{}') AS shares,
    coalesce((SELECT array_agg(name ORDER BY id) FROM ingest_task WHERE job_id = job.id AND state = 'RUNNING'), '{}')
        AS working_on,
    coalesce(error, (SELECT error FROM ingest_task WHERE job_id = job.id AND error IS NOT NULL AND state = 'WAITING'
        ORDER BY id LIMIT 1)) AS trouble
FROM ingest_job AS job
"""


async def read_ingest_job(connection: Connection | asyncpg.Pool, job_id: str) -> IngestJob | None:
    """As it stands now; None for an id that names none."""
    row = await connection.fetchrow(f"{_JOBS} WHERE job.id = $1", job_id)
    return _read_job(row) if row is not None else None


async def read_ingest_jobs(
    connection: Connection | asyncpg.Pool,
    *,
    states: Sequence[IngestState] = tuple(IngestState),
    most: int = 50,
    before: tuple[datetime, str] | None = None,
) -> list[IngestJob]:
    """Newest first, those behind `before` (when one was queued, and its id)."""
    rows = await connection.fetch(
        f"""{_JOBS} WHERE job.state = ANY($1) AND ($3::timestamptz IS NULL OR (job.queued_at, job.id) < ($3, $4))
        ORDER BY job.queued_at DESC, job.id DESC LIMIT $2""",
        list(states),
        most,
        *(before or (None, None)),
    )
    return [_read_job(row) for row in rows]


def _read_job(row: Any) -> IngestJob:
    state = IngestState(row["state"])
    tasks = zip(row["weights"], row["shares"], strict=True)
    return IngestJob(
        id=row["id"],
        playable_id=row["playable_id"],
        title_id=row["title_id"],
        source=SourceFile(key=row["source_key"], sha256=row["source_sha256"], name=row["source_name"]),
        order=_decode_order(row["ordered"]),
        priority=list(Priority)[row["priority"]],
        state=state,
        share=1.0 if state is IngestState.DONE else sum_share(tasks, is_probed=row["is_probed"]),
        working_on=tuple(row["working_on"]),
        error=row["trouble"],
        asset_id=row["asset_id"],
        resembles=row["resembles"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
