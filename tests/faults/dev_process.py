"""A real `bff dev` for the fault tests."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.processes import DEADLINE, started

COMMAND = (sys.executable, "-m", "bff.cli")


class Dev:
    """A running `bff dev`; `said` is what it printed up to its ready line."""

    def __init__(self, process: Process, data_dir: Path, said: str) -> None:
        self.process = process
        self.data_dir = data_dir
        self.said = said
        self.url = said.splitlines()[-1].removeprefix("ready ")
        self.port = int(self.url.rsplit(":", 1)[1])

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def dev(data_dir: Path, *options: str, empty: bool = True) -> AsyncIterator[Dev]:
    """Start `bff dev` on a free port, with the demo unless it is to be `empty`, and wait until it is ready."""
    content = ("--empty",) if empty else ()
    arguments = ("dev", *content, "--port", "0", "--data-dir", str(data_dir), *options)
    async with started(*COMMAND, *arguments, environment=clean_environment()) as process:
        said = ""
        async with asyncio.timeout(DEADLINE):
            while not said.startswith("ready ") and "\nready " not in said:
                line = await process.stdout.readline()
                assert line, said + (await process.stderr.read()).decode()
                said += line.decode()
        yield Dev(process, data_dir, said)


def clean_environment() -> dict[str, str]:
    """Ours without any `BFF_` variable, but that none encodes the demo's films beside the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BFF_")}
    return {**kept, "BFF_ENCODERS": "0"}
