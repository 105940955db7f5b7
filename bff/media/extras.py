"""What titles show before they play: previews without sound, stills; and what a picture is recognised by."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from bff.domain.fingerprints import SIDE, hash_seconds
from bff.domain.masters import Master
from bff.domain.video import Preview
from bff.media.commands import OnProgress, run_ffmpeg
from bff.media.encode import TONE_MAP

HOVER_WIDTHS = (342, 500)
HERO_WIDTHS = (780, 1280)
"""As wide as the pictures that device classes get in the same places."""
HOVER_SECONDS = 6.0
_HERO_MOMENTS = 4
_HERO_SECONDS = 2.0
_HOVER_SHARE = 0.25
"""Of the work that all previews are."""
STILLS = 3
_STILL_WIDTH = 1280


async def cut_previews(
    source: Path, master: Master, folder: Path, *, on_part: OnProgress | None = None
) -> list[Preview]:
    """`hover-342.mp4` and the like, in `folder`; never wider than the master. Raises MediaError.

    `on_part` is told which share is done.
    """
    length = min(HOVER_SECONDS, master.duration)
    start = find_start(master, master.duration / 3, length, within=master.duration / 6)
    hover = await _cut(source, master, folder / "hover", HOVER_WIDTHS, [(start, length)])
    if on_part is not None:
        on_part(_HOVER_SHARE)
    part = min(_HERO_SECONDS, master.duration / (_HERO_MOMENTS + 1))
    step = master.duration / (_HERO_MOMENTS + 1)
    places = [step * (number + 1) - part / 2 for number in range(_HERO_MOMENTS)]
    parts = [(find_start(master, place, part, within=step / 3), part) for place in places]
    return hover + await _cut(source, master, folder / "hero", HERO_WIDTHS, parts)


async def take_stills(source: Path, master: Master, folder: Path, *, on_part: OnProgress | None = None) -> list[Path]:
    """The frames that say most, of a few places, as JPEG in `folder`; the first is the poster frame.

    `on_part` is told which share is done.
    """
    width = min(_STILL_WIDTH, master.width - master.width % 2)
    stills: list[Path] = []
    for number in range(STILLS):
        target = folder / f"{number + 1}.jpg"
        look = min(4.0, master.duration / (2 * STILLS))
        place = master.duration * (2 * number + 1) / (2 * STILLS)
        moment = find_start(master, place, look, within=master.duration / (3 * STILLS))
        picture = f"{_tone(master)}thumbnail=n=50,scale={width}:-2:flags=lanczos,setsar=1"
        await run_ffmpeg(
            (
                *_read(source, master, moment, look),
                *("-map", "0:V:0", "-vf", picture, "-frames:v", "1", "-q:v", "3", "-update", "1", str(target)),
            ),
            deadline=120,
        )
        if target.is_file():
            stills.append(target)
        if on_part is not None:
            on_part((number + 1) / STILLS)
    return stills


def find_start(master: Master, place: float, length: float, *, within: float) -> float:
    """Where so many seconds from about `place` on begin: behind the next key frame that is near enough, since there
    nothing is decoded in vain and often a scene begins; all that is asked for lies in the master."""
    rate = master.frames_a_second
    starts = [float((frame + Fraction(1, 2)) / rate) for frame in master.key_frames]
    nearest = min(starts, key=lambda start: abs(start - place), default=place)
    return min(nearest if abs(nearest - place) <= within else place, master.duration - length)


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
    inputs = [word for start, length in parts for word in _read(source, master, start, length)]
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
            *("-map", f"[o{number}]", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "25", "-threads", "1"),
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


def _read(source: Path, master: Master, start: float, length: float) -> tuple[str, ...]:
    """On one thread: several decode ahead what nobody asked for."""
    return ("-threads", "1", "-ss", f"{master.picture_start + start:.3f}", "-t", f"{length:.3f}", "-i", str(source))


def _tone(master: Master) -> str:
    return f"{TONE_MAP}," if master.is_hdr else ""
