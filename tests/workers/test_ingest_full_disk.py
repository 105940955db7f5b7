"""A disk that fills under an encode: operators are told, no try is counted, and the work goes on once there is room."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from bff.domain.ingest import IngestState, Preset
from bff.stores.ingest_progress import read_ingest_job
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started
from tests.media.masters import draw_master
from tests.media.workshop import add_film, open_shop, order, work
from workers.ingest_order import FilmOrder
from workers.ingest_publish import MANIFESTS


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("scratch", "no room on the worker's disk"),
        ("objects/work", "The object store is full"),
        ("objects/media", "The object store is full"),
    ],
)
async def test_a_full_disk_is_waited_out(
    database: Engines, pool: asyncpg.Pool, tmp_path: Path, folder: str, words: str
) -> None:
    film = await add_film(pool, "film")
    shop = open_shop(database, pool)
    path = draw_master(tmp_path / "film.mp4", seconds=4, sound=False)
    job_id = await order(shop, FilmOrder(path=path, title_id=film, preset=Preset.QUICK))
    small = database.data_dir / folder
    small.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o size=16k tmpfs "{small}" && exec {sys.executable} -m bff.cli worker'
    environment = {**clean_environment(), **database.environment, "BFF_ENCODERS": "1"}
    unshared = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
    async with started(*unshared, environment=environment) as worker, asyncio.timeout(DEADLINE):
        while await pool.fetchval("SELECT count(*) FROM ingest_task WHERE error IS NOT NULL") == 0:  # noqa: ASYNC110 -- another process does it
            await asyncio.sleep(0.02)
        assert not list_names_seen_by(worker.pid, small) & set(MANIFESTS)
    assert await pool.fetchval("SELECT state FROM video") == "PROCESSING"
    job = await read_ingest_job(pool, job_id)
    assert job is not None
    assert job.state is IngestState.RUNNING
    assert job.error is not None
    assert words in job.error
    assert await pool.fetchval("SELECT max(tries) FROM ingest_task WHERE error IS NOT NULL") == 0
    await pool.execute("UPDATE ingest_task SET due_at = now(), lease_until = now()")
    assert (await work(shop, job_id)).state is IngestState.DONE
    assert await pool.fetchval("SELECT state FROM video") == "READY"


def list_names_seen_by(pid: int, small: Path) -> set[str]:
    """What lies in the folder as that process sees it, which is on a disk of its own there."""
    seen = Path(f"/proc/{pid}/root/{small}")
    assert os.path.ismount(seen)
    return {path.name for path in seen.rglob("*")}
