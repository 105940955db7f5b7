"""What titles show before they play: previews without sound, stills; and what a picture is recognised by."""

from collections.abc import Sequence
from pathlib import Path

from bff.domain.fingerprints import SIDE, hash_seconds
from bff.domain.masters import Master
from bff.domain.video import Preview
from bff.media.commands import run_ffmpeg
from bff.media.encode import TONE_MAP

HOVER_WIDTHS = (342, 500)
HERO_WIDTHS = (780, 1280)
"""As wide as the pictures that device classes get in the same places."""
HOVER_SECONDS = 6.0
_HERO_MOMENTS = 4
_HERO_SECONDS = 2.0
STILLS = 3
_STILL_WIDTH = 1280


async def cut_previews(source: Path, master: Master, folder: Path) -> list[Preview]:
    """`hover-342.mp4` and the like, in `folder`; never wider than the master. Raises MediaError."""
    length = min(HOVER_SECONDS, master.duration)
    start = min(master.duration / 3, master.duration - length)
    hover = await _cut(source, master, folder / "hover", HOVER_WIDTHS, [(start, length)])
    part = min(_HERO_SECONDS, master.duration / (_HERO_MOMENTS + 1))
    step = master.duration / (_HERO_MOMENTS + 1)
    moments = [(step * (number + 1) - part / 2, part) for number in range(_HERO_MOMENTS)]
    return hover + await _cut(source, master, folder / "hero", HERO_WIDTHS, moments)


async def take_stills(source: Path, master: Master, folder: Path) -> list[Path]:
    """The frames that say most, of a few places, as JPEG in `folder`; the first is the poster frame."""
    width = min(_STILL_WIDTH, master.width - master.width % 2)
    stills: list[Path] = []
    for number in range(STILLS):
        target = folder / f"{number + 1}.jpg"
        moment = master.duration * (2 * number + 1) / (2 * STILLS)
        look = min(4.0, master.duration / (2 * STILLS))
        picture = f"{_tone(master)}thumbnail=n=50,scale={width}:-2:flags=lanczos,setsar=1"
        await run_ffmpeg(
            (
                *("-ss", f"{master.picture_start + moment:.3f}", "-t", f"{look:.3f}", "-i", str(source)),
                *("-map", "0:V:0", "-vf", picture, "-frames:v", "1", "-q:v", "3", "-update", "1", str(target)),
            ),
            deadline=120,
        )
        if target.is_file():
            stills.append(target)
    return stills


async def fingerprint_picture(rung: Path, duration: float) -> bytes:
    """Of an encode, the smallest for its speed: 8 bytes a second."""
    picture = f"fps=1,scale={SIDE}:{SIDE}:flags=area,format=gray"
    frames = await run_ffmpeg(
        ("-i", str(rung), "-map", "0:V:0", "-vf", picture, "-f", "rawvideo", "-"), deadline=120 + duration
    )
    return hash_seconds(frames)


async def _cut(
    source: Path, master: Master, target: Path, widths: Sequence[int], parts: Sequence[tuple[float, float]]
) -> list[Preview]:
    """Parts, each a start and a length in seconds, behind one another: a file a width, named after `target`."""
    chosen = sorted({min(width, master.width - master.width % 2) for width in widths})
    sizes = [(width, max(2, round(width * master.height / master.width / 2) * 2)) for width in chosen]
    inputs = [
        word
        for start, length in parts
        for word in ("-ss", f"{master.picture_start + start:.3f}", "-t", f"{length:.3f}", "-i", str(source))
    ]
    rate = min(30.0, float(master.frames_a_second))
    evened = ";".join(
        f"[{number}:V:0]{_tone(master)}fps={rate:g},setpts=PTS-STARTPTS,scale={sizes[-1][0]}:{sizes[-1][1]},setsar=1"
        f"[p{number}]"
        for number in range(len(parts))
    )
    joined = "".join(f"[p{number}]" for number in range(len(parts))) + f"concat=n={len(parts)}:v=1"
    split = f",split={len(sizes)}" + "".join(f"[s{number}]" for number in range(len(sizes)))
    scaled = ";".join(
        f"[s{number}]scale={width}:{height}:flags=lanczos[o{number}]" for number, (width, height) in enumerate(sizes)
    )
    outputs = [
        word
        for number, (width, _) in enumerate(sizes)
        for word in (
            *("-map", f"[o{number}]", "-an", "-c:v", "libx264", "-preset", "fast", "-crf", "27", "-threads", "1"),
            *("-pix_fmt", "yuv420p", "-g", "30", "-movflags", "+faststart", "-map_metadata", "-1", "-bitexact"),
            f"{target}-{width}.mp4",
        )
    ]
    await run_ffmpeg((*inputs, "-filter_complex", f"{evened};{joined}{split};{scaled}", *outputs), deadline=300)
    duration = round(sum(length for _, length in parts), 3)
    return [
        Preview(name=f"{target.name}-{width}.mp4", width=width, height=height, duration=duration)
        for width, height in sizes
    ]


def _tone(master: Master) -> str:
    return f"{TONE_MAP}," if master.is_hdr else ""
