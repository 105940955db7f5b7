"""Small masters, drawn by ffmpeg: a moving picture and a tone, in all the shapes that real ones come in."""

import subprocess
from pathlib import Path

from bff.media.commands import FFMPEG

PICTURE = "testsrc2=size={size}:rate={rate}:duration={seconds}"
SOUND = "sine=frequency=440:sample_rate=48000:duration={seconds}"


def draw_master(
    path: Path,
    *options: str,
    size: str = "320x180",
    rate: str = "24",
    seconds: float = 8,
    sound: bool = True,
) -> Path:
    """`options` go before the name of the file; x264 and AAC unless they say otherwise."""
    picture = PICTURE.format(size=size, rate=rate, seconds=seconds)
    inputs = ["-f", "lavfi", "-i", picture]
    if sound:
        inputs += ["-f", "lavfi", "-i", SOUND.format(seconds=seconds)]
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac")
    run_ffmpeg(*inputs, *coding, *options, str(path))
    return path


def run_ffmpeg(*arguments: str) -> None:
    subprocess.run((FFMPEG, "-v", "error", "-nostdin", "-y", *arguments), check=True, timeout=60)
