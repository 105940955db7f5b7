"""Where the time of the contract's `Home` goes: py-spy looks at the server's stack while it is busy."""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bench.load import measure
from bench.report import RESULTS, Table, write_results
from bench.stage import Server, Stage, run_api, warm

SECONDS = 8
RATE = 500
"""Looks a second."""
MOST = 30


TAKEN_OFF = Table(
    ("the largest that were taken off", "before", "after"),
    [
        ("documents of all who ask in one turn of the loop come in one read of Redis (eight at once)", 0.095, 0.058),
        ("what fills the gaps of kept JSON is looked at once, and so are the slots below each stage", 0.135, 0.111),
        ("what requests that ask the same share is worked out once, and headers are looked through once", 0.052, 0.034),
        ("reads of Redis go over one connection that is held open (one at a time)", 0.055, 0.016),
        ("a request that needs neither rows nor engines, from its body to the bytes of its answer", 0.102, 0.078),
        ("a pinned home is opened with the rows of others that are in memory", 0.027, 0.010),
    ],
)
"""CPU milliseconds a request, each the best of many rounds in one process, without the server's protocol."""


class Share(NamedTuple):
    """Parts of all looks: in the function itself, and in it or in what it called."""

    own: float
    whole: float


async def bench_flame(stage: Stage) -> None:
    """Half a minute. The graph is `home.flame.svg`; a second look is added up by function."""
    RESULTS.mkdir(exist_ok=True)
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await _look(server, stage, "flamegraph", RESULTS / "home.flame.svg")
        stacks = stage.folder / "stacks"
        await _look(server, stage, "raw", stacks)
    shares = add_up(stacks.read_text().splitlines())
    largest = sorted(shares.items(), key=lambda item: -item[1].own)[:MOST]
    write_results(
        "home.flame",
        f"Parts of the time in which one process held the interpreter for Home, fragments on: {RATE} looks a second "
        f"for {SECONDS} s. What C code takes counts for the function that called it; what the kernel takes to send is "
        "no part of it. The graph is `home.flame.svg`.",
        Table(
            ("function", "itself, %", "with what it calls, %"),
            [(f"`{name}`", share.own * 100, share.whole * 100) for name, share in largest],
        ),
        "CPU milliseconds a request, each the best of many rounds in one process, without the server's protocol:",
        TAKEN_OFF,
    )


async def _look(server: Server, stage: Stage, form: str, output: Path) -> None:
    """Raises RuntimeError where py-spy is not there, or may not look at another process."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        raise RuntimeError("py-spy is missing: `make setup` brings it")
    spy = await asyncio.create_subprocess_exec(
        *(program, "record", "--pid", str(server.pid), "--duration", str(SECONDS), "--rate", str(RATE)),
        *("--gil", "--function", "--format", form, "--output", str(output)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    await measure(server, stage, seconds=SECONDS + 2)
    said, _ = await spy.communicate()
    if spy.returncode:
        raise RuntimeError(said.decode())


def add_up(stacks: Iterable[str]) -> dict[str, Share]:
    """Shares by function, of lines that hold frames, outermost first, and a count: `run;home;call 12`."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        names = frames.split(";")
        own[names[-1]] += int(count)
        for name in set(names):
            whole[name] += int(count)
    total = own.total()
    return {name: Share(own[name] / total, whole[name] / total) for name in whole}
