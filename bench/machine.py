"""How fast a processor is from moment to moment, whatever runs on it.

Shared hardware runs a processor at half its speed for tenths of seconds at a time, while somebody else uses the other
thread of its core: a load that is light at full speed is then more than any process on it can carry.
"""

import json
import mmap
import os
import select
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

EVERY = 0.005
"""Seconds between looks."""
TRIES = 4
"""The quickest counts: the first finds others' data in the caches."""
SPEED = struct.Struct("d")


class Watch(Struct, frozen=True):
    """Speeds are in pieces of a work a millisecond: only their ratios say something."""

    latest: mmap.mmap
    speeds: list[float]
    """One a look, there when the watch is over."""

    def read_speed(self) -> float:
        return float(SPEED.unpack_from(self.latest)[0])

    def find_mean(self) -> float:
        return statistics.fmean(self.speeds)


@contextmanager
def watch_processor(processor: int, folder: Path) -> Iterator[Watch]:
    """Takes 1.5 % of it. Raises RuntimeError where that can't be had."""
    path = folder / f"processor-{processor}"
    path.write_bytes(bytes(SPEED.size))
    command = [sys.executable, "-m", "bench.machine", str(processor), str(path)]
    with (
        path.open("r+b") as file,
        mmap.mmap(file.fileno(), SPEED.size) as latest,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        watch = Watch(latest, [])
        while not watch.read_speed():
            if process.poll() is not None:
                raise RuntimeError(f"what watches processor {processor} ended")
            time.sleep(EVERY)
        yield watch
        watch.speeds.extend(json.loads(process.communicate()[0]))


@contextmanager
def give_processor(pid: int) -> Iterator[int]:
    """The last one to that process for itself, the others to this one and those that it starts meanwhile.

    Where there is but one they share it. Yields its number.
    """
    usual = os.sched_getaffinity(0)
    *others, last = sorted(usual)
    os.sched_setaffinity(pid, {last})
    os.sched_setaffinity(0, others or {last})
    try:
        yield last
    finally:
        os.sched_setaffinity(0, usual)


def main() -> None:
    """Look until nobody wants to know any longer: until standard input ends."""
    processor, path = int(sys.argv[1]), Path(sys.argv[2])
    os.sched_setaffinity(0, {processor})
    speeds: list[float] = []
    with path.open("r+b") as file, mmap.mmap(file.fileno(), SPEED.size) as latest:
        while not select.select([sys.stdin], [], [], EVERY)[0]:
            speeds.append(1e6 / min(_time_work() for _ in range(TRIES)))
            latest[:] = SPEED.pack(speeds[-1])
    json.dump(speeds, sys.stdout)


def _time_work() -> int:
    """Nanoseconds of this thread."""
    started = time.thread_time_ns()
    kept: dict[int, int] = {}
    for number in range(500):
        kept[number & 63] = number * 3
    return time.thread_time_ns() - started


if __name__ == "__main__":
    main()
