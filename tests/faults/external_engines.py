"""Debian's PostgreSQL and Redis as an operator runs them: over TCP, with passwords, as servers of their own."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import redis.asyncio
from redis.exceptions import RedisError

from bff.embedded.binaries import without_root
from bff.settings import Secret
from tests.engines import Engines
from tests.faults.processes import DEADLINE, run_to_end, started

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
REDIS = "/usr/bin/redis-server"


@asynccontextmanager
async def external_engines(folder: Path) -> AsyncIterator[Engines]:
    """Both, new and empty, until the block ends."""
    async with AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(_postgres(folder / "postgres"))
        redis_url = await stack.enter_async_context(_redis(folder))
        yield Engines(database_url=database_url, redis_url=redis_url, data_dir=folder / "data")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def _postgres(cluster: Path) -> AsyncIterator[Secret]:
    binaries = _find_newest(DEBIAN_POSTGRES)
    password, port = secrets.token_hex(8), free_port()
    password_file = cluster.with_suffix(".password")
    password_file.write_text(password)
    initdb = (str(binaries / "initdb"), "-D", str(cluster), "-U", "marquee", f"--pwfile={password_file}")
    code, said = await run_to_end(*without_root((*initdb, "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale")))
    assert code == 0, said
    options = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
    server = (str(binaries / "postgres"), "-D", str(cluster), *(part for option in options for part in ("-c", option)))
    url = Secret(f"postgresql://marquee:{password}@127.0.0.1:{port}/postgres")
    async with started(*without_root(server)) as process:
        async with asyncio.timeout(DEADLINE):
            while not await _postgres_answers(url):
                assert process.returncode is None, (await process.stderr.read()).decode()
                await asyncio.sleep(0.05)
        yield url
        process.terminate()
        await asyncio.wait_for(process.wait(), DEADLINE)


def _find_newest(folder: Path) -> Path:
    return max(folder.glob("*/bin"), key=lambda path: int(path.parent.name))


async def _postgres_answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


@asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[Secret]:
    password, port = secrets.token_hex(8), free_port()
    command = (REDIS, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, "--save", "")
    url = Secret(f"redis://:{password}@127.0.0.1:{port}/0")
    async with started(*command, "--dir", str(folder)) as process:
        async with asyncio.timeout(DEADLINE):
            while not await _redis_answers(url):
                assert process.returncode is None, (await process.stdout.read()).decode()
                await asyncio.sleep(0.02)
        yield url
        process.terminate()
        await asyncio.wait_for(process.wait(), DEADLINE)


async def _redis_answers(url: str) -> bool:
    try:
        async with redis.asyncio.Redis.from_url(url) as client:
            await client.ping()
    except (RedisError, OSError):
        return False
    return True
