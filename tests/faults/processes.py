"""Processes that the fault tests start, watch and kill."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bff.embedded.leftovers import find_engine_processes

DEADLINE = 60.0
"""Seconds after which a wait is given up; nothing is decided by how long it takes."""


class Supervisor:
    """A running `tests.faults.supervisor_process`."""

    def __init__(self, process: Process, database_url: str, redis_url: str) -> None:
        self.process = process
        self.database_url = database_url
        self.redis_url = redis_url

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def supervised_engines(data_dir: Path) -> AsyncIterator[Supervisor]:
    """Start engines in a process of their own; it is killed at the end if it still runs."""
    async with started(sys.executable, "-m", "tests.faults.supervisor_process", str(data_dir)) as process:
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
        assert line, (await process.stderr.read()).decode()
        urls = json.loads(line)
        yield Supervisor(process, urls["database"], urls["redis"])


@asynccontextmanager
async def started(*command: str, environment: dict[str, str] | None = None) -> AsyncIterator[Process]:
    """A child with its output in pipes; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run_to_end(*command: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and everything it said."""
    async with started(*command, environment=environment) as process:
        output, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    return process.returncode, (output + errors).decode()


async def wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not holds():  # noqa: ASYNC110 -- what it waits for is outside of this process
            await asyncio.sleep(0.02)


def engine_processes(data_dir: Path) -> list[int]:
    return [*find_engine_processes(data_dir / "postgres"), *find_engine_processes(data_dir / "redis")]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def listening_ports(pids: list[int]) -> set[int]:
    """TCP ports on which any of the processes listens, on whatever address."""
    inodes = {link for pid in pids for link in _open_files(pid)}
    lines = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes}


def _open_files(pid: int) -> list[str]:
    return [str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
