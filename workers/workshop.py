"""Where tasks of masters are done: what they are given, where files of theirs lie, and how they end."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from msgspec import Struct

from bff.domain.ingest import MOST_SUBTITLE_BYTES, IngestJob, SourceFile, Task
from bff.media.commands import Refused
from bff.settings import Secret
from bff.stores.ingest_tasks import finish_task
from bff.stores.objects import Objects
from workers.sources import Sources


class Workshop(Struct, frozen=True):
    """What tasks are done with; `scratch` is a folder here, `encoders` how many pieces are encoded at once.

    `queue` is where this process and no other calls itself to work.
    """

    pool: asyncpg.Pool
    objects: Objects
    key_encryption_key: Secret
    scratch: Path
    name: str
    encoders: int
    queue: str
    sources: Sources

    @property
    def threads(self) -> int:
        """Of each encoder: its share of the cores."""
        return max(1, (os.cpu_count() or 1) // max(1, self.encoders))


class Progress:
    """How much of a task is done, 0..1."""

    def __init__(self) -> None:
        self.share = 0.0

    def follow(self, seconds: float, *, start: float = 0.0, end: float = 1.0) -> Callable[[float], None]:
        """For what tells how many of so many seconds are done, from one share of the task to another."""

        def note(done: float) -> None:
            self.share = min(0.99, start + (end - start) * min(1.0, done / seconds))

        return note


class Run(Struct, frozen=True):
    """A task that is being done; `folder` is its own and goes with it."""

    shop: Workshop
    job: IngestJob
    task: Task
    folder: Path
    progress: Progress


def work_folder(job_id: str) -> str:
    """Where in the object store tasks leave what other tasks of the job need."""
    return f"work/{job_id}"


def name_chunk(job_id: str, rung: str, number: int) -> str:
    """Where an encoded chunk lies."""
    return f"{work_folder(job_id)}/{rung}/{number:05}.mp4"


async def fetch_source(run: Run, source: SourceFile) -> Path:
    """The file that was ordered, byte for byte. Raises Refused."""
    try:
        path = await run.shop.sources.fetch(source.key, run.folder)
    except FileNotFoundError as error:
        raise Refused(f"{source.name} is no longer in the object store. Send it again.") from error
    if await asyncio.to_thread(_hash, path) != source.sha256:
        raise Refused(f"{source.name} is not what was sent: its SHA-256 differs. Send it again.")
    return path


async def read_subtitles(run: Run, source: SourceFile) -> bytes:
    """What was ordered as subtitles, whatever it is: no more of it than tells that it is too large. Raises Refused."""
    path = await fetch_source(run, source)
    with path.open("rb") as file:
        return file.read(MOST_SUBTITLE_BYTES + 1)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def finish(run: Run, result: bytes = b"null") -> None:
    async with run.shop.pool.acquire(timeout=10) as connection, connection.transaction():
        await finish_task(connection, run.task, datetime.now(UTC), result=result)
