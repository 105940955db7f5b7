"""Tables and plots of what was measured, on the terminal and in `bench/results`."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"
SHARED = "The machine is shared and noisy: rounds are interleaved, go by ratios and CPU time."

Cell = str | float | None


class Table(NamedTuple):
    """The first column names what a row is of; the others are numbers, written with three digits that count."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __str__(self) -> str:
        lines = [_join(self.head), _join(["---", *["---:"] * (len(self.head) - 1)])]
        lines += [_join([write_cell(cell) for cell in row]) for row in self.rows]
        return "\n".join(lines)


def write_cell(cell: Cell) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    digits = 1 if abs(cell) >= 10 else 2 if abs(cell) >= 1 else 3
    return f"{cell:.{digits}f}"


def write_results(name: str, *parts: str | Table) -> None:
    """A page of paragraphs and tables."""
    text = "\n\n".join([f"# {name}", *map(str, parts)]) + "\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)


def save_figure(name: str, figure: Figure) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)
    plt.close(figure)


def find_percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _join(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
