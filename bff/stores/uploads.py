"""Uploads in PostgreSQL: announced, taken by a job, received or forgotten. Their bytes are the object store's."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from bff.domain.uploads import Upload, UploadState
from bff.stores.postgres import Connection

_DEADLINE = 2.0
_COLUMNS = "id, file_name, size, sha256, part_size, state, created_at, expires_at"

_ABANDONED = """
    SELECT id FROM upload WHERE expires_at < $1 AND (state <> 'TAKEN' OR NOT EXISTS (
        SELECT FROM ingest_job WHERE ingest_job.id = upload.job_id AND ingest_job.state IN ('QUEUED', 'RUNNING')))
    ORDER BY expires_at LIMIT $2
"""


async def add_upload(pool: asyncpg.Pool, upload: Upload, account_id: str) -> None:
    await pool.execute(
        f"""INSERT INTO upload ({_COLUMNS}, account_id, job_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)""",  # noqa: S608 - constants only
        upload.id,
        upload.file_name,
        upload.size,
        upload.sha256,
        upload.part_size,
        upload.state,
        upload.created_at,
        upload.expires_at,
        account_id,
        timeout=_DEADLINE,
    )


async def find_upload(pool: asyncpg.Pool, upload_id: str) -> Upload | None:
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM upload WHERE id = $1",  # noqa: S608 - constants only
        upload_id,
        timeout=_DEADLINE,
    )
    return _to_upload(row) if row is not None else None


async def take_uploads(connection: Connection, upload_ids: Sequence[str], job_id: str) -> None:
    """No more parts are taken: a job puts them together."""
    await connection.execute(
        "UPDATE upload SET state = 'TAKEN', job_id = $2 WHERE id = ANY($1) AND state IN ('OPEN', 'TAKEN')",
        list(upload_ids),
        job_id,
        timeout=_DEADLINE,
    )


async def note_cancelled(pool: asyncpg.Pool, upload_id: str) -> Upload | None:
    """No more parts are taken, and no job begins with it; None where a job has, or where there is none."""
    row = await pool.fetchrow(
        f"""UPDATE upload SET state = 'CANCELLED' WHERE id = $1 AND state IN ('OPEN', 'CANCELLED')
        RETURNING {_COLUMNS}""",  # noqa: S608 - constants only
        upload_id,
        timeout=_DEADLINE,
    )
    return _to_upload(row) if row is not None else None


async def reopen_upload(pool: asyncpg.Pool, upload_id: str) -> None:
    """Parts are taken again: something was wrong with those that came."""
    await pool.execute(
        "UPDATE upload SET state = 'OPEN' WHERE id = $1 AND state = 'TAKEN'", upload_id, timeout=_DEADLINE
    )


async def note_received(connection: Connection, upload_id: str) -> None:
    """It is a master in the object store; its parts are not needed any more."""
    await connection.execute("UPDATE upload SET state = 'RECEIVED' WHERE id = $1", upload_id, timeout=_DEADLINE)


async def list_abandoned(pool: asyncpg.Pool, before: datetime, *, most: int = 100) -> list[str]:
    """Those that ran out before then, and that no job is at."""
    return [row["id"] for row in await pool.fetch(_ABANDONED, before, most, timeout=10)]


async def remove_upload(pool: asyncpg.Pool, upload_id: str) -> None:
    await pool.execute("DELETE FROM upload WHERE id = $1", upload_id, timeout=_DEADLINE)


def _to_upload(row: asyncpg.Record) -> Upload:
    return Upload(**{**row, "state": UploadState(row["state"])})
