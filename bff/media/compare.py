"""Measures how like the master an encode looks."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bff.domain.ladder import Chunk, fit_size
from bff.domain.masters import Master
from bff.domain.video import Quality
from bff.media.commands import run_ffmpeg
from bff.media.encode import choose_seek, prepare


async def measure_vmaf(
    encodes: Sequence[Path], source: Path, master: Master, chunk: Chunk, *, every: int
) -> list[float]:
    """VMAF of each encode of the chunk, 0..100: the mean over each `every`th frame, as large as the master.

    All are held against one decode of the master. Raises MediaError.
    """
    rate = master.frames_a_second
    width, height = fit_size(master.width, master.height, Quality.P1080)
    seek, pick = choose_seek(master, chunk)
    scale = f"scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p,settb=AVTB,setpts=N/({rate})/TB"
    logs = [path.with_suffix(".json") for path in encodes]
    copies = f"split={len(encodes)}{''.join(f'[meant{number}]' for number in range(len(encodes)))}"
    graph = [f"[0:V:0]{','.join(prepare(master, pick))},{scale},{copies}"]
    for number, log in enumerate(logs):
        model = f"libvmaf=model=version=vmaf_v0.6.1:n_threads=1:n_subsample={every}:log_fmt=json:log_path={log}"
        graph.append(f"[{number + 1}:V:0]{scale}[made{number}];[made{number}][meant{number}]{model}[seen{number}]")
    inputs = [word for path in encodes for word in ("-threads", "1", "-i", str(path))]
    sinks = [word for number in range(len(encodes)) for word in ("-map", f"[seen{number}]", "-f", "null", "-")]
    await run_ffmpeg(
        (*("-threads", "1", *seek, "-i", str(source), *inputs), "-filter_complex", ";".join(graph), *sinks),
        deadline=120 + 60 * float(chunk.count / rate) * len(encodes),
    )
    return [_read_mean(content) for content in [await asyncio.to_thread(log.read_bytes) for log in logs]]


def _read_mean(log: bytes) -> float:
    return round(float(msgspec.json.decode(log)["pooled_metrics"]["vmaf"]["mean"]), 2)
