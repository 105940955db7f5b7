"""Encodes the picture, a chunk of the grid of groups at a time and several rungs from one decode; sound as a whole."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from msgspec.structs import replace

from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset
from bff.domain.ladder import Chunk, Rung, group_length
from bff.domain.masters import Master
from bff.media.commands import FFPROBE, MediaError, OnProgress, run, run_ffmpeg

_SPEEDS = {Preset.QUICK: "superfast", Preset.STANDARD: "fast"}
TONE_MAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)


def time_scale(rate: Fraction) -> int:
    """Ticks a second in which every frame has a whole number of ticks."""
    return rate.numerator * (1 if rate.numerator >= 1000 else 1000)


async def encode_chunk(
    source: Path,
    master: Master,
    chunk: Chunk,
    rungs: Sequence[Rung],
    folder: Path,
    *,
    preset: Preset,
    threads: int = 1,
    on_time: OnProgress | None = None,
) -> dict[str, Path]:
    """One file a rung, by the rung's name, of exactly the chunk's frames. Raises MediaError.

    `threads` are those of the decoder and of each encoder, 0 for what they choose themselves.
    """
    files = {rung.name: folder / f"{rung.name}.mp4" for rung in rungs}
    seek, pick = choose_seek(master, chunk)
    graph = _draw_graph(master, rungs, pick)
    outputs = [
        word
        for rung in rungs
        for word in _describe_output(rung, chunk, master, preset, files[rung.name], label=rung.name, threads=threads)
    ]
    seconds = float(chunk.count / master.frames_a_second)
    complaints: list[str] = []
    await run_ffmpeg(
        (
            *("-threads", str(threads), *seek, "-i", str(source), "-filter_threads", str(threads)),
            *("-filter_complex", graph, *outputs),
        ),
        deadline=120 + 120 * seconds * len(rungs),
        on_time=on_time,
        complaints=complaints,
    )
    counts = await asyncio.gather(*map(count_frames, files.values()))
    for path, held in zip(files.values(), counts, strict=True):
        if held != chunk.count:
            what = f"{path.name} holds {held} frames where {chunk.count} belong: the master breaks off there"
            raise MediaError("\n".join([*complaints, what]))
    return files


async def try_settings(
    source: Path, master: Master, chunk: Chunk, rung: Rung, folder: Path, *, settings: Sequence[float]
) -> list[Path]:
    """A file for each CRF of the rung, in order, quickly made: one decode and one scaling serve all. Raises
    MediaError."""
    labels = [f"t{number}" for number in range(len(settings))]
    files = [folder / f"{rung.name}-{crf:g}.mp4" for crf in settings]
    seek, pick = choose_seek(master, chunk)
    copies = f"split={len(settings)}{''.join(f'[{label}]' for label in labels)}"
    outputs = [
        word
        for label, crf, file in zip(labels, settings, files, strict=True)
        for word in _describe_output(replace(rung, crf=crf), chunk, master, Preset.QUICK, file, label=label)
    ]
    await run_ffmpeg(
        (
            *("-threads", "1", *seek, "-i", str(source), "-filter_threads", "1"),
            *("-filter_complex", f"[0:V:0]{','.join(prepare(master, pick))},{_scale(rung)},{copies}", *outputs),
        ),
        deadline=120 + 120 * float(chunk.count / master.frames_a_second) * len(settings),
    )
    return files


async def encode_audio(
    source: Path,
    target: Path,
    *,
    index: int,
    start: float,
    duration: float,
    channels: int,
    on_time: OnProgress | None = None,
) -> None:
    """The whole of an audio stream as AAC, as long as the picture: `start` is in seconds after its first frame."""
    shift = f"adelay={round(start * 1000)}:all=1," if start > 0.005 else ""
    cut = f"atrim=start={-start:.6f},asetpts=PTS-STARTPTS," if start < -0.005 else ""
    chain = f"asetpts=PTS-STARTPTS,{cut}aresample=48000:async=1:first_pts=0,{shift}apad,atrim=end={duration:.6f}"
    await run_ffmpeg(
        (
            *("-i", str(source), "-map", f"0:a:{index}", "-vn", "-af", chain, "-ac", str(channels)),
            *("-c:a", "aac", "-b:a", f"{384 if channels > 2 else 128}k", "-bitexact", str(target)),
        ),
        deadline=120 + 10 * duration,
        on_time=on_time,
    )


async def join_chunks(chunks: Sequence[Path], target: Path) -> None:
    """Put chunks of a rung behind one another without encoding them again."""
    listed = target.with_suffix(".txt")
    listed.write_text("".join(f"file '{path}'\n" for path in chunks), encoding="utf-8")
    await run_ffmpeg(
        (
            *("-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", "-bitexact"),
            *("-movflags", "+faststart", str(target)),
        ),
        deadline=1800,
    )


async def count_frames(path: Path) -> int:
    """Of the first picture in a file."""
    said = await run(
        (
            *(FFPROBE, "-v", "error", "-select_streams", "v:0", "-count_packets"),
            *("-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)),
        ),
        deadline=600,
    )
    text = said.decode().strip().rstrip(",")
    return int(text) if text.isdigit() else 0


def choose_seek(master: Master, chunk: Chunk) -> tuple[tuple[str, ...], str]:
    """Where to begin to read, and the filters that leave exactly the chunk's frames, at even distances from 0."""
    rate = master.frames_a_second
    even = f"setpts=N/({rate})/TB"
    if not master.is_variable:
        moment = master.picture_start + float((chunk.first - Fraction(1, 2)) / rate)
        return (("-ss", f"{moment:.6f}") if moment > 0 else ()), f"trim=end_frame={chunk.count},{even}"
    before = min(chunk.first, master.lead_in)
    moment = master.picture_start + float((chunk.first - before) / rate)
    pick = f"fps={rate}:start_time=0,trim=start_frame={before}:end_frame={before + chunk.count},{even}"
    return (("-ss", f"{moment:.6f}") if moment > 0 else ()), f"tpad=stop_mode=clone:stop_duration=1,{pick}"


def prepare(master: Master, pick: str) -> list[str]:
    """What is done to the master's picture before it is scaled."""
    steps = [pick]
    if master.is_interlaced:
        steps.insert(0, "bwdif=mode=send_frame")
    if master.is_hdr:
        steps.append(TONE_MAP)
    return steps


def _scale(rung: Rung) -> str:
    return f"scale={rung.width}:{rung.height}:flags=lanczos,setsar=1"


def _draw_graph(master: Master, rungs: Sequence[Rung], pick: str) -> str:
    steps = prepare(master, pick)
    names = "".join(f"[s{number}]" for number in range(len(rungs)))
    scales = [f"[s{number}]{_scale(rung)}[{rung.name}]" for number, rung in enumerate(rungs)]
    return ";".join([f"[0:V:0]{','.join(steps)},split={len(rungs)}{names}", *scales])


def _describe_output(
    rung: Rung, chunk: Chunk, master: Master, preset: Preset, target: Path, *, label: str, threads: int = 1
) -> list[str]:
    """`label` is where the picture comes out of the graph."""
    rate = master.frames_a_second
    return [
        *("-map", f"[{label}]", "-an", "-frames:v", str(chunk.count), "-r", str(rate), "-threads", str(threads)),
        *_describe_encoder(rung, group_length(rate), preset, threads),
        *("-video_track_timescale", str(time_scale(rate)), "-map_metadata", "-1", "-bitexact", str(target)),
    ]


def _describe_encoder(rung: Rung, group: int, preset: Preset, threads: int) -> list[str]:
    """Closed groups on the grid, of the same parameter sets in every chunk, at a set quality below a set rate."""
    limit = ["-maxrate", str(rung.most_bitrate), "-bufsize", str(2 * rung.most_bitrate)]
    crf = ["-crf", f"{rung.crf:g}"]
    match rung.codec:
        case VideoCodec.H264:
            return [
                *("-c:v", "libx264", "-preset", _SPEEDS[preset], "-profile:v", "high", "-pix_fmt", "yuv420p"),
                *("-g", str(group), "-keyint_min", str(group), "-sc_threshold", "0", "-bf", "2"),
                *("-x264-params", "open-gop=0:stitchable=1", *crf, *limit),
            ]
        case VideoCodec.HEVC:
            parameters = (
                f"keyint={group}:min-keyint={group}:scenecut=0:open-gop=0:pools=1:frame-threads=1:log-level=error"
            )
            return [
                *("-c:v", "libx265", "-preset", "veryfast", "-tag:v", "hvc1", "-pix_fmt", "yuv420p"),
                *("-x265-params", parameters, *crf, *limit),
            ]
        case VideoCodec.VP9:
            return [
                *("-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-pix_fmt", "yuv420p"),
                *("-g", str(group), "-keyint_min", str(group), *crf, "-b:v", "0"),
            ]
        case VideoCodec.AV1:
            parameters = f"keyint={group}:scd=0:irefresh-type=2:lp={threads}"
            return [
                *("-c:v", "libsvtav1", "-preset", "10", "-pix_fmt", "yuv420p10le", "-g", str(group)),
                *("-svtav1-params", parameters, *crf),
            ]
