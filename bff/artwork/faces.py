"""The type faces that pictures are set in, and the files that stand in for scripts a face has no glyphs for."""

import unicodedata
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from msgspec import Struct
from PIL import ImageFont

from bff.artwork.coverage import read_coverage

_FOLDER = Path(__file__).parent / "fonts"
_JOINERS = frozenset("\u200c\u200d")


class Face(Struct, frozen=True):
    """`files` cover one design in slices by script; `pitch` is the distance of lines, in ems.

    `tracking` is added between letters, in ems.
    """

    files: tuple[str, ...]
    pitch: float
    is_capitals: bool = False
    tracking: float = 0.0


class Run(Struct, frozen=True):
    """Characters in a row that one file can show."""

    file: str
    text: str


def _slices(family: str, weight: int, *scripts: str) -> tuple[str, ...]:
    return tuple(f"{family}-{script}-{weight}-normal.woff" for script in scripts)


ANTON = Face(_slices("anton", 400, "latin", "latin-ext", "vietnamese"), pitch=1.12, is_capitals=True)
CINZEL = Face(_slices("cinzel", 700, "latin", "latin-ext"), pitch=1.06, is_capitals=True)
FREDOKA = Face(_slices("fredoka", 600, "latin", "latin-ext", "hebrew"), pitch=0.98)
GOTHIC = Face(
    _slices("league-gothic", 400, "latin", "latin-ext", "vietnamese"), pitch=0.96, is_capitals=True, tracking=0.03
)
INTER = Face(
    _slices("inter-tight", 800, "latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese"),
    pitch=1.02,
)
_PLAIN_FILES = _slices("inter-tight", 600, "latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese")
LABEL = Face(_PLAIN_FILES, pitch=1.3, is_capitals=True, tracking=0.14)
OSWALD = Face(_slices("oswald", 600, "latin", "latin-ext", "cyrillic", "vietnamese"), pitch=1.18, is_capitals=True)
PLAIN = Face(_PLAIN_FILES, pitch=1.22)
PLAYFAIR = Face(_slices("playfair-display", 800, "latin", "latin-ext", "cyrillic", "vietnamese"), pitch=1.06)
UNBOUNDED = Face(_slices("unbounded", 700, "latin", "latin-ext", "cyrillic", "vietnamese"), pitch=1.12)

_HAN = "droid-sans-fallback-full.ttf"
_FALLBACKS = (
    *INTER.files,
    *(
        f"noto-sans-{script}-{script}-700-normal.woff"
        for script in (
            "arabic",
            "hebrew",
            "devanagari",
            "thai",
            "bengali",
            "tamil",
            "telugu",
            "kannada",
            "malayalam",
            "gujarati",
            "gurmukhi",
            "georgian",
            "armenian",
            "sinhala",
            "khmer",
            "myanmar",
        )
    ),
    "nanum-gothic-korean-800-normal.woff",
    _HAN,
)
TALL_PITCH = 1.32
"""Scripts with marks above and below need their lines further apart than Latin capitals."""


def split_runs(face: Face, text: str) -> tuple[Run, ...]:
    """Cut `text` where another file has to take over; characters that no file has are left out."""
    files: list[tuple[str, str]] = []
    for character in text:
        previous = files[-1][0] if files else None
        file = _find_file(face, character, previous)
        if file is not None:
            files.append((file, character))
    return tuple(
        Run(file, "".join(character for _, character in group))
        for file, group in groupby(files, key=lambda pair: pair[0])
    )


def is_fallback(face: Face, run: Run) -> bool:
    return run.file not in face.files


def is_light(run: Run) -> bool:
    """The Han file has a single, regular weight: titles thicken it."""
    return run.file == _HAN


@lru_cache(maxsize=512)
def load_font(file: str, size: int) -> ImageFont.FreeTypeFont:
    """The font at `size` pixels an em, shaped by Raqm: Arabic and Indic letters join only through it."""
    return ImageFont.truetype(_FOLDER / file, size, layout_engine=ImageFont.Layout.RAQM)


def _find_file(face: Face, character: str, previous: str | None) -> str | None:
    point = ord(character)
    joins = character in _JOINERS or unicodedata.category(character).startswith("M")
    if joins and previous is not None:
        return previous if point in _coverage(previous) or character in _JOINERS else None
    return next((file for file in (*face.files, *_FALLBACKS) if point in _coverage(file)), None)


@lru_cache(maxsize=128)
def _coverage(file: str) -> frozenset[int]:
    return read_coverage(_FOLDER / file)
