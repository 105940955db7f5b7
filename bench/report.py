"""Tables and plots of what was measured, on the terminal and in `bench/results`."""

from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"


class Row(NamedTuple):
    """Times in milliseconds."""

    name: str
    requests: float | None
    p50: float | None
    p99: float | None
    cpu: float | None
    kilobytes: float | None
    megabytes: float | None


def write_report(name: str, rows: list[Row], *, reference: str, floor: str, note: str) -> None:
    """A table and a plot: each row's share of the reference's requests, and how many times the floor's CPU it takes."""
    base = next(row.requests for row in rows if row.name == reference)
    least = next(row.cpu for row in rows if row.name == floor)
    lines = [
        f"# {name}",
        "",
        f"{note}. One process a row, rounds interleaved, medians; the machine is shared, so go by the ratios.",
        "",
        f"| | requests/s | of {reference} | p50 ms | p99 ms | CPU ms a request | times {floor} | kB an answer | MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        share = None if row.requests is None or base is None else row.requests / base
        cells = [
            _write(row.requests, 0),
            "" if share is None else f"{share:.0%}",
            _write(row.p50, 2),
            _write(row.p99, 2),
            _write(row.cpu, 3),
            _write(None if row.cpu is None or least is None else row.cpu / least, 1),
            _write(row.kilobytes, 0),
            _write(row.megabytes, 0),
        ]
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    _plot(name, [row for row in rows if row.requests is not None])


def _plot(name: str, rows: list[Row]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.6 * len(rows) + 1.2), sharey=True)
    names = [row.name for row in rows]
    left.barh(names, [row.requests or 0 for row in rows], color="#2f6f8f")
    left.set(xscale="log", xlabel="requests a second")
    left.invert_yaxis()
    right.barh(names, [row.cpu or 0 for row in rows], color="#c2573a")
    right.set(xscale="log", xlabel="CPU ms a request")
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)
    plt.close(figure)


def _write(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
