"""Masters on their way to video: jobs, from their order to what they became or why they failed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from bff.domain.devices import VideoCodec
from bff.domain.ids import IdKind, derive_id, random_id
from bff.domain.ingest import (
    MOST_TRIES,
    AudioSource,
    IngestOrder,
    PlannedTask,
    Preset,
    Priority,
    ReceiveSpec,
    SourceFile,
    SubtitleSource,
    Task,
    TaskKind,
    TaskState,
)
from bff.domain.uploads import Upload
from bff.domain.video import Video, VideoState
from bff.stores.ingest_tasks import add_tasks, finish_task
from bff.stores.postgres import Connection
from bff.stores.videos import find_title_of, note_state, publish_video

RULES_REVISION = 3
"""Raised with every change to what the pipeline makes of the same master, so that it can be made again."""

PROBE_WEIGHT = 2.0
RECEIVED_A_SECOND = 40_000_000
"""Bytes that one core puts together and hashes in a second, about."""

_encode = msgspec.json.Encoder(order="deterministic").encode


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
    uploads: Sequence[Upload] = (),
) -> str:
    """Have a video made of a master that lies in the object store, or that `uploads` bring there, once the transaction
    has committed.

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
    tasks = [
        PlannedTask(
            kind=TaskKind.RECEIVE,
            name=f"upload {number}",
            spec=_encode(ReceiveSpec(upload.id)).decode(),
            weight=1 + upload.size / RECEIVED_A_SECOND,
        )
        for number, upload in enumerate(uploads, 1)
    ]
    tasks.append(PlannedTask(kind=TaskKind.PROBE, name="probe", weight=PROBE_WEIGHT))
    await add_tasks(connection, job_id, tasks, now)
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


async def finish_planning(
    connection: Connection, task: Task, now: datetime, *, plan: bytes, then: Sequence[PlannedTask]
) -> None:
    """Inside a transaction: `plan` is what was decided about the master, as JSON, for all tasks that come.

    Raises TaskLost.
    """
    await finish_task(connection, task, now, then=then)
    await connection.execute("UPDATE ingest_job SET plan = $2 WHERE id = $1", task.job_id, plan.decode())


async def read_plan(connection: Connection | asyncpg.Pool, job_id: str) -> bytes:
    """What `finish_planning` kept."""
    plan: str | None = await connection.fetchval("SELECT plan FROM ingest_job WHERE id = $1", job_id)
    return (plan or "null").encode()


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


async def finish_job(
    connection: Connection, task: Task, now: datetime, video: Video, *, fingerprint: bytes, resembles: str | None
) -> None:
    """Inside a transaction, the last task's: the video plays from now on.

    `fingerprint` is what its picture looks like, `resembles` the asset of an earlier job that looks the same. Raises
    TaskLost.
    """
    await finish_task(connection, task, now)
    playable_id = await connection.fetchval(
        """UPDATE ingest_job SET state = 'DONE', finished_at = $2, fingerprint = $3, resembles = $4
        WHERE id = $1 RETURNING playable_id""",
        task.job_id,
        now,
        fingerprint,
        resembles,
    )
    await publish_video(connection, playable_id, video)


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


async def remove_old_tasks(pool: asyncpg.Pool, before: datetime, *, most: int = 1000) -> int:
    """Forget the tasks of jobs that ended before then, at most so many; the jobs stay. Answers how many tasks went."""
    status: str = await pool.execute(
        """
        DELETE FROM ingest_task WHERE id IN (
            SELECT task.id FROM ingest_task AS task JOIN ingest_job AS job ON job.id = task.job_id
            WHERE job.finished_at < $1 LIMIT $2 FOR UPDATE OF task SKIP LOCKED)
        """,
        before,
        most,
        timeout=60,
    )
    return int(status.removeprefix("DELETE "))


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
