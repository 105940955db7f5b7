"""Ladders whose settings were found for the title, beside ladders that are the same for all: bytes at equal VMAF."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bench.films import find_masters, is_long
from bench.report import Cell, Table, write_results
from bench.stage import Stage
from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset
from bff.domain.ladder import Chunk, Rung, plan_rungs
from bff.domain.masters import Master
from bff.domain.quality import choose_rungs
from bff.media.compare import measure_vmaf, sample_rung
from bff.media.encode import encode_chunk
from bff.media.probe import probe_master

SECONDS = 12
"""Of each clip, in the short form."""
COMPARED = 6
"""Of so many frames one is compared with the master."""
SAME_CRF, SAME_BITRATE = "same CRF", "same bitrates"
FULL = 1.0
"""A CRF at which only the limit of the bitrate holds a rung back."""


class Point(Struct, frozen=True):
    """What a rung came to, in bits a second and VMAF."""

    name: str
    bitrate: float
    vmaf: float


async def bench_ladder(stage: Stage) -> None:
    """Five minutes; with BENCH_LONG=1 of the whole clips, a quarter of an hour."""
    ladders: dict[str, dict[str, list[Point]]] = {}
    for key, path in find_masters().items():
        master = await probe_master(path)
        if not is_long():
            frames = round(SECONDS * master.frames_a_second)
            master = replace(master, frame_count=min(master.frame_count, frames))
        ladders[key] = await make_ladders(path, master, stage.folder)
    compared = {
        key: {name: compare_bitrates(points, each["per title"]) for name, points in each.items() if name != "per title"}
        for key, each in ladders.items()
    }
    write_results(
        "ladder",
        f"H.264, standard preset, {'whole clips' if is_long() else f'the first {SECONDS} s of each clip'}. Per title: "
        f"each rung at the setting that its samples led to. {SAME_CRF}: each rung at the usual setting below the usual "
        f"limit. {SAME_BITRATE}: each rung with all the bits of its usual limit. Bits that the ladder per title saves "
        "at equal VMAF: the mean over the range that both reach, of logarithms of bitrates between rungs as straight "
        "lines.",
        Table(
            ("", f"saved of {SAME_CRF}", f"saved of {SAME_BITRATE}"),
            [(key, _write_share(each[SAME_CRF]), _write_share(each[SAME_BITRATE])) for key, each in compared.items()],
        ),
        *[part for key, each in ladders.items() for part in (f"## {key}", _write_points(each))],
    )


async def make_ladders(path: Path, master: Master, folder: Path) -> dict[str, list[Point]]:
    """Points of each ladder, best first."""
    usual = plan_rungs(master, Preset.STANDARD, (VideoCodec.H264,))
    samples = {rung.name: await sample_rung(path, master, rung, folder) for rung in usual}
    return {
        "per title": await _make_ladder(path, master, choose_rungs(usual, samples, master), folder),
        SAME_CRF: await _make_ladder(path, master, usual, folder),
        SAME_BITRATE: await _make_ladder(path, master, [replace(rung, crf=FULL) for rung in usual], folder),
    }


async def _make_ladder(path: Path, master: Master, rungs: Sequence[Rung], folder: Path) -> list[Point]:
    whole = Chunk(0, master.frame_count)
    files = await encode_chunk(path, master, whole, rungs, folder, preset=Preset.STANDARD)
    found = await measure_vmaf(list(files.values()), path, master, whole, every=COMPARED)
    return [
        Point(name, 8 * file.stat().st_size / master.duration, vmaf)
        for (name, file), vmaf in zip(files.items(), found, strict=True)
    ]


def compare_bitrates(usual: Sequence[Point], other: Sequence[Point]) -> float | None:
    """Which share of the bits of `usual` the other ladder saves at equal VMAF; None where they share no range."""
    curves = [_draw_curve(points) for points in (usual, other)]
    low = max(qualities[0] for qualities, _ in curves)
    high = min(qualities[-1] for qualities, _ in curves)
    if high <= low:
        return None
    places = np.linspace(low, high, 200)
    before, after = (np.interp(places, qualities, bits) for qualities, bits in curves)
    return 1 - math.exp(float(np.mean(after - before)))


def _draw_curve(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    """VMAF and the logarithms of bitrates, both growing: a rung that costs more and looks no better is not chosen."""
    kept = [
        point
        for point in points
        if not any(
            other is not point and other.bitrate <= point.bitrate and other.vmaf >= point.vmaf for other in points
        )
    ]
    kept.sort(key=lambda point: point.vmaf)
    return [point.vmaf for point in kept], [math.log(point.bitrate) for point in kept]


def _write_share(share: float | None) -> str:
    return "no shared range" if share is None else f"{share:.0%}"


def _write_points(ladders: Mapping[str, Sequence[Point]]) -> Table:
    rows: list[Sequence[Cell]] = []
    found = {(name, point.name): point for name, points in ladders.items() for point in points}
    for rung in dict.fromkeys(point.name for points in ladders.values() for point in points if point.name):
        cells: list[Cell] = [rung]
        for name in ladders:
            point = found.get((name, rung))
            cells += [point.bitrate / 1000, point.vmaf] if point is not None else ["dropped", ""]
        rows.append(cells)
    return Table(("rung", *(word for name in ladders for word in (f"{name}, kbit/s", "VMAF"))), rows)
