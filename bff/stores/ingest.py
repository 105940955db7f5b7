"""Masters on their way to video: jobs, and the tasks that workers take, hold by leases and finish, each once."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from bff.domain.devices import VideoCodec
from bff.domain.ids import IdKind, derive_id, random_id
from bff.domain.ingest import (
    LEASE,
    MOST_TRIES,
    AudioSource,
    IngestJob,
    IngestOrder,
    IngestState,
    PlannedTask,
    Preset,
    Priority,
    SourceFile,
    SubtitleSource,
    Task,
    TaskKind,
    TaskState,
    sum_share,
)
from bff.domain.video import Video, VideoState
from bff.stores.postgres import Connection
from bff.stores.videos import find_title_of, note_state, publish_video

RULES_REVISION = 1
"""Raised with every change to what the pipeline makes of the same master, so that it can be made again."""

PROBE_WEIGHT = 2.0
_decode_order = msgspec.json.Decoder(IngestOrder).decode
_encode = msgspec.json.Encoder(order="deterministic").encode

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

_JOBS = """
SELECT job.*,
    coalesce((SELECT array_agg(weight ORDER BY id) FROM ingest_task WHERE job_id = job.id), '{}') AS weights,
    coalesce((SELECT array_agg(CASE WHEN state = 'DONE' THEN 1.0 ELSE share END ORDER BY id)
        FROM ingest_task WHERE job_id = job.id), '{}') AS shares,
    coalesce((SELECT array_agg(name ORDER BY id) FROM ingest_task WHERE job_id = job.id AND state = 'RUNNING'), '{}')
        AS working_on,
    coalesce(error, (SELECT error FROM ingest_task WHERE job_id = job.id AND error IS NOT NULL AND state = 'WAITING'
        ORDER BY id LIMIT 1)) AS trouble
FROM ingest_job AS job
"""


class TaskLost(Exception):
    """Another worker has the task by now, or its job has ended: what was done for it is thrown away."""


async def queue_ingest(
    connection: Connection,
    *,
    playable_id: str,
    source: SourceFile,
    now: datetime,
    preset: Preset = Preset.STANDARD,
    priority: Priority = Priority.NORMAL,
    codecs: Sequence[VideoCodec] = (VideoCodec.H264, VideoCodec.AV1),
    language: str = "en",
    is_encrypted: bool = False,
    subtitles: Sequence[SubtitleSource] = (),
    audio: Sequence[AudioSource] = (),
) -> str:
    """Have a video made of a master that lies in the object store, once the transaction has committed.

    Answers the job's id: that of the earlier one where the same is being made or was made of the same content.
    Raises LookupError for what does not play.
    """
    title_id = await find_title_of(connection, playable_id)
    if title_id is None:
        raise LookupError(f"{playable_id!r} is no film, episode or trailer")
    order = IngestOrder(
        preset=preset,
        codecs=tuple(codecs),
        language=language,
        is_encrypted=is_encrypted,
        subtitles=tuple(subtitles),
        audio=tuple(audio),
    )
    content_key = compute_content_key(playable_id, source, order)
    job_id = await connection.fetchval(
        """
        INSERT INTO ingest_job (id, playable_id, title_id, content_key, source_key, source_sha256, source_name, ordered,
            priority, state, asset_id, queued_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'QUEUED', $10, $11)
        ON CONFLICT (content_key) WHERE state <> 'FAILED' DO NOTHING RETURNING id
        """,
        random_id(IdKind.INGEST_JOB),
        playable_id,
        title_id,
        content_key,
        source.key,
        source.sha256,
        source.name,
        _encode(order).decode(),
        priority.rank,
        derive_id(IdKind.ASSET, content_key),
        now,
    )
    if job_id is None:
        earlier: str = await connection.fetchval(
            "SELECT id FROM ingest_job WHERE content_key = $1 AND state <> 'FAILED'", content_key
        )
        return earlier
    await _add_tasks(connection, job_id, [PlannedTask(kind=TaskKind.PROBE, name="probe", weight=PROBE_WEIGHT)], now)
    await note_state(connection, playable_id, VideoState.PROCESSING)
    return str(job_id)


def compute_content_key(playable_id: str, source: SourceFile, order: IngestOrder) -> str:
    """Changes with the bytes of the master and of all that comes with it, with the order and with our rules; names and
    places of files do not matter."""
    files = [source, *(track.file for track in order.subtitles), *(track.file for track in order.audio)]
    named = _encode([RULES_REVISION, playable_id, order.preset, order.codecs, order.language, order.is_encrypted])
    tracks = _encode(
        [
            [(track.language, track.kind) for track in order.subtitles],
            [(track.language, track.kind) for track in order.audio],
        ]
    )
    digest = hashlib.sha256(named + tracks)
    for file in files:
        digest.update(file.sha256.encode())
    return digest.hexdigest()


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
    await _add_tasks(connection, task.job_id, then, now)


async def note_plan(connection: Connection, job_id: str, plan: bytes) -> None:
    """What was decided about the master, as JSON, for all tasks that come."""
    await connection.execute("UPDATE ingest_job SET plan = $2 WHERE id = $1", job_id, plan.decode())


async def note_fingerprint(connection: Connection, job_id: str, fingerprint: bytes, resembles: str | None) -> None:
    """What the picture looks like, and the asset of an earlier job that looks the same."""
    await connection.execute(
        "UPDATE ingest_job SET fingerprint = $2, resembles = $3 WHERE id = $1", job_id, fingerprint, resembles
    )


async def read_fingerprints(connection: Connection, job_id: str) -> list[tuple[str, bytes]]:
    """Of the videos that other jobs have made, with their assets; of masters with other content only."""
    rows = await connection.fetch(
        """
        SELECT asset_id, fingerprint FROM ingest_job
        WHERE state = 'DONE' AND fingerprint IS NOT NULL
            AND source_sha256 <> (SELECT source_sha256 FROM ingest_job WHERE id = $1)
        ORDER BY queued_at DESC
        """,
        job_id,
        timeout=60,
    )
    return [(row["asset_id"], row["fingerprint"]) for row in rows]


async def finish_job(connection: Connection, task: Task, now: datetime, video: Video) -> None:
    """Inside a transaction, the last task's: the video plays from now on. Raises TaskLost."""
    await finish_task(connection, task, now)
    playable_id = await connection.fetchval(
        "UPDATE ingest_job SET state = 'DONE', finished_at = $2 WHERE id = $1 RETURNING playable_id", task.job_id, now
    )
    await publish_video(connection, playable_id, video)


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


async def park_task(pool: asyncpg.Pool, task: Task, now: datetime, error: str) -> None:
    """It can never succeed: its job has failed, and the operator is told why."""
    async with pool.acquire(timeout=10) as connection, connection.transaction():
        status = await connection.execute(
            """
            UPDATE ingest_task SET state = 'PARKED', lease_until = NULL, error = $3
            WHERE id = $1 AND attempt = $2 AND state = 'RUNNING'
            """,
            task.id,
            task.attempt,
            error,
        )
        if status == "UPDATE 1":
            await _fail_job(connection, task.job_id, now, error)


async def sweep_tasks(pool: asyncpg.Pool, now: datetime) -> int:
    """Take back the tasks of workers that are not heard of any more; one that has cost too many of them is parked.

    Answers how many there were.
    """
    async with pool.acquire(timeout=10) as connection, connection.transaction():
        rows = await connection.fetch(
            """
            UPDATE ingest_task AS task SET lease_until = NULL, share = 0,
                state = CASE WHEN task.tries < $2 THEN 'WAITING' ELSE 'PARKED' END,
                error = CASE WHEN task.tries < $2 THEN task.error
                    ELSE coalesce(task.error, 'Workers died over it, ' || task.tries || ' times.') END
            FROM (SELECT id FROM ingest_task WHERE state = 'RUNNING' AND lease_until < $1
                ORDER BY id FOR UPDATE SKIP LOCKED) AS lost
            WHERE task.id = lost.id RETURNING task.job_id, task.name, task.state, task.error
            """,
            now,
            MOST_TRIES,
        )
        for row in rows:
            if row["state"] == TaskState.PARKED:
                await _fail_job(connection, row["job_id"], now, f"{row['name']}: {row['error']}")
    return len(rows)


async def read_results(connection: Connection | asyncpg.Pool, job_id: str) -> Mapping[str, bytes]:
    """What the finished tasks of a job found out, by their names, as JSON."""
    rows = await connection.fetch(
        "SELECT name, result FROM ingest_task WHERE job_id = $1 AND state = 'DONE'", job_id, timeout=30
    )
    return {row["name"]: (row["result"] or "null").encode() for row in rows}


async def read_plan(connection: Connection | asyncpg.Pool, job_id: str) -> bytes:
    """What `note_plan` kept."""
    plan: str | None = await connection.fetchval("SELECT plan FROM ingest_job WHERE id = $1", job_id)
    return (plan or "null").encode()


async def read_ingest_job(connection: Connection | asyncpg.Pool, job_id: str) -> IngestJob | None:
    """As it stands now; None for an id that names none."""
    row = await connection.fetchrow(f"{_JOBS} WHERE job.id = $1", job_id)
    return _read_job(row) if row is not None else None


async def read_ingest_jobs(
    connection: Connection | asyncpg.Pool, *, states: Sequence[IngestState] = tuple(IngestState), most: int = 50
) -> list[IngestJob]:
    """Newest first."""
    rows = await connection.fetch(
        f"{_JOBS} WHERE job.state = ANY($1) ORDER BY queued_at DESC, job.id LIMIT $2", list(states), most
    )
    return [_read_job(row) for row in rows]


async def remove_old_jobs(pool: asyncpg.Pool, before: datetime) -> int:
    """Forget the tasks of jobs that ended before then; the jobs stay. Answers how many tasks went."""
    status: str = await pool.execute(
        "DELETE FROM ingest_task USING ingest_job WHERE ingest_job.id = job_id AND finished_at < $1", before, timeout=60
    )
    return int(status.removeprefix("DELETE "))


def wait_before(tries: int) -> timedelta:
    """How long a task that failed rests before its next try."""
    return timedelta(seconds=2.0 * 3 ** (tries - 1))


async def _add_tasks(connection: Connection, job_id: str, tasks: Sequence[PlannedTask], now: datetime) -> None:
    await connection.executemany(
        """
        INSERT INTO ingest_task (job_id, kind, stage, name, spec, weight, state, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'WAITING', $7)
        """,
        [(job_id, task.kind, task.kind.stage, task.name, task.spec, task.weight, now) for task in tasks],
    )


async def _fail_job(connection: Connection, job_id: str, now: datetime, error: str) -> None:
    playable_id = await connection.fetchval(
        """
        UPDATE ingest_job SET state = 'FAILED', error = $2, finished_at = $3
        WHERE id = $1 AND state IN ('QUEUED', 'RUNNING') RETURNING playable_id
        """,
        job_id,
        error,
        now,
    )
    if playable_id is not None:
        await note_state(connection, playable_id, VideoState.FAILED)


def _read_job(row: Any) -> IngestJob:
    state = IngestState(row["state"])
    return IngestJob(
        id=row["id"],
        playable_id=row["playable_id"],
        title_id=row["title_id"],
        source=SourceFile(key=row["source_key"], sha256=row["source_sha256"], name=row["source_name"]),
        order=_decode_order(row["ordered"]),
        priority=list(Priority)[row["priority"]],
        state=state,
        share=1.0 if state is IngestState.DONE else sum_share(zip(row["weights"], row["shares"], strict=True)),
        working_on=tuple(row["working_on"]),
        error=row["trouble"],
        asset_id=row["asset_id"],
        resembles=row["resembles"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
