"""Segments from the local store through `/media`, beside nginx's static serving of the same files."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx

from bench.films import Made, find_film, make_film
from bench.load import Figures, measure_files
from bench.nginx import run_nginx
from bench.report import SHARED, Cell, Table, write_results
from bench.stage import Stage, run_api
from bench.viewing import start_playback

ROUNDS = 3
SECONDS = 4
CONNECTIONS = 16
NGINX = "nginx, static"


async def bench_media(stage: Stage) -> None:
    """A minute and a half."""
    made = await make_film(stage)
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    kinds = list_kinds(made)
    with run_api(stage.environment) as server, run_nginx(made.folder, stage.folder) as nginx:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            base = (await start_playback(client, stage.tokens[0], find_film().title_id))["dashUrl"].rpartition("/")[0]
        for _ in range(ROUNDS):
            for kind, paths in kinds.items():
                for name, asked, prefix in ((NGINX, nginx, ""), ("/media", server, base)):
                    full = [f"{prefix}/{path}" for path in paths]
                    await measure_files(asked, stage, full, seconds=1, connections=CONNECTIONS)
                    found[kind, name].append(
                        await measure_files(asked, stage, full, seconds=SECONDS, connections=CONNECTIONS)
                    )
    write_results(
        "media",
        f"One process each, {CONNECTIONS} connections that ask for one segment after the other; every request of "
        f"`/media` has its token checked. Files are in the machine's memory. {SHARED}",
        Table(
            ("", "MB/s", "of nginx", "requests/s", "CPU ms a request", "CPU ms a MB", "of nginx", "p99 ms", "MB held"),
            [_write_row(kind, name, found) for kind, name in found],
        ),
    )


def list_kinds(made: Made) -> dict[str, list[str]]:
    """Paths below the asset's folder, by what they are."""
    best, least = made.plan.rungs[0].name, made.plan.rungs[-1].name
    folders = {f"picture, {best}": [best], f"picture and sound, {least}": [least, made.plan.audio[0].folder]}
    return {
        kind: [str(path.relative_to(made.folder)) for name in names for path in _list_segments(made.folder / name)]
        for kind, names in folders.items()
    }


def _list_segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.m4s"))


def _write_row(kind: str, name: str, found: dict[tuple[str, str], list[Figures]]) -> Sequence[Cell]:
    rates, costs = (
        {other: median(count(each) for each in found[kind, other]) for other in (NGINX, name)}
        for count in (_count_rate, _count_cost)
    )
    middle = Figures(
        *(median(getattr(each, field) for each in found[kind, name]) for field in Figures.__struct_fields__)
    )
    return (
        f"{kind} ({middle.kilobytes:,.0f} kB): {name}",
        *(rates[name], f"{rates[name] / rates[NGINX]:.0%}", middle.requests, middle.cpu),
        *(costs[name], costs[name] / costs[NGINX], middle.p99, middle.megabytes),
    )


def _count_rate(figures: Figures) -> float:
    """Megabytes a second."""
    return figures.requests * figures.kilobytes / 1000


def _count_cost(figures: Figures) -> float:
    """CPU milliseconds a megabyte."""
    return figures.cpu / figures.kilobytes * 1000
