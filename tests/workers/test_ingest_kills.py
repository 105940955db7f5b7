"""Workers that are killed over an encode: their ffmpeg dies with them, and another goes on where they were."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg

from bff.domain.ingest import IngestState, Preset
from bff.stores.ingest_progress import read_ingest_job
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started, wait_until
from tests.media.masters import draw_master
from tests.media.workshop import add_film, open_shop, order, read_video
from workers.ingest_order import FilmOrder

COMMAND = (sys.executable, "-m", "bff.cli", "worker")
SIZE = "640x360"


def working(engines: Engines) -> AbstractAsyncContextManager[Process]:
    return started(*COMMAND, environment={**clean_environment(), **engines.environment, "BFF_ENCODERS": "1"})


async def test_another_worker_goes_on_where_one_was_killed(
    database: Engines, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    film = await add_film(pool, "film")
    shop = open_shop(database, pool)
    path = draw_master(tmp_path / "film.mp4", size=SIZE, seconds=24, sound=False)
    job_id = await order(shop, FilmOrder(path=path, title_id=film, preset=Preset.QUICK))
    async with working(database) as first:
        await wait_for_chunk(pool, done=1)
        first.kill()
        await first.wait()
    await wait_until(lambda: not find_encoders(shop.scratch))
    lost = await pool.fetchval("SELECT name FROM ingest_task WHERE state = 'RUNNING'")
    done = await read_done(pool)
    assert lost.startswith("h264/")
    await pool.execute("UPDATE ingest_task SET lease_until = now() WHERE state = 'RUNNING'")
    async with working(database) as second:
        await wait_for_job(pool, job_id)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.wait(), DEADLINE) == 0
    assert await pool.fetchval("SELECT array_agg(name) FROM ingest_task WHERE attempt > 1") == [lost]
    assert done <= await read_done(pool)
    assert (await read_video(pool, film)).segment_count == 6
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'catalogue'") <= 2
    assert not list(shop.scratch.iterdir())


async def test_a_worker_that_is_told_to_end_gives_its_chunk_back(
    database: Engines, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    film = await add_film(pool, "film")
    shop = open_shop(database, pool)
    path = draw_master(tmp_path / "film.mp4", size=SIZE, seconds=24, sound=False)
    await order(shop, FilmOrder(path=path, title_id=film, preset=Preset.QUICK))
    async with working(database) as process:
        await wait_for_chunk(pool, done=0)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 0
    assert not find_encoders(shop.scratch)
    assert await pool.fetchval("SELECT count(*) FROM ingest_task WHERE state = 'RUNNING'") == 0
    assert await pool.fetchval("SELECT max(tries) FROM ingest_task WHERE state = 'WAITING'") == 0


async def wait_for_chunk(pool: asyncpg.Pool, *, done: int) -> None:
    """Until one is being encoded, and so many are."""
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval(  # noqa: ASYNC110 -- another process does it
            """SELECT count(*) FILTER (WHERE state = 'DONE') < $1 OR count(*) FILTER (WHERE state = 'RUNNING') = 0
            FROM ingest_task WHERE kind = 'CHUNK'""",
            done,
        ):
            await asyncio.sleep(0.02)


async def wait_for_job(pool: asyncpg.Pool, job_id: str) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            job = await read_ingest_job(pool, job_id)
            assert job is not None
            assert job.state is not IngestState.FAILED, job.error
            if job.state is IngestState.DONE:
                return
            await asyncio.sleep(0.05)


async def read_done(pool: asyncpg.Pool) -> set[str]:
    return {row["name"] for row in await pool.fetch("SELECT name FROM ingest_task WHERE state = 'DONE'")}


def find_encoders(scratch: Path) -> list[int]:
    """Processes that write below the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(scratch).encode() in command:
                found.append(int(entry.name))
    return found


def test_no_worker_is_called_through_the_queue_of_another(database: Engines, pool: asyncpg.Pool) -> None:
    """What died with one of them would keep the other from its work for a day, even one of the same process id."""
    assert open_shop(database, pool).queue != open_shop(database, pool).queue
