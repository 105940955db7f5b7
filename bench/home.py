"""The contract's `Home` over HTTP, from real Redis, for a thousand profiles, beside what nobody can be faster than."""

import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import median

import matplotlib.pyplot as plt
import orjson

from bench.baseline_share import NOTE, compare_with_bare
from bench.load import Figures, measure
from bench.report import SHARED, Cell, Table, save_figure, write_results
from bench.stage import PROFILES, VARIANTS, Server, Stage, run_api, run_app, warm

ROUNDS = 5
BASELINES = {"Starlette, Redis, same bytes": "/graphql", "Starlette, same bytes": "/bytes"}
REFERENCE = "Starlette, Redis, same bytes"


async def bench_home(stage: Stage) -> None:
    """Six minutes."""
    figures: dict[str, list[Figures]] = defaultdict(list)
    with run_api(stage.environment) as server:
        content = await warm(server.url, stage.tokens)
    sample = stage.folder / "home.json"
    sample.write_bytes(content)
    baseline = {**stage.environment, "BENCH_BYTES": str(sample), "BENCH_PROFILE": stage.profile_ids[0]}
    for _ in range(ROUNDS):
        for variant, environment in VARIANTS.items():
            with run_api({**stage.environment, **environment}) as server:
                figures[variant].append(await _measure_warm(server, stage, "/graphql"))
        with run_app("bench.baseline:create_app", baseline) as server:
            for name, path in BASELINES.items():
                figures[name].append(await _measure_warm(server, stage, path))
    _report(figures, content, await compare_with_bare(stage, baseline))


async def _measure_warm(server: Server, stage: Stage, path: str) -> Figures:
    await measure(server, stage, path=path, seconds=1)
    return await measure(server, stage, path=path)


def _summarise(found: list[Figures]) -> Figures:
    return Figures(*(median(getattr(figures, name) for figures in found) for name in Figures.__struct_fields__))


def _time_dump(content: bytes) -> float:
    """Milliseconds."""
    data = orjson.loads(content)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        orjson.dumps(data)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def _write_share(found: list[Figures], base: list[Figures]) -> str:
    """Of the requests a second: the median of what it is in each round, since whole rounds are slow."""
    return f"{median(one.requests / other.requests for one, other in zip(found, base, strict=True)):.1%}"


def _report(figures: dict[str, list[Figures]], content: bytes, compared: Table) -> None:
    dump = _time_dump(content)
    rows = {name: _summarise(found) for name, found in figures.items()}
    head = (
        *("", "requests/s", f"of {REFERENCE}", "p50 ms", "p99 ms", "CPU ms a request", "times the dump"),
        *("kB an answer", "MB held"),
    )
    lines: list[Sequence[Cell]] = [
        (
            *(name, row.requests, _write_share(figures[name], figures[REFERENCE])),
            *(row.p50, row.p99, row.cpu, row.cpu / dump, row.kilobytes, row.megabytes),
        )
        for name, row in rows.items()
    ]
    lines.append(("orjson dump of the same data", None, None, None, None, dump, 1.0, None, None))
    note = f"{len(content):,} bytes for each of {PROFILES:,} profiles, one process a row, medians."
    write_results(
        "home",
        f"{note} {SHARED}",
        Table(head, lines),
        NOTE,
        compared,
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.6 * len(rows) + 1.2), sharey=True)
    left.barh(list(rows), [row.requests for row in rows.values()], color="#2f6f8f")
    left.set(xscale="log", xlabel="requests a second")
    left.invert_yaxis()
    right.barh(list(rows), [row.cpu for row in rows.values()], color="#c2573a")
    right.set(xscale="log", xlabel="CPU ms a request")
    save_figure("home", figure)
