"""A worker that is killed in the middle of a chunk, and how soon another goes on with nobody helping."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from bff.domain.ingest import Preset
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.faults.processes import DEADLINE, wait_until
from tests.media.masters import draw_master
from tests.media.workshop import add_film, open_shop, order, read_video
from tests.workers.test_ingest_kills import SIZE, find_encoders, read_done, wait_for_chunk, wait_for_job, working
from workers.ingest_order import FilmOrder

WITHIN = 30.0


@pytest.mark.proof
@pytest.mark.timeout(240)
async def test_another_goes_on_within_thirty_seconds(
    database: Engines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = await open_pool(database.settings)
    film = await add_film(pool, "film")
    shop = open_shop(database, pool)
    path = draw_master(tmp_path / "film.mp4", size=SIZE, seconds=24, sound=False)
    job_id = await order(shop, FilmOrder(path=path, title_id=film, preset=Preset.QUICK))
    async with working(database) as one, working(database) as other:
        lost, killed = await stop_in_a_chunk(pool, (one, other))
        killed.kill()
        killed_at = time.monotonic()
        await killed.wait()
        done = await read_done(pool)
        await wait_for_other(pool, lost, killed)
        waited = time.monotonic() - killed_at
        await wait_for_job(pool, job_id)
        await wait_until(lambda: not find_encoders(shop.scratch))
    with capsys.disabled():
        print(f"\n{lost} was taken up by another worker {waited:.1f} s after the kill")
    assert waited < WITHIN
    assert done <= await read_done(pool)
    assert await pool.fetchval("SELECT array_agg(name) FROM ingest_task WHERE attempt > 1") == [lost]
    assert (await read_video(pool, film)).segment_count == 6
    assert await pool.fetchval("SELECT count(*) FROM ingest_task WHERE kind = 'PACKAGE'") == 1
    await pool.close()


async def stop_in_a_chunk(pool: asyncpg.Pool, workers: Sequence[Process]) -> tuple[str, Process]:
    """Hold one of them still while it has a chunk; answers which chunk, and which worker."""
    while True:
        await wait_for_chunk(pool, done=0)
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)
            held: str | None = await pool.fetchval(
                "SELECT name FROM ingest_task WHERE state = 'RUNNING' AND kind = 'CHUNK' AND worker LIKE '%-' || $1",
                str(worker.pid),
            )
            if held is not None:
                return held, worker
            worker.send_signal(signal.SIGCONT)


async def wait_for_other(pool: asyncpg.Pool, name: str, dead: Process) -> None:
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval(  # noqa: ASYNC110 -- another process does it
            "SELECT worker LIKE '%-' || $2 FROM ingest_task WHERE name = $1", name, str(dead.pid)
        ):
            await asyncio.sleep(0.05)
