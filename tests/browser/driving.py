"""Runs the drivers beside this file, which use pages of one headless Chromium and print what they saw."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Drive:
    """`endpoint` is where Chromium listens."""

    endpoint: str

    async def __call__(self, name: str, *arguments: str | Path, told: object = None) -> Any:
        """The JSON that the driver `name` prints; `told` is its input."""
        driver = await asyncio.create_subprocess_exec(
            "node",
            HERE / f"{name}.mjs",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "BROWSER": self.endpoint},
        )
        async with asyncio.timeout(200):
            output, _ = await driver.communicate(json.dumps(told).encode())
        assert driver.returncode == 0
        return json.loads(output)


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Drive]:
    chromium = await asyncio.create_subprocess_exec("node", HERE / "chromium.mjs", stdin=PIPE, stdout=PIPE)
    assert chromium.stdin is not None
    assert chromium.stdout is not None
    async with asyncio.timeout(60):
        endpoint = (await chromium.stdout.readline()).decode().strip()
    yield Drive(endpoint)
    chromium.stdin.close()
    async with asyncio.timeout(30):
        await chromium.wait()
