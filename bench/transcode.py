"""A ladder that workers encode in chunks, beside one ffmpeg that makes the same ladder with the same settings."""

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from msgspec import Struct

from bench.films import BUNNY, Made, find_film, find_masters, is_long, loop_film, make_video
from bench.metered_worker import JOIN, count_cpu_seconds
from bench.report import SHARED, Cell, Table, write_results
from bench.stage import Stage
from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset, TaskKind
from bff.domain.ingest_plan import IngestPlan
from bff.domain.ladder import Chunk
from bff.media.compare import measure_vmaf
from bff.media.encode import encode_chunk
from workers.ingest_tasks import MEASURED

ORDER = (2, 0, 1, 4, 0)
"""How many workers make the ladder, one time after the other; 0 is one ffmpeg by itself."""
COMPARED = 24
"""Of so many frames one is compared with the master."""
WALL_GOAL, CPU_GOAL = 1.15, 1.2


class Ladder(Struct, frozen=True):
    """Seconds until it was encoded and joined, and of CPU; `size` in bytes, `vmaf` the mean of its rungs."""

    wall: float
    cpu: float
    size: int
    vmaf: float | None = None


class Case(Struct, frozen=True):
    """What is encoded, so many `seconds` of it."""

    seconds: float
    preset: Preset
    order: Sequence[int] = ORDER
    is_compared: bool = True

    @property
    def name(self) -> str:
        return f"{self.seconds:g} s of input, {self.preset.lower()} preset"


SHORT = (Case(60, Preset.QUICK),)
LONG = (
    *SHORT,
    Case(300, Preset.QUICK, ORDER[:-1], is_compared=False),
    Case(60, Preset.STANDARD, (2, 0)),
)


async def bench_transcode(stage: Stage) -> None:
    """Four minutes; with BENCH_LONG=1 twelve more for five minutes of input, and six for the standard preset. What is
    done is written before the next begins."""
    parts: list[str | Table] = []
    for case in LONG if is_long() else SHORT:
        parts += await run_case(stage, case)
        _write(parts)


def _write(parts: Sequence[str | Table]) -> None:
    write_results(
        "transcode",
        f"The clip of {BUNNY}, 1920x1080 with 24 frames a second, again and again. A worker is a process with one "
        "encoder; the ladder is done when the last chunk is, and each rung was joined. One ffmpeg has the same "
        "settings, and as many threads as it likes; with the standard preset VMAF is measured of what was made. The "
        f"goal with two workers: at most {WALL_GOAL} times the time and {CPU_GOAL} times the CPU time. {SHARED}",
        *parts,
    )


async def run_case(stage: Stage, case: Case) -> list[str | Table]:
    """What is to be written of it."""
    film = find_masters()[BUNNY]
    title_id = find_film().title_id
    codecs = (VideoCodec.H264,)
    ladders: dict[int, list[Ladder]] = defaultdict(list)
    made: dict[int, Made] = {}
    for number, workers in enumerate(case.order):
        master = await loop_film(film, case.seconds, stage.folder / f"{case.preset}-{case.seconds:g}-{number}.mp4")
        if workers:
            made[workers] = await make_video(
                stage, master, title_id, workers=workers, preset=case.preset, codecs=codecs
            )
            is_compared = case.is_compared and workers == 2
            ladders[workers].append(await _add_up(made[workers], master if is_compared else None))
        else:
            plan = next(iter(made.values())).plan
            is_compared = case.is_compared and 0 not in ladders
            ladders[0].append(await encode_whole(master, plan, case.preset, is_compared=is_compared))
        master.unlink()
    return _describe(case, ladders, made)


async def encode_whole(master: Path, plan: IngestPlan, preset: Preset, *, is_compared: bool) -> Ladder:
    """By one ffmpeg; another measures what it made, where workers do so, too."""
    folder = master.with_suffix("")
    folder.mkdir()
    whole = Chunk(0, plan.master.frame_count)
    began, used = time.monotonic(), count_cpu_seconds()
    files = await encode_chunk(master, plan.master, whole, plan.rungs, folder, preset=preset, threads=0)
    if preset is Preset.STANDARD:
        await measure_vmaf(list(files.values()), master, plan.master, whole, every=MEASURED)
    wall, cpu = time.monotonic() - began, count_cpu_seconds() - used
    size = sum(path.stat().st_size for path in files.values())
    return Ladder(wall, cpu, size, await _compare(list(files.values()), master, plan) if is_compared else None)


async def _add_up(made: Made, master: Path | None) -> Ladder:
    """What the ladder took of the job; compared with the master, where it is given."""
    chunks = [spent for spent in made.spent if spent.kind == TaskKind.CHUNK]
    joins = [spent for spent in made.spent if spent.kind == JOIN]
    wall = max(spent.ended for spent in chunks) - min(spent.began for spent in chunks)
    files = [_join_segments(made, rung.name) for rung in made.plan.rungs]
    return Ladder(
        wall=wall + sum(spent.ended - spent.began for spent in joins),
        cpu=sum(spent.cpu for spent in (*chunks, *joins)),
        size=sum(path.stat().st_size for path in files),
        vmaf=await _compare(files, master, made.plan) if master is not None else None,
    )


def _join_segments(made: Made, rung: str) -> Path:
    target = made.folder / f"{rung}.mp4"
    with target.open("wb") as file:
        for path in (made.folder / rung / "init.mp4", *sorted((made.folder / rung).glob("*.m4s"))):
            file.write(path.read_bytes())
    return target


async def _compare(files: Sequence[Path], master: Path, plan: IngestPlan) -> float:
    whole = Chunk(0, plan.master.frame_count)
    return fmean(await measure_vmaf(files, master, plan.master, whole, every=COMPARED))


def _describe(case: Case, ladders: dict[int, list[Ladder]], made: dict[int, Made]) -> list[str | Table]:
    wall, cpu = (fmean(getattr(ladder, name) for ladder in ladders[0]) for name in ("wall", "cpu"))
    rows: list[Sequence[Cell]] = []
    for workers in sorted(ladders):
        ladder = Ladder(
            wall=fmean(ladder.wall for ladder in ladders[workers]),
            cpu=fmean(ladder.cpu for ladder in ladders[workers]),
            size=ladders[workers][0].size,
            vmaf=ladders[workers][0].vmaf,
        )
        spent = made[workers].spent if workers else ()
        rows.append(
            (
                f"{workers} worker{'s' * (workers > 1)}" if workers else "one ffmpeg",
                *(ladder.wall, ladder.wall / wall, ladder.cpu, ladder.cpu / cpu, ladder.size / 1e6, ladder.vmaf),
                max(each.ended for each in spent) - min(each.began for each in spent) if spent else None,
            )
        )
    head = ("", "ladder s", "of one ffmpeg", "CPU s", "of one ffmpeg", "MB", "VMAF", "until it plays s")
    kinds = [
        kind for kind in (*TaskKind, JOIN) if any(each.kind == kind for job in made.values() for each in job.spent)
    ]
    return [
        f"## {case.name}",
        Table(head, rows),
        f"CPU seconds of each kind of task; {JOIN} is a part of {TaskKind.PACKAGE}.",
        Table(
            ("", *(kind.lower() for kind in kinds)),
            [
                (
                    f"{workers} worker{'s' * (workers > 1)}",
                    *(sum(each.cpu for each in made[workers].spent if each.kind == kind) for kind in kinds),
                )
                for workers in sorted(made)
            ],
        ),
    ]
