"""How long the contract's `Home` takes while a process has seven tenths to do of what it can do at most."""

from statistics import median

from msgspec import Struct
from msgspec.structs import astuple

from bench.load import measure
from bench.machine import give_processor, watch_processor
from bench.pace import pace
from bench.report import SHARED, Cell, Table, find_percentile, write_results
from bench.stage import Server, Stage, run_api, warm

ROUNDS = 8
SHARE = 0.7
SECONDS = 5


class Latency(Struct, frozen=True):
    """Requests a second, shares of a second, and milliseconds from the instant at which each request was due.

    `sent` is the client's own part. `constant` is the p99 under as many requests a second as `SHARE` of `most`,
    whatever the processor's speed is.
    """

    most: float
    rate: float
    busy: float
    slowest: float
    p50: float
    p99: float
    p999: float
    sent: float
    constant: float


async def bench_latency(stage: Stage) -> None:
    """Two minutes."""
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await pace(server.url, stage.tokens, rate=100, seconds=2)
        with give_processor(server.pid) as processor:
            found = [await _run_round(stage, server, processor) for _ in range(ROUNDS)]
    write_results(
        "latency",
        f"One process with a processor for itself, fragments on, {SECONDS} s a round at {SHARE:.0%} of what it "
        "answered at most just before. Requests come when they are due, whatever the answers take. On this shared "
        f"hardware a processor runs at half its speed for tenths of seconds at a time, and {SHARE:.0%} of what it can "
        "do at full speed is more than it can do then. Its speed is measured 200 times a second, and requests come at "
        f"{SHARE:.0%} of what can be answered at the speed of the moment; every answer counts. The last column is the "
        "p99 where they come at a constant rate whatever the speed is: it tells how long the processor was slow. "
        f"{SHARED}",
        Table(
            (
                *("round", "at most", "requests/s", "process busy", "speed of the slowest tenth", "p50 ms", "p99 ms"),
                *("p99.9 ms", "of it until sent, p99 ms", "p99 ms at a constant rate"),
            ),
            [
                *(_write_row(str(number), row) for number, row in enumerate(found, 1)),
                _write_row("median", Latency(*(median(each) for each in zip(*map(astuple, found), strict=True)))),
            ],
        ),
    )


async def _run_round(stage: Stage, server: Server, processor: int) -> Latency:
    with watch_processor(processor, stage.folder) as watch:
        most = (await measure(server, stage, seconds=3)).requests
    rate = SHARE * most / watch.find_mean()
    before = server.cpu_seconds()
    with watch_processor(processor, stage.folder) as watch:
        paced = await pace(server.url, stage.tokens, rate=rate, seconds=SECONDS, read_speed=watch.read_speed)
    busy = (server.cpu_seconds() - before) / SECONDS
    constant = await pace(server.url, stage.tokens, rate=SHARE * most, seconds=SECONDS)
    return Latency(
        most=most,
        rate=len(paced.answered) / SECONDS,
        busy=busy,
        slowest=find_percentile(watch.speeds, 0.1) / find_percentile(watch.speeds, 0.99),
        p50=find_percentile(paced.answered, 0.5),
        p99=find_percentile(paced.answered, 0.99),
        p999=find_percentile(paced.answered, 0.999),
        sent=find_percentile(paced.sent, 0.99),
        constant=find_percentile(constant.answered, 0.99),
    )


def _write_row(name: str, row: Latency) -> list[Cell]:
    most, rate, busy, slowest, *times = astuple(row)
    return [name, most, rate, f"{busy:.0%}", f"{slowest:.0%}", *times]
