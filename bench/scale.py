"""What the contract's `Home` costs by rows and cards, and how many a second one and two processes answer."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Any, NamedTuple

import httpx
import matplotlib.pyplot as plt

from bench.load import measure
from bench.report import SHARED, Table, save_figure, write_results
from bench.stage import HOME, VARIANTS, Server, Stage, run_api, warm

ROUNDS = 2
CORE = "graphql-core"
"""What is measured in the first round alone: it is slow and differs by more than noise."""
SECONDS = 2
WARM = 4
"""Requests before the others: plans are made on the second use."""
FEW = 8
"""Requests, one after the other, of what is too slow to be put under load."""
CONNECTIONS = 32
"""Spread over processes by the kernel: few of them would fall unevenly."""
PROCESSES = (1, 2)


class Size(NamedTuple):
    """How much of the home is asked for."""

    rows: int
    cards: int

    @property
    def body(self) -> Mapping[str, object]:
        return {"query": HOME, "variables": {"rows": self.rows, "cards": self.cards}}


BY_CARDS = (Size(10, 20), Size(10, 55), Size(40, 62))
BY_ROWS = (Size(5, 20), Size(10, 20), Size(15, 20), Size(40, 20))


class Cost(NamedTuple):
    """What was asked for brought so many rows and cards, at so many CPU milliseconds for each variant."""

    rows: int
    cards: int
    cpu: Mapping[str, float]


async def bench_scale(stage: Stage) -> None:
    """Two minutes and a half."""
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            brought = {size: await _ask(client, stage.tokens[0], size) for size in {*BY_CARDS, *BY_ROWS}}
    found: dict[Size, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    requests: dict[int, list[float]] = defaultdict(list)
    for turn in range(ROUNDS):
        for variant, environment in VARIANTS.items():
            if variant == CORE and turn:
                continue
            with run_api({**stage.environment, **environment}) as server:
                for size in brought:
                    found[size][variant].append(await _measure(server, stage, size, is_slow=variant == CORE))
        for processes in PROCESSES:
            with run_api(stage.environment, processes=processes) as server:
                await warm(server.url, stage.tokens[:200])
                figures = await measure(server, stage, seconds=2 * SECONDS, connections=CONNECTIONS)
                requests[processes].append(figures.requests)
    costs = {
        size: Cost(*brought[size], {variant: median(cpu) for variant, cpu in by_variant.items()})
        for size, by_variant in found.items()
    }
    _report(costs, {processes: median(each) for processes, each in requests.items()})


async def _ask(client: httpx.AsyncClient, token: str, size: Size) -> tuple[int, int]:
    """The rows and cards that an answer brings: a home has no more than it has."""
    answer = await client.post("/graphql", json=size.body, headers={"Authorization": f"Bearer {token}"})
    rows: list[Any] = answer.json()["data"]["home"]["rows"]["edges"]
    return len(rows), sum(len(row["node"]["items"]["edges"]) for row in rows)


async def _measure(server: Server, stage: Stage, size: Size, *, is_slow: bool) -> float:
    """CPU milliseconds a request, of a server that has seen it before."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for token in stage.tokens[:WARM]:
            await _ask(client, token, size)
        if not is_slow:
            return (await measure(server, stage, body=size.body, seconds=SECONDS)).cpu
        used = server.cpu_seconds()
        for token in stage.tokens[WARM : WARM + FEW]:
            await _ask(client, token, size)
        return (server.cpu_seconds() - used) / FEW * 1000


def _report(costs: Mapping[Size, Cost], requests: Mapping[int, float]) -> None:
    head = ("rows", "cards", *(f"{variant}, CPU ms" for variant in VARIANTS))
    by_cards, by_rows = [costs[size] for size in BY_CARDS], [costs[size] for size in BY_ROWS]
    tables = [
        Table(head, [(str(cost.rows), cost.cards, *(cost.cpu[variant] for variant in VARIANTS)) for cost in part])
        for part in (by_cards, by_rows)
    ]
    base = requests[PROCESSES[0]]
    write_results(
        "scale",
        f"Medians of CPU milliseconds a request, one process. {SHARED}",
        "By cards:",
        tables[0],
        "By rows of twenty cards:",
        tables[1],
        f"Requests a second of the contract's own Home, {CONNECTIONS} connections. Who asks runs on the same machine, "
        "so two processes have less than two cores.",
        Table(
            ("processes", "requests/s", "times one"),
            [(str(processes), rate, rate / base) for processes, rate in requests.items()],
        ),
    )
    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    for axis, part, name in zip(axes, (by_cards, by_rows), ("cards", "rows"), strict=True):
        for variant in VARIANTS:
            axis.plot([getattr(cost, name) for cost in part], [cost.cpu[variant] for cost in part], "o-", label=variant)
        axis.set(xlabel=name, ylabel="CPU ms a request", yscale="log", xlim=(0, None))
        axis.legend()
    save_figure("scale", figure)
