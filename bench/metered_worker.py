"""`bff worker` that tells what its tasks took, a line of JSON each on its output, behind a first line `null`.

With one encoder (`BFF_ENCODERS=1`) all that the process and its commands use meanwhile is the task's.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from bff.domain.ingest import Task
from bff.media.encode import join_chunks
from bff.settings import read_settings
from workers import ingest_publish, transcode
from workers.process import run_until_signalled
from workers.workshop import Workshop

JOIN = "JOIN"
"""What of a PACKAGE it took to put the chunks of a rung behind one another."""


class Spent(Struct, frozen=True):
    """`kind` is that of the task, or JOIN; `began` and `ended` are on the machine's monotonic clock, all in seconds."""

    kind: str
    name: str
    began: float
    ended: float
    cpu: float


def count_cpu_seconds() -> float:
    """Of this process and of all that it has started and that has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class Meter:
    """What is used between its making and `tell`."""

    def __init__(self) -> None:
        self._began, self._used = time.monotonic(), count_cpu_seconds()

    def tell(self, kind: str, name: str) -> None:
        _say(Spent(kind, name, self._began, time.monotonic(), count_cpu_seconds() - self._used))


_work_on = transcode.work_on


async def work_on(shop: Workshop, task: Task) -> None:
    meter = Meter()
    await _work_on(shop, task)
    meter.tell(task.kind, task.name)


async def join(chunks: Sequence[Path], target: Path) -> None:
    meter = Meter()
    await join_chunks(chunks, target)
    meter.tell(JOIN, target.stem)


def _say(line: Spent | None) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    transcode.work_on = work_on
    vars(ingest_publish)["join_chunks"] = join
    _say(None)
    asyncio.run(run_until_signalled(read_settings()))


if __name__ == "__main__":
    main()
