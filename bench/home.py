"""The contract's `Home` over HTTP, from real Redis, for a thousand profiles, beside what nobody can be faster than."""

import asyncio
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

import orjson

from bench.load import Figures, measure
from bench.report import Row, write_report
from bench.stage import run_server, set_stage, warm

ROUNDS = 3
PROFILES = 1000
API = "bff.app:create_app"
DUMP = "orjson dump of the same data"


async def bench_home() -> None:
    """About two minutes."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        folder = Path(name)
        async with set_stage(folder, profiles=PROFILES) as stage:
            variants = {
                "graphql-core": {"BFF_COMPILE": "0"},
                "compiled": {"BFF_FRAGMENTS": "0"},
                "compiled, fragments": {},
            }
            figures: dict[str, list[Figures]] = defaultdict(list)
            with run_server(API, stage.environment) as server:
                content = await warm(server.url, stage.tokens)
            for _ in range(ROUNDS):
                for variant, environment in variants.items():
                    with run_server(API, {**stage.environment, **environment}) as server:
                        await measure(server, folder, stage.tokens, seconds=1)
                        figures[variant].append(await measure(server, folder, stage.tokens))
                sample = folder / "home.json"
                sample.write_bytes(content)
                environment = {
                    **stage.environment,
                    "BENCH_BYTES": str(sample),
                    "BENCH_PROFILE": stage.profile_ids[0],
                }
                with run_server("bench.baseline:create_app", environment) as server:
                    for baseline, path in (
                        ("Starlette, same bytes", "/bytes"),
                        ("Starlette, Redis, same bytes", "/graphql"),
                    ):
                        await measure(server, folder, stage.tokens, path=path, seconds=1)
                        figures[baseline].append(await measure(server, folder, stage.tokens, path=path))
    dump = _time_dump(content)
    rows = [_summarise(name, found) for name, found in figures.items()]
    rows.append(Row(DUMP, None, None, None, dump, None, None))
    note = f"{len(content)} bytes, {PROFILES} profiles"
    write_report("home", rows, reference="Starlette, Redis, same bytes", floor=DUMP, note=note)


def _summarise(name: str, found: list[Figures]) -> Row:
    return Row(
        name,
        median(figure.requests for figure in found),
        median(figure.p50 for figure in found),
        median(figure.p99 for figure in found),
        median(figure.cpu for figure in found),
        median(figure.kilobytes for figure in found),
        median(figure.megabytes for figure in found),
    )


def _time_dump(content: bytes) -> float:
    data = orjson.loads(content)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        orjson.dumps(data)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def main() -> None:
    asyncio.run(bench_home())
