"""How long the contract's `Home` takes while a process has seven tenths to do of what it can do at most."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import astuple

from bench.load import measure
from bench.machine import STEADY, find_steadiness, give_processor, watch_processor
from bench.pace import pace
from bench.report import SHARED, Cell, Table, find_percentile, write_results
from bench.stage import Server, Stage, run_api, warm

ROUNDS = 16
SHARE = 0.7
SECONDS = 4


class Latency(Struct, frozen=True):
    """Requests a second, shares of a second, and milliseconds from the instant at which each request was due.

    `slowest` is the speed of the processor's slowest tenth as a share of its fastest, from when the most was looked
    for; `sent` is the client's own part.
    """

    most: float
    rate: float
    busy: float
    slowest: float
    p50: float
    p99: float
    p999: float
    sent: float


async def bench_latency(stage: Stage) -> None:
    """Two minutes."""
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await pace(server.url, stage.tokens, rate=100, seconds=2)
        with give_processor(server.pid) as processor:
            found = [await _run_round(stage, server, processor) for _ in range(ROUNDS)]
    steady = [row for row in found if row.slowest >= STEADY]
    write_results(
        "latency",
        f"One process with a processor for itself, fragments on, {SECONDS} s a round at {SHARE:.0%} of what it "
        "answered at most just before. Requests come when they are due, whatever the answers take. On this shared "
        "hardware a processor runs at half its speed for tenths of seconds at a time, while somebody else uses the "
        f"other thread of its core, and {SHARE:.0%} of what it can do at full speed is more than it can do then: its "
        "speed is measured 200 times a second, and the last line is of the rounds in which its slowest tenth had at "
        f"least {STEADY:.0%} of that of its fastest. {SHARED}",
        Table(
            (
                *("round", "at most", "requests/s", "process busy", "speed of the slowest tenth", "p50 ms", "p99 ms"),
                *("p99.9 ms", "of it until sent, p99 ms"),
            ),
            [
                *(_write_row(str(number), row) for number, row in enumerate(found, 1)),
                _write_row("median of all", _find_median(found)),
                *([_write_row(f"median of the {len(steady)} steady", _find_median(steady))] if steady else ()),
            ],
        ),
    )


async def _run_round(stage: Stage, server: Server, processor: int) -> Latency:
    with watch_processor(processor) as speeds:
        most = (await measure(server, stage, seconds=3)).requests
        before = server.cpu_seconds()
        paced = await pace(server.url, stage.tokens, rate=SHARE * most, seconds=SECONDS)
    return Latency(
        most=most,
        rate=len(paced.answered) / SECONDS,
        busy=(server.cpu_seconds() - before) / SECONDS,
        slowest=find_steadiness(speeds),
        p50=find_percentile(paced.answered, 0.5),
        p99=find_percentile(paced.answered, 0.99),
        p999=find_percentile(paced.answered, 0.999),
        sent=find_percentile(paced.sent, 0.99),
    )


def _find_median(rows: Sequence[Latency]) -> Latency:
    return Latency(*(median(each) for each in zip(*map(astuple, rows), strict=True)))


def _write_row(name: str, row: Latency) -> list[Cell]:
    most, rate, busy, slowest, *times = astuple(row)
    return [name, most, rate, f"{busy:.0%}", f"{slowest:.0%}", *times]
