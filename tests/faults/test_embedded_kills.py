"""Nothing acknowledged is lost and no hand is needed, whatever is killed."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
import redis.exceptions

from bff.embedded import EmbeddedEngines
from bff.embedded.binaries import postgres_binary, redis_binary, without_root
from bff.embedded.leftovers import end_leftovers, find_engine_processes
from tests.engines import execute
from tests.faults.processes import DEADLINE, engine_processes, started, supervised_engines, wait_until


async def write(database_url: str, redis_url: str) -> None:
    await execute(database_url, "CREATE TABLE kept AS SELECT 'kept' AS value")
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.set("kept", "kept")


async def read(database_url: str, redis_url: str) -> tuple[str, bytes]:
    connection = await asyncpg.connect(database_url, timeout=30)
    try:
        in_postgres = await connection.fetchval("SELECT value FROM kept", timeout=30)
    finally:
        await connection.close()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        return in_postgres, await client.get("kept")


async def test_a_killed_supervisor_loses_nothing(tmp_path: Path) -> None:
    async with supervised_engines(tmp_path) as first:
        await write(first.database_url, first.redis_url)
        await first.kill()
    async with EmbeddedEngines(tmp_path) as engines:
        assert await read(engines.database_url, engines.redis_url) == ("kept", b"kept")


async def test_the_engines_of_a_killed_supervisor_end_by_themselves(tmp_path: Path) -> None:
    async with supervised_engines(tmp_path) as first:
        assert engine_processes(tmp_path)
        await first.kill()
    await wait_until(lambda: not engine_processes(tmp_path))


async def test_engines_that_outlive_their_supervisor_are_ended(tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path) as engines:
        await write(engines.database_url, engines.redis_url)
    cluster = tmp_path / "postgres"
    postgres = (str(postgres_binary("postgres")), "-D", str(cluster), "-c", "listen_addresses=", "-k", str(cluster))
    # Bound to no parent, as if the kernel's signal had been lost.
    async with (
        started(*without_root(postgres)) as postgres,
        started(
            str(redis_binary()), str(tmp_path / "redis" / "redis.conf"), "--unixsocket", "redis.sock"
        ) as redis_server,
    ):
        await wait_until((cluster / ".s.PGSQL.5432").exists)
        await wait_until((tmp_path / "redis" / "redis.sock").exists)
        assert await start_read_and_stop(tmp_path) == ("kept", b"kept")
        assert await asyncio.wait_for(postgres.wait(), DEADLINE) == 0
        assert await asyncio.wait_for(redis_server.wait(), DEADLINE) == 0


async def test_what_a_leftover_started_is_ended_by_it_alone() -> None:
    """PostgreSQL as it starts: children that have no title yet, and to which the signal means something else."""
    server = """if True:
        import os, signal
        asked, ended = os.pipe()
        if child := os.fork():
            signal.signal(signal.SIGINT, lambda *_: os.close(ended))
            print(child, flush=True)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))
        os.close(ended)
        os.read(asked, 1)
        os._exit(0)
    """
    async with started(sys.executable, "-c", server) as parent:
        child = int(await asyncio.wait_for(parent.stdout.readline(), DEADLINE))

        def find() -> list[int]:
            return [pid for pid in (parent.pid, child) if Path(f"/proc/{pid}").exists()]

        await end_leftovers("A server", find, signal=signal.SIGINT, patience=DEADLINE)
        assert await asyncio.wait_for(parent.wait(), DEADLINE) == 0


async def start_read_and_stop(data_dir: Path) -> tuple[str, bytes]:
    async with EmbeddedEngines(data_dir) as engines:
        return await read(engines.database_url, engines.redis_url)


async def test_everything_killed_at_once_loses_nothing(tmp_path: Path) -> None:
    async with supervised_engines(tmp_path) as first:
        await write(first.database_url, first.redis_url)
        for pid in (first.process.pid, *engine_processes(tmp_path)):
            with suppress(ProcessLookupError):  # a backend may have ended with its postmaster
                os.kill(pid, signal.SIGKILL)
        await first.process.wait()
    assert await start_read_and_stop(tmp_path) == ("kept", b"kept")


async def test_a_stale_pid_file_that_names_a_live_stranger_is_no_hindrance(tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path) as engines:
        await write(engines.database_url, engines.redis_url)
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert await start_read_and_stop(tmp_path) == ("kept", b"kept")


@pytest.mark.parametrize("engine", ["postgres", "redis"])
async def test_an_engine_that_dies_is_started_again(
    tmp_path: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedEngines(tmp_path) as engines:
        await write(engines.database_url, engines.redis_url)
        dead = find_engine_processes(tmp_path / engine)
        with caplog.at_level(logging.WARNING, "bff.embedded"):
            os.kill(min(dead), signal.SIGKILL)
            await wait_until(lambda: "runs again" in caplog.text)
        assert "ended (SIGKILL); starting it again" in caplog.text
        assert await read(engines.database_url, engines.redis_url) == ("kept", b"kept")
        assert not set(dead) & set(find_engine_processes(tmp_path / engine))


async def test_a_cluster_that_was_half_made_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres.pwfile").touch()
    async with EmbeddedEngines(tmp_path) as engines:
        await write(engines.database_url, engines.redis_url)
    assert not unfinished.exists()
    assert not (tmp_path / "postgres.pwfile").exists()


async def test_a_supervisor_killed_while_it_makes_the_cluster(tmp_path: Path) -> None:
    module = ("-m", "tests.faults.supervisor_process", str(tmp_path))
    process = await asyncio.create_subprocess_exec(sys.executable, *module)
    await wait_until(lambda: (tmp_path / "postgres.unfinished" / "base").exists() or (tmp_path / "postgres").exists())
    process.kill()
    await process.wait()
    async with EmbeddedEngines(tmp_path) as engines:
        await write(engines.database_url, engines.redis_url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_everything_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    async with supervised_engines(tmp_path) as supervisor:
        await write(supervisor.database_url, supervisor.redis_url)
        supervisor.process.send_signal(number)
        assert await asyncio.wait_for(supervisor.process.wait(), DEADLINE) == 0
    assert not engine_processes(tmp_path)
    assert "database system is shut down" in (tmp_path / "logs" / "postgres.log").read_text().splitlines()[-1]
    assert "bye bye" in (tmp_path / "logs" / "redis.log").read_text().splitlines()[-1]
