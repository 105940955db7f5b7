"""`bff worker` as a process: it starts, works, outlasts a Redis that is away, and ends when it is told to."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from bff.cancellation import run_until_cancelled
from bff.embedded import EmbeddedEngines
from bff.embedded.leftovers import find_engine_processes
from bff.settings import Secret
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, run_to_end, started
from tests.workers.sign_ins import add_account, add_sign_in, begin_many
from workers.lifecycle import KEPT
from workers.settings import open_queue

COMMAND = (sys.executable, "-m", "bff.cli", "worker")
OUTBOX = "INSERT INTO outbox (topic, key, payload) VALUES ('profile', 'pro_gone', '{}')"


def working(engines: Engines) -> AbstractAsyncContextManager[Process]:
    return started(*COMMAND, environment={**clean_environment(), **engines.environment})


async def wait_until_delivered(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 -- another process empties it
            await asyncio.sleep(0.02)


async def wait_until_it_works(pool: asyncpg.Pool) -> None:
    await pool.execute(OUTBOX)
    await wait_until_delivered(pool)


async def wait_until_it_says(process: Process, words: str) -> str:
    said = ""
    async with asyncio.timeout(DEADLINE):
        while words not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line.decode()
    return said


async def end(process: Process, number: signal.Signals = signal.SIGTERM) -> tuple[int | None, str]:
    """Exit code and what it said since it was last listened to."""
    process.send_signal(number)
    output, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    return process.returncode, (output + errors).decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_starts_works_and_ends_without_a_word(
    database: Engines, pool: asyncpg.Pool, number: signal.Signals
) -> None:
    async with working(database) as process:
        await wait_until_it_works(pool)
        assert await end(process, number) == (0, "")


async def test_another_goes_on_where_one_was_killed(database: Engines, pool: asyncpg.Pool, tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
        own = replace(database, redis_url=engines.redis_url)
        [server] = find_engine_processes(tmp_path / "own" / "redis")
        async with working(own) as process:
            await wait_until_it_works(pool)
            os.kill(server, signal.SIGSTOP)
            await pool.execute(OUTBOX)
            await wait_until_a_row_is_taken(pool)
            process.kill()
            await process.wait()
        os.kill(server, signal.SIGCONT)
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 1
        async with working(own):
            await wait_until_delivered(pool)


async def wait_until_a_row_is_taken(pool: asyncpg.Pool) -> None:
    """Until a delivery is under way, which a Redis that stands still keeps from its end."""
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval("SELECT count(*) FROM (SELECT FROM outbox FOR UPDATE SKIP LOCKED) AS free"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_outlasts_a_redis_that_is_away(database: Engines, pool: asyncpg.Pool, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
            own = replace(database, redis_url=engines.redis_url)
            process = await stack.enter_async_context(working(own))
            await wait_until_it_works(pool)
        await wait_until_it_says(process, "Redis is away, and the jobs wait for it")
        await begin_many(pool, 1, datetime.now(UTC) + timedelta(hours=1))
        await wait_until_swept(pool)
        async with EmbeddedEngines(tmp_path / "own", postgres=False):
            await wait_until_it_works(pool)
            await run_the_nightly_job(own, pool)
            code, said = await end(process)
    assert code == 0
    assert "Traceback" not in said


async def wait_until_swept(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval("SELECT count(*) FROM playback_session WHERE ended_at IS NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def run_the_nightly_job(engines: Engines, pool: asyncpg.Pool) -> None:
    """Enqueue it now, and wait until it has done its work."""
    now = datetime.now(UTC)
    await add_sign_in(pool, await add_account(pool, now), expires_at=now - 2 * KEPT)
    queue = open_queue(engines.settings)
    try:
        assert await queue.enqueue_job("cron:remove_ended_sign_ins")
    finally:
        await queue.aclose(close_connection_pool=True)
    async with asyncio.timeout(DEADLINE):
        while await pool.fetchval("SELECT count(*) FROM session_family"):  # noqa: ASYNC110 -- another process does it
            await asyncio.sleep(0.02)


async def test_ends_while_redis_stands_still(database: Engines, pool: asyncpg.Pool, tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
        [server] = find_engine_processes(tmp_path / "own" / "redis")
        async with working(replace(database, redis_url=engines.redis_url)) as process:
            await wait_until_it_works(pool)
            os.kill(server, signal.SIGSTOP)
            try:
                code, said = await end(process)
            finally:
                os.kill(server, signal.SIGCONT)
    assert code == 0
    assert "Traceback" not in said


async def test_waits_for_a_redis_that_comes_later(database: Engines, pool: asyncpg.Pool, tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
        url = engines.redis_url
    async with working(replace(database, redis_url=url)) as process:
        await wait_until_it_says(process, "Redis is away")
        async with EmbeddedEngines(tmp_path / "own", postgres=False) as engines:
            assert engines.redis_url == url
            await wait_until_it_works(pool)
            assert (await end(process))[0] == 0


async def test_says_which_engine_it_cannot_reach_at_the_start(database: Engines) -> None:
    nowhere = replace(database, database_url=Secret("postgresql://marquee@127.0.0.1:1/nowhere"))
    code, said = await run_to_end(*COMMAND, environment={**clean_environment(), **nowhere.environment})
    assert code == 1
    assert "An engine cannot be reached" in said
    assert "Traceback" not in said


async def test_what_loses_a_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def work() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    running = asyncio.create_task(run_until_cancelled(work()))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running}, timeout=DEADLINE)
    assert running.cancelled()
    assert lost == 3


async def test_what_fails_says_so_unless_it_was_to_end() -> None:
    async def fail() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        await run_until_cancelled(fail())
    running = asyncio.create_task(run_until_cancelled(fail()))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running}, timeout=DEADLINE)
    assert running.cancelled()
