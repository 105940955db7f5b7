"""How far ingest jobs are, for whoever waits for them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from bff.domain.ingest import IngestJob, IngestOrder, IngestState, Priority, SourceFile, sum_share
from bff.stores.postgres import Connection

LOOK_EVERY = 1.0
"""Seconds between two looks at the jobs that somebody follows; workers say every two how far they are."""

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


async def _read_jobs_by_id(pool: asyncpg.Pool, ids: Iterable[str]) -> Mapping[str, IngestJob]:
    rows = await pool.fetch(f"{_JOBS} WHERE job.id = ANY($1)", list(ids))
    return {row["id"]: _read_job(row) for row in rows}


class IngestWatch:
    """Looks at the jobs that somebody follows: one statement a second, however many jobs they are and followers."""

    def __init__(self, pool: asyncpg.Pool, *, every: float = LOOK_EVERY) -> None:
        self._pool = pool
        self._every = every
        self._wanted: set[str] = set()
        self._next: asyncio.Task[Mapping[str, IngestJob]] | None = None

    async def look(self, job_id: str) -> IngestJob | None:
        """As the next look finds it, in `every` seconds at most; None where it is gone. Raises what asyncpg does."""
        self._wanted.add(job_id)
        if self._next is None:
            self._next = asyncio.create_task(self._look(), name="ingest watch")
            self._next.add_done_callback(_take_note)
        jobs = await asyncio.shield(self._next)
        return jobs.get(job_id)

    async def _look(self) -> Mapping[str, IngestJob]:
        await asyncio.sleep(self._every)
        wanted, self._wanted, self._next = self._wanted, set(), None
        return await _read_jobs_by_id(self._pool, wanted)


def _take_note(look: "asyncio.Task[Mapping[str, IngestJob]]") -> None:
    """Those who waited may all be gone when a look fails: nobody else asks how it went."""
    if not look.cancelled():
        look.exception()


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
