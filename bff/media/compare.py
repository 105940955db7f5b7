"""Measures how like the master an encode looks, and what a rung comes to at the settings that are tried."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bff.domain.ladder import Chunk, Rung, fit_size
from bff.domain.masters import Master
from bff.domain.quality import Sample, choose_samples, list_settings
from bff.domain.video import Quality
from bff.media.commands import OnProgress, run_ffmpeg
from bff.media.encode import choose_seek, prepare, try_settings

SAMPLED = 5
"""Of so many frames of a sample one is compared with the master."""


async def measure_vmaf(
    encodes: Sequence[Path],
    source: Path,
    master: Master,
    chunk: Chunk,
    *,
    every: int,
    on_time: OnProgress | None = None,
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
        on_time=on_time,
    )
    return [_read_mean(content) for content in [await asyncio.to_thread(log.read_bytes) for log in logs]]


async def sample_rung(
    source: Path, master: Master, rung: Rung, folder: Path, *, on_part: OnProgress | None = None
) -> list[Sample]:
    """What the rung comes to over parts of the master, for each setting that is tried. Raises MediaError.

    `on_part` is told which share of the parts is done.
    """
    settings, parts = list_settings(rung.codec), choose_samples(master)
    bits, seen = [0.0] * len(settings), [0.0] * len(settings)
    for done, part in enumerate(parts, 1):
        files = await try_settings(source, master, part, rung, folder, settings=settings)
        found = await measure_vmaf(files, source, master, part, every=SAMPLED)
        for number, (path, vmaf) in enumerate(zip(files, found, strict=True)):
            bits[number] += 8 * (await asyncio.to_thread(path.stat)).st_size
            seen[number] += part.count * vmaf
        if on_part is not None:
            on_part(done / len(parts))
    frames = sum(part.count for part in parts)
    seconds = float(frames / master.frames_a_second)
    return [Sample(crf, size / seconds, vmaf / frames) for crf, size, vmaf in zip(settings, bits, seen, strict=True)]


def _read_mean(log: bytes) -> float:
    return round(float(msgspec.json.decode(log)["pooled_metrics"]["vmaf"]["mean"]), 2)
