"""Sprite sheets for scrubbing, and the WebVTT that says where in them each moment is."""

import math
from pathlib import Path

from bff.domain.video import TrickPlay
from bff.media.commands import run_ffmpeg

COLUMNS, ROWS = 5, 4
TILE_WIDTH = 160
_MOST_TILES = 1000


async def draw_sprites(rung: Path, folder: Path, *, width: int, height: int, duration: float) -> TrickPlay:
    """Of the lowest rung, whose size is given, into `folder/thumbnails`. Raises MediaError."""
    interval = max(2.0, math.ceil(duration / _MOST_TILES))
    tile_height = max(2, round(TILE_WIDTH * height / width / 2) * 2)
    target = folder / "thumbnails"
    target.mkdir(parents=True, exist_ok=True)
    picture = f"fps=1/{interval:g}:start_time=0:round=up,scale={TILE_WIDTH}:{tile_height},tile={COLUMNS}x{ROWS}"
    await run_ffmpeg(("-i", str(rung), "-vf", picture, "-q:v", "4", str(target / "%03d.jpg")), deadline=120 + duration)
    sheets = len(list(target.glob("*.jpg")))
    text = write_cues(duration, interval, sheets, tile_height)
    (folder / "thumbnails.vtt").write_text(text, encoding="utf-8")
    return TrickPlay(file="thumbnails.vtt", tile_width=TILE_WIDTH, tile_height=tile_height, interval=interval)


def write_cues(duration: float, interval: float, sheets: int, tile_height: int) -> str:
    """A cue each `interval` seconds, as long as there are tiles."""
    lines = ["WEBVTT", ""]
    for number in range(min(math.ceil(duration / interval), sheets * COLUMNS * ROWS)):
        sheet, place = divmod(number, COLUMNS * ROWS)
        row, column = divmod(place, COLUMNS)
        start, end = number * interval, min((number + 1) * interval, duration)
        area = f"{column * TILE_WIDTH},{row * tile_height},{TILE_WIDTH},{tile_height}"
        lines += [f"{_write_time(start)} --> {_write_time(end)}", f"thumbnails/{sheet + 1:03}.jpg#xywh={area}", ""]
    return "\n".join(lines)


def _write_time(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    whole = thousandths // 1000
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{thousandths % 1000:03}"
