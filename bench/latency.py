"""How long the contract's `Home` takes while a process has seven tenths to do of what it can do at most."""

import os
from statistics import median

from msgspec import Struct
from msgspec.structs import astuple

from bench.load import measure
from bench.pace import pace
from bench.report import SHARED, Cell, Table, find_percentile, write_results
from bench.stage import Stage, read_idle_seconds, run_api, warm

ROUNDS = 6
SHARE = 0.7
SECONDS = 5


class Latency(Struct, frozen=True):
    """Requests a second, and milliseconds from the instant at which each was due.

    `sent` is the client's own part, `idle` how much of the machine nobody used meanwhile.
    """

    most: float
    rate: float
    p50: float
    p99: float
    p999: float
    sent: float
    idle: float


async def bench_latency(stage: Stage) -> None:
    """Three quarters of a minute."""
    found = []
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await pace(server.url, stage.tokens, rate=100, seconds=2)
        for _ in range(ROUNDS):
            most = (await measure(server, stage, seconds=3)).requests
            before = read_idle_seconds()
            paced = await pace(server.url, stage.tokens, rate=SHARE * most, seconds=SECONDS)
            idle = (read_idle_seconds() - before) / (SECONDS * (os.cpu_count() or 1))
            found.append(
                Latency(
                    most=most,
                    rate=SHARE * most,
                    p50=find_percentile(paced.answered, 0.5),
                    p99=find_percentile(paced.answered, 0.99),
                    p999=find_percentile(paced.answered, 0.999),
                    sent=find_percentile(paced.sent, 0.99),
                    idle=idle,
                )
            )
    write_results(
        "latency",
        f"One process, fragments on, {SECONDS} s a round at {SHARE:.0%} of the requests a second that it answered at "
        f"most just before. Requests come at a constant rate, whatever the answers take. {SHARED} Where little of the "
        "machine is idle, others had the core.",
        Table(
            ("round", "at most", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "of it until sent, p99 ms", "idle"),
            [
                *(_write_row(str(number), row) for number, row in enumerate(found, 1)),
                _write_row("median", Latency(*(median(each) for each in zip(*map(astuple, found), strict=True)))),
            ],
        ),
    )


def _write_row(name: str, row: Latency) -> list[Cell]:
    return [name, *astuple(row)[:-1], f"{row.idle:.0%}"]
