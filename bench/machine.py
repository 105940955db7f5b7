"""How fast a processor is from moment to moment, whatever runs on it.

Shared hardware runs a processor at half its speed for tenths of seconds at a time, while somebody else uses the other
thread of its core: a load that is light at full speed is then more than any process on it can carry.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

EVERY = 0.005
"""Seconds between looks."""
TRIES = 4
"""The quickest counts: the first finds others' data in the caches."""
STEADY = 0.8
"""A measurement says something of a server where the slowest tenth of its processor's speeds is so much of the
fastest."""


@contextmanager
def watch_processor(processor: int) -> Iterator[list[float]]:
    """Yields its speeds, which are there when the block is over: only their ratios say something. Takes 1.5 % of it.

    Raises RuntimeError where that can't be had.
    """
    speeds: list[float] = []
    command = [sys.executable, "-m", "bench.machine", str(processor)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield speeds
        told, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"what watches processor {processor} ended")
        speeds.extend(json.loads(told))


def find_steadiness(speeds: Sequence[float]) -> float:
    """The slowest tenth as a share of the fastest."""
    ordered = sorted(speeds)
    tenth = len(ordered) // 10
    return ordered[tenth] / ordered[-1 - tenth]


@contextmanager
def give_processor(*pids: int) -> Iterator[int]:
    """The last one to those processes for themselves, the others to this one and those that it starts meanwhile.

    Where there is but one they share it. Yields its number.
    """
    usual = os.sched_getaffinity(0)
    *others, last = sorted(usual)
    for pid in pids:
        os.sched_setaffinity(pid, {last})
    os.sched_setaffinity(0, others or {last})
    try:
        yield last
    finally:
        os.sched_setaffinity(0, usual)


def main() -> None:
    """Look until nobody wants to know any longer: until standard input ends."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    speeds: list[float] = []
    while not speeds or not select.select([sys.stdin], [], [], EVERY)[0]:
        speeds.append(1e6 / min(_time_work() for _ in range(TRIES)))
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
