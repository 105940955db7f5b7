"""Masters on their way: which task a worker gets, and what becomes of the tasks of workers that die."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from bff.domain.devices import VideoCodec
from bff.domain.ingest import (
    LEASE,
    MOST_TRIES,
    IngestJob,
    IngestState,
    PlannedTask,
    Preset,
    Priority,
    SourceFile,
    Task,
    TaskKind,
    read_codecs,
)
from bff.domain.video import Video
from bff.stores.ingest_jobs import finish_job, finish_planning, park_task, queue_ingest, sweep_tasks
from bff.stores.ingest_progress import IngestWatch, read_ingest_job, read_ingest_jobs
from bff.stores.ingest_tasks import (
    TaskLost,
    finish_task,
    put_off_task,
    read_results,
    release_task,
    renew_task,
    take_task,
)
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.locks import wait_until_it_waits
from workers.ingest_upkeep import TASKS_KEPT, forget_tasks

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MASTER = SourceFile(key="masters/1", sha256="1" * 64, name="film.mp4")
OTHER = SourceFile(key="masters/2", sha256="2" * 64, name="other.mp4")
CHUNKS = tuple(PlannedTask(kind=TaskKind.CHUNK, name=f"chunk {number}", weight=10) for number in range(3))
VIDEO = Video(asset_id="ast_1", duration=8, segment_duration=4, segment_count=2, renditions=())
PACKAGE = PlannedTask(kind=TaskKind.PACKAGE, name="package", weight=1)


@pytest.fixture
async def film(pool: asyncpg.Pool) -> str:
    await pool.execute(
        """INSERT INTO title (id, natural_key, type, name, synopsis, release_year, maturity, added_at, popularity,
            rating_count) VALUES ('tit_film', 'film', 'MOVIE', 'Film', '', 2010, 0, now(), 1, 0)"""
    )
    return "tit_film"


async def queue(
    pool: asyncpg.Pool, film: str, source: SourceFile = MASTER, *, now: datetime = NOW, **order: object
) -> str:
    async with pool.acquire() as connection, connection.transaction():
        return await queue_ingest(connection, playable_id=film, source=source, now=now, **order)  # type: ignore[arg-type]


async def take(pool: asyncpg.Pool, now: datetime = NOW) -> Task:
    task = await take_task(pool, "worker", now)
    assert task is not None
    return task


async def finish(pool: asyncpg.Pool, task: Task, *then: PlannedTask, result: bytes = b"null") -> None:
    async with pool.acquire() as connection, connection.transaction():
        await finish_task(connection, task, NOW, result=result, then=then)


async def read(pool: asyncpg.Pool, job_id: str) -> IngestJob:
    job = await read_ingest_job(pool, job_id)
    assert job is not None
    return job


async def probed(pool: asyncpg.Pool, film: str, source: SourceFile = MASTER, **order: object) -> str:
    job_id = await queue(pool, film, source, **order)
    await finish(pool, await take(pool), *CHUNKS, PACKAGE)
    return job_id


async def test_the_same_content_is_made_once(pool: asyncpg.Pool, film: str) -> None:
    first = await queue(pool, film)
    moved = SourceFile(key="elsewhere", sha256=MASTER.sha256, name="renamed.mp4")
    assert await queue(pool, film, moved) == first
    assert await queue(pool, film, preset=Preset.QUICK) != first
    assert await queue(pool, film, OTHER) != first
    assert len(await read_ingest_jobs(pool)) == 3
    with pytest.raises(LookupError):
        await queue(pool, "tit_none")


async def test_a_stage_waits_for_all_of_the_one_before(pool: asyncpg.Pool, film: str) -> None:
    job_id = await probed(pool, film)
    chunks = [await take(pool) for _ in CHUNKS]
    assert [task.name for task in chunks] == ["chunk 0", "chunk 1", "chunk 2"]
    assert await take_task(pool, "other", NOW) is None
    for task in chunks:
        await finish(pool, task, result=b"7")
    last = await take(pool)
    assert last.kind is TaskKind.PACKAGE
    assert (await read_results(pool, job_id))["chunk 1"] == b"7"
    async with pool.acquire() as connection, connection.transaction():
        await finish_job(connection, last, NOW, VIDEO, fingerprint=b"alike", resembles=None)
    job = await read(pool, job_id)
    assert (job.state, job.share, job.finished_at) == (IngestState.DONE, 1.0, NOW)
    assert await pool.fetchval("SELECT state FROM video") == "READY"


@pytest.mark.parametrize("ends", ["its planning", "its job"])
async def test_whoever_waits_for_a_task_holds_nothing_of_its_job(pool: asyncpg.Pool, film: str, ends: str) -> None:
    """The sweep has lost tasks first, and fails their jobs after."""
    await queue(pool, film)
    task = await take(pool)
    async with pool.acquire() as connection, connection.transaction():
        async with pool.acquire() as sweep, sweep.transaction():
            await sweep.execute("SELECT true FROM ingest_task FOR UPDATE")
            finishing = asyncio.create_task(
                finish_planning(connection, task, NOW, plan=b"{}", then=CHUNKS)
                if ends == "its planning"
                else finish_job(connection, task, NOW, VIDEO, fingerprint=b"alike", resembles=None)
            )
            await wait_until_it_waits(pool, finishing)
            await sweep.execute("SELECT true FROM ingest_job FOR UPDATE NOWAIT")
            await sweep.execute("UPDATE ingest_task SET state = 'PARKED'")
        with pytest.raises(TaskLost):
            await finishing


async def test_progress_is_the_share_of_the_work(pool: asyncpg.Pool, film: str) -> None:
    job_id = await probed(pool, film)
    task = await take(pool)
    assert await renew_task(pool, task, NOW, 0.5)
    job = await read(pool, job_id)
    assert job.share == pytest.approx((2 + 5) / 33)
    assert job.working_on == ("chunk 0",)
    ends = job.estimate_end(NOW + 7 * SECOND)
    assert ends is not None
    assert ends - NOW == pytest.approx(33 * SECOND, abs=SECOND / 1000)


async def test_little_is_done_while_nobody_knows_how_much_there_is(pool: asyncpg.Pool, film: str) -> None:
    """The length of a master is unknown until it was probed: its percentage would fall then."""
    job_id = await queue(pool, film)
    task = await take(pool)
    assert await renew_task(pool, task, NOW, 0.9)
    job = await read(pool, job_id)
    assert 0 < job.share < 0.02
    assert job.estimate_end(NOW + SECOND) is None
    await finish(pool, task, *CHUNKS, PACKAGE)
    assert (await read(pool, job_id)).share == pytest.approx(2 / 33)


async def test_masters_take_turns(pool: asyncpg.Pool, film: str) -> None:
    first = await probed(pool, film)
    second = await probed(pool, film, OTHER)
    taken = []
    for number in range(1, 5):
        task = await take(pool, NOW + number * SECOND)
        taken.append(task.job_id)
        await finish(pool, task)
    assert sorted(taken) == sorted([first, second] * 2)
    assert taken[0] != taken[1]


async def test_the_more_urgent_goes_first(pool: asyncpg.Pool, film: str) -> None:
    await probed(pool, film, priority=Priority.LOW)
    urgent = await queue(pool, film, OTHER)
    assert (await take(pool)).job_id == urgent


async def test_no_task_is_taken_twice(pool: asyncpg.Pool, film: str) -> None:
    await probed(pool, film)
    taken = await asyncio.gather(*(take_task(pool, f"worker {number}", NOW) for number in range(8)))
    names = [task.name for task in taken if task is not None]
    assert sorted(names) == sorted(set(names)) == ["chunk 0", "chunk 1", "chunk 2"]


async def test_what_a_dead_worker_had_is_taken_by_another(pool: asyncpg.Pool, film: str) -> None:
    await probed(pool, film)
    task = await take(pool)
    assert await sweep_tasks(pool, NOW + LEASE - SECOND) == 0
    assert await renew_task(pool, task, NOW + 10 * SECOND, 0.1)
    assert await sweep_tasks(pool, NOW + LEASE + SECOND) == 0
    late = NOW + LEASE + 11 * SECOND
    assert await sweep_tasks(pool, late) == 1
    again = await take(pool, late)
    assert (again.name, again.tries) == (task.name, 2)
    assert not await renew_task(pool, task, late, 0.5)
    with pytest.raises(TaskLost):
        await finish(pool, task)
    await finish(pool, again)


async def test_what_kills_every_worker_is_parked(pool: asyncpg.Pool, film: str) -> None:
    job_id = await probed(pool, film)
    now = NOW
    for _ in range(MOST_TRIES):
        assert (await take(pool, now)).name == "chunk 0"
        now += LEASE + SECOND
        assert await sweep_tasks(pool, now) == 1
    job = await read(pool, job_id)
    assert (job.state, job.error) == (IngestState.FAILED, "chunk 0: Workers died over it, 3 times.")
    assert await take_task(pool, "worker", now) is None
    assert await pool.fetchval("SELECT state FROM video") == "FAILED"


async def test_a_worker_that_ends_gives_back_what_it_had(pool: asyncpg.Pool, film: str) -> None:
    await probed(pool, film)
    task = await take(pool)
    await release_task(pool, task)
    again = await take(pool)
    assert (again.id, again.tries, again.attempt) == (task.id, 1, 2)


async def test_trouble_is_told_and_waited_out(pool: asyncpg.Pool, film: str) -> None:
    job_id = await queue(pool, film)
    task = await take(pool)
    await put_off_task(pool, task, NOW + 30 * SECOND, "the disk is full", is_fault=False)
    assert (await read(pool, job_id)).error == "the disk is full"
    assert await take_task(pool, "worker", NOW + 29 * SECOND) is None
    again = await take(pool, NOW + 30 * SECOND)
    assert again.tries == 1
    await finish(pool, again, PACKAGE)
    assert (await read(pool, job_id)).error is None


async def test_a_failed_job_can_be_ordered_again(pool: asyncpg.Pool, film: str) -> None:
    job_id = await probed(pool, film)
    working = await take(pool)
    await park_task(pool, await take(pool), NOW, "no picture")
    assert not await renew_task(pool, working, NOW, 0.5)
    assert (await read(pool, job_id)).error == "no picture"
    assert await queue(pool, film) != job_id


async def test_tasks_of_jobs_that_ended_long_ago_are_forgotten(pool: asyncpg.Pool, film: str) -> None:
    ended = await probed(pool, film)
    await park_task(pool, await take(pool), datetime.now(UTC) - TASKS_KEPT - SECOND, "no picture")
    lately = await queue(pool, film, OTHER)
    await park_task(pool, await take(pool), datetime.now(UTC), "no sound")
    assert await forget_tasks({"pool": pool}) == 5
    assert {row["job_id"] for row in await pool.fetch("SELECT job_id FROM ingest_task")} == {lately}
    assert (await read(pool, ended)).error == "no picture"


@pytest.mark.parametrize("names", [["h264"], ["AV1", " vp9"], ["h.264", "hevc", "hevc"], []])
def test_codecs_go_by_their_names_behind_h264(names: list[str]) -> None:
    codecs = read_codecs(names, Preset.STANDARD)
    assert codecs[0] is VideoCodec.H264
    assert set(codecs) == {VideoCodec.H264, *(VideoCodec(name.strip().upper().replace(".", "")) for name in names)}


@pytest.mark.parametrize(
    ("names", "preset", "words"),
    [
        (["h264", "mpeg2"], Preset.STANDARD, "mpeg2 is no codec that is made here: h264, hevc, vp9, av1"),
        (["av1", ""], Preset.STANDARD, "An empty name is no codec"),
        (["av1"], Preset.QUICK, "makes H.264 alone"),
    ],
)
def test_what_cannot_be_encoded_is_refused(names: list[str], preset: Preset, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_codecs(names, preset)


async def test_all_who_follow_jobs_wait_for_one_look(database: Engines, pool: asyncpg.Pool, film: str) -> None:
    jobs = [await queue(pool, film, source) for source in (MASTER, OTHER)]
    asked: list[str] = []
    async with await open_pool(database.settings, on_query=lambda query: asked.append(query.query)) as counted:
        watch = IngestWatch(counted, every=0.01)
        for _ in range(2):
            seen = await asyncio.gather(*(watch.look(job_id) for job_id in [*jobs, "ing_none"] * 20))
            assert seen == [*[await read(pool, job_id) for job_id in jobs], None] * 20
    assert sum("FROM ingest_job" in statement for statement in asked) == 2


async def test_a_look_goes_on_where_one_who_waits_goes(pool: asyncpg.Pool, film: str) -> None:
    job_id = await queue(pool, film)
    watch = IngestWatch(pool, every=0.01)
    leaving, staying = (asyncio.create_task(watch.look(job_id)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == await read(pool, job_id)
