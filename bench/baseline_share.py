"""What share of a bare route's requests `Home` reaches while the processor under both has the same speed."""

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct

from bench.load import Figures, measure
from bench.machine import STEADY, find_steadiness, give_processor, watch_processor
from bench.report import Cell, Table
from bench.stage import Stage, run_api, run_app, warm

PAIRS = 50
SECONDS = 1
FULL = 0.8
"""Of the highest speed, from which on it counts as full."""
NOTE = (
    "Compiled with fragments, and the route that makes the same Redis read and returns the same bytes, for "
    f"{SECONDS} s each, one right after the other, with a processor that has nothing else to do. On shared hardware it "
    "runs at half its speed while somebody else uses the other thread of its core, and then what is done in Python "
    "suffers more than what the kernel does: its speed is measured 200 times a second, and pairs are told apart by it."
)


class Pair(Struct, frozen=True):
    """One after the other on the same processor, whose `speed` was this in the median."""

    ours: Figures
    bare: Figures
    speed: float
    is_steady: bool


async def compare_with_bare(stage: Stage, baseline: Mapping[str, str]) -> Table:
    """A table of the pairs at full speed, of those at less, and of all. Two and a half minutes."""
    with run_api(stage.environment) as ours, run_app("bench.baseline:create_app", baseline) as bare:
        await warm(ours.url, stage.tokens)
        await measure(bare, stage, seconds=1)
        with give_processor(ours.pid, bare.pid) as processor:
            pairs = []
            for _ in range(PAIRS):
                with watch_processor(processor) as speeds:
                    home = await measure(ours, stage, seconds=SECONDS)
                    same = await measure(bare, stage, seconds=SECONDS)
                pairs.append(Pair(home, same, median(speeds), is_steady=find_steadiness(speeds) >= STEADY))
    full = FULL * max(pair.speed for pair in pairs)
    rows = {
        "full": [pair for pair in pairs if pair.is_steady and pair.speed >= full],
        "less, but steady": [pair for pair in pairs if pair.is_steady and pair.speed < full],
        "any": pairs,
    }
    return Table(
        ("speed of the processor", "pairs", "requests/s", "of the bare route", "CPU ms", "times the bare one's"),
        [_write_row(name, chosen) for name, chosen in rows.items() if chosen],
    )


def _write_row(name: str, pairs: Sequence[Pair]) -> list[Cell]:
    return [
        *(name, str(len(pairs)), median(pair.ours.requests for pair in pairs)),
        f"{median(pair.ours.requests / pair.bare.requests for pair in pairs):.1%}",
        *(median(pair.ours.cpu for pair in pairs), median(pair.ours.cpu / pair.bare.cpu for pair in pairs)),
    ]
