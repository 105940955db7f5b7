"""Masters for benchmarks, and what workers make of them: real processes, on the real queue."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from bench.metered_worker import Spent
from bench.stage import Stage
from bff.catalog.open_films import OpenFilm, find_file, list_open_films
from bff.domain.devices import VideoCodec
from bff.domain.ingest import IngestJob, IngestState, Preset
from bff.domain.ingest_plan import IngestPlan
from bff.media.commands import run_ffmpeg
from bff.settings import Settings, read_settings
from bff.stores.ingest_jobs import queue_ingest, read_plan
from bff.stores.objects import open_objects
from bff.stores.postgres import open_pool
from workers.ingest_order import follow_job, store_file

BUNNY = "big-buck-bunny"
"""The open film whose clip is the best master: 1920x1080, 24 frames a second, 30 s."""


class Made(Struct, frozen=True):
    """A job that has ended well, what its tasks took, and where the files of its asset lie."""

    job: IngestJob
    plan: IngestPlan
    spent: tuple[Spent, ...]
    folder: Path


def is_long() -> bool:
    """Whether who runs the benchmarks has the time for their long forms."""
    return os.environ.get("BENCH_LONG", "") not in ("", "0")


def find_masters() -> dict[str, Path]:
    """The clips of the demo's films, by their keys. Raises FileNotFoundError for one that `make setup` has not
    brought."""
    masters = {film.key: find_file(film.master) for film in list_open_films()}
    for path in masters.values():
        if not path.is_file():
            raise FileNotFoundError(path)
    return masters


def find_film(key: str = BUNNY) -> OpenFilm:
    return next(film for film in list_open_films() if film.key == key)


async def make_film(stage: Stage) -> Made:
    """The demo's best film, encrypted as in the demo, made once for all benchmarks that play it."""
    if stage.folder not in _films:
        _films[stage.folder] = await make_video(
            stage, find_masters()[BUNNY], find_film().title_id, workers=2, preset=Preset.QUICK, is_encrypted=True
        )
    return _films[stage.folder]


_films: dict[Path, Made] = {}


async def loop_film(path: Path, seconds: float, target: Path) -> Path:
    """The same film again and again, as long as that, encoded as it was. No two of them are the same file."""
    looped = ("-stream_loop", "-1", "-i", str(path), "-map", "0", "-t", str(seconds), "-c", "copy")
    await run_ffmpeg((*looped, "-metadata", f"comment={time.monotonic_ns()}", str(target)), deadline=120)
    return target


@asynccontextmanager
async def open_store(stage: Stage) -> AsyncIterator[tuple[Settings, asyncpg.Pool]]:
    settings = read_settings(stage.environment)
    async with await open_pool(settings) as pool:
        yield settings, pool


async def make_video(
    stage: Stage,
    master: Path,
    playable_id: str,
    *,
    workers: int,
    preset: Preset,
    codecs: Sequence[VideoCodec] = (),
    is_encrypted: bool = False,
) -> Made:
    """By so many workers of one encoder each. Raises RuntimeError where the job fails."""
    async with open_store(stage) as (settings, pool):
        objects = open_objects(settings)
        source = await store_file(objects, master)
        async with _run_workers(stage, workers) as logs:
            async with pool.acquire() as connection, connection.transaction():
                job_id = await queue_ingest(
                    connection,
                    playable_id=playable_id,
                    source=source,
                    now=datetime.now(UTC),
                    preset=preset,
                    codecs=codecs,
                    is_encrypted=is_encrypted,
                )
            job = await follow_job(pool, job_id, _say_nothing)
        if job.state is IngestState.FAILED:
            raise RuntimeError(job.error)
        plan = msgspec.json.decode(await read_plan(pool, job_id), type=IngestPlan)
    spent = [msgspec.json.decode(line, type=Spent) for log in logs for line in log.read_text().splitlines()[1:]]
    folder = settings.data_dir.resolve() / "objects" / "media" / job.asset_id
    return Made(job, plan, tuple(sorted(spent, key=lambda each: each.began)), folder)


@asynccontextmanager
async def _run_workers(stage: Stage, count: int) -> AsyncIterator[list[Path]]:
    """Once they have begun; yields the files that they tell in what their tasks took, whole after the block."""
    logs = [stage.folder / f"worker-{time.monotonic_ns()}-{number}.jsonl" for number in range(count)]
    environment = {**os.environ, **stage.environment, "BFF_ENCODERS": "1"}
    running: list[asyncio.subprocess.Process] = []
    try:
        for log in logs:
            with log.open("wb") as file:
                command = (sys.executable, "-m", "bench.metered_worker")
                running.append(await asyncio.create_subprocess_exec(*command, env=environment, stdout=file))
        while not all(log.stat().st_size for log in logs):
            if any(process.returncode is not None for process in running):
                raise RuntimeError("a worker ended at its start")
            await asyncio.sleep(0.1)
        yield logs
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            await process.wait()


def _say_nothing(job: IngestJob, now: datetime) -> None:
    del job, now
