"""The tasks of ingest jobs, which workers take, hold by leases and finish, each once.

Whoever changes a task and its job has the task first: otherwise two may wait for each other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from bff.domain.ingest import LEASE, PlannedTask, Task, TaskKind
from bff.stores.postgres import Connection

_TAKE = """
WITH chosen AS (
    SELECT task.id FROM ingest_task AS task JOIN ingest_job AS job ON job.id = task.job_id
    WHERE task.state = 'WAITING' AND task.due_at <= $1 AND job.state IN ('QUEUED', 'RUNNING')
        AND NOT EXISTS (SELECT FROM ingest_task AS earlier
            WHERE earlier.job_id = task.job_id AND earlier.stage < task.stage AND earlier.state <> 'DONE')
    ORDER BY job.priority DESC,
        (SELECT count(*) FROM ingest_task AS running WHERE running.job_id = job.id AND running.state = 'RUNNING'),
        job.served_at NULLS FIRST, task.stage, task.id
    LIMIT 1 FOR UPDATE OF task SKIP LOCKED
), taken AS (
    UPDATE ingest_task AS task
    SET state = 'RUNNING', attempt = attempt + 1, tries = tries + 1, worker = $2, lease_until = $3, share = 0
    FROM chosen WHERE task.id = chosen.id
    RETURNING task.id, task.job_id, task.kind, task.name, task.spec, task.attempt, task.tries
), served AS (
    UPDATE ingest_job SET served_at = $1, state = 'RUNNING', started_at = coalesce(started_at, $1)
    FROM taken WHERE ingest_job.id = taken.job_id
)
SELECT * FROM taken
"""


class TaskLost(Exception):
    """Another worker has the task by now, or its job has ended: what was done for it is thrown away."""


async def take_task(pool: asyncpg.Pool, worker: str, now: datetime) -> Task | None:
    """The next task that is ready, for whoever calls to do within `LEASE`, or to renew.

    Higher priorities first; among equals the job that has the fewest under way, then the one that waited longest.
    """
    row = await pool.fetchrow(_TAKE, now, worker, now + LEASE)
    return Task(**{**row, "kind": TaskKind(row["kind"])}) if row is not None else None


async def has_work(pool: asyncpg.Pool, now: datetime) -> bool:
    """Whether a task may be ready, or a lease may have run out."""
    found: bool = await pool.fetchval(
        """
        SELECT EXISTS (SELECT FROM ingest_task AS task JOIN ingest_job AS job ON job.id = job_id
            WHERE job.state IN ('QUEUED', 'RUNNING') AND (task.state = 'WAITING' AND due_at <= $1
                OR task.state = 'RUNNING' AND lease_until < $1))
        """,
        now,
    )
    return found


async def renew_task(pool: asyncpg.Pool, task: Task, now: datetime, share: float) -> bool:
    """Say that the work goes on, and how far it is; False where the task is no longer the caller's."""
    status = await pool.execute(
        """
        UPDATE ingest_task SET lease_until = $3, share = $4
        FROM ingest_job AS job
        WHERE ingest_task.id = $1 AND attempt = $2 AND ingest_task.state = 'RUNNING'
            AND job.id = job_id AND job.state = 'RUNNING'
        """,
        task.id,
        task.attempt,
        now + LEASE,
        min(share, 1.0),
    )
    return bool(status == "UPDATE 1")


async def finish_task(
    connection: Connection, task: Task, now: datetime, *, result: bytes = b"null", then: Sequence[PlannedTask] = ()
) -> None:
    """Inside a transaction: what the task found out is kept, and what it planned, whose weight it had, waits for
    workers.

    Raises TaskLost, and then nothing may be committed.
    """
    status = await connection.execute(
        """
        UPDATE ingest_task SET state = 'DONE', result = $3, lease_until = NULL, share = 1, error = NULL,
            weight = CASE WHEN kind = 'PLAN' THEN 0 ELSE weight END
        FROM ingest_job AS job
        WHERE ingest_task.id = $1 AND attempt = $2 AND ingest_task.state = 'RUNNING'
            AND job.id = job_id AND job.state = 'RUNNING'
        """,
        task.id,
        task.attempt,
        result.decode(),
    )
    if status != "UPDATE 1":
        raise TaskLost(task.name)
    await add_tasks(connection, task.job_id, then, now)


async def release_task(pool: asyncpg.Pool, task: Task) -> None:
    """The worker ends, which is nobody's fault: another takes the task at once."""
    await pool.execute(
        """
        UPDATE ingest_task SET state = 'WAITING', tries = tries - 1, lease_until = NULL, share = 0
        WHERE id = $1 AND attempt = $2 AND state = 'RUNNING'
        """,
        task.id,
        task.attempt,
    )


async def put_off_task(pool: asyncpg.Pool, task: Task, due_at: datetime, error: str, *, is_fault: bool) -> None:
    """Try again later; `is_fault` counts it as a try, which what is wrong with the machine does not."""
    await pool.execute(
        """
        UPDATE ingest_task
        SET state = 'WAITING', tries = tries - $5, lease_until = NULL, share = 0, due_at = $3, error = $4
        WHERE id = $1 AND attempt = $2 AND state = 'RUNNING'
        """,
        task.id,
        task.attempt,
        due_at,
        error,
        0 if is_fault else 1,
    )


async def read_results(connection: Connection | asyncpg.Pool, job_id: str) -> Mapping[str, bytes]:
    """What the finished tasks of a job found out, by their names, as JSON."""
    rows = await connection.fetch(
        "SELECT name, result FROM ingest_task WHERE job_id = $1 AND state = 'DONE'", job_id, timeout=30
    )
    return {row["name"]: (row["result"] or "null").encode() for row in rows}


def wait_before(tries: int) -> timedelta:
    """How long a task that failed rests before its next try."""
    return timedelta(seconds=2.0 * 3 ** (tries - 1))


async def add_tasks(connection: Connection, job_id: str, tasks: Sequence[PlannedTask], now: datetime) -> None:
    """They wait for workers from now on."""
    await connection.executemany(
        """
        INSERT INTO ingest_task (job_id, kind, stage, name, spec, weight, state, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'WAITING', $7)
        """,
        [(job_id, task.kind, task.kind.stage, task.name, task.spec, task.weight, now) for task in tasks],
    )
