"""Setting a title: breaks it into balanced lines, finds the largest size that fits, and paints it."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from msgspec import Struct
from PIL import ImageDraw

from bff.artwork.faces import TALL_PITCH, Face, is_fallback, is_light, load_font, split_runs

Colour = tuple[int, int, int] | tuple[int, int, int, int]

_REFERENCE = 100
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_BREAKS_ANYWHERE = ("CJK UNIFIED", "HIRAGANA", "KATAKANA")
_SEAMS = frozenset("-./_…–")
_LONG_WORD = 13
_THICKENING = 0.022


class Word(Struct, frozen=True):
    """`width` in ems; `is_glued` when no space stands before it, as between Han characters."""

    text: str
    width: float
    is_glued: bool = False


class Setting(Struct, frozen=True):
    """A text ready to paint: lines of words, `size` and `pitch` in pixels."""

    face: Face
    lines: tuple[tuple[Word, ...], ...]
    size: int
    pitch: int

    @property
    def height(self) -> int:
        return self.pitch * len(self.lines)

    @property
    def width(self) -> float:
        return max((_measure_line(self.face, line) for line in self.lines), default=0.0) * self.size


def fit_text(face: Face, text: str, *, width: float, height: float, largest: float, most_lines: int = 6) -> Setting:
    """Set `text` as large as the box and `largest` (pixels an em) allow, in as few lines as that takes."""
    words = split_words(face, text)
    pitch = _choose_pitch(face, text)
    best: tuple[float, tuple[tuple[Word, ...], ...]] = (0.0, ())
    for count in range(1, min(most_lines, len(words)) + 1):
        lines = break_lines(face, words, count)
        widest = max(_measure_line(face, line) for line in lines)
        size = min(largest, width / max(widest, 0.01), height / (pitch * count))
        # One line more has to earn its place.
        if size > best[0] * 1.08:
            best = size, lines
    size = max(6, int(best[0]))
    return Setting(face=face, lines=best[1], size=size, pitch=round(size * pitch))


def split_words(face: Face, text: str) -> list[Word]:
    """Words, or single characters in scripts that break anywhere; what cannot be shown is left out."""
    words: list[Word] = []
    composed = unicodedata.normalize("NFC", text)
    for raw in (composed.upper() if face.is_capitals else composed).split():
        for index, part in enumerate(_split_breakable(raw)):
            shown = "".join(run.text for run in split_runs(face, part))
            if shown.strip("\u200b"):
                words.append(Word(shown, _measure(face, shown), is_glued=index > 0))
    return words


def break_lines(face: Face, words: Sequence[Word], count: int) -> tuple[tuple[Word, ...], ...]:
    """The breaks into `count` lines that make the widest line narrowest, ties to the more even."""
    total = len(words)
    space = _measure_space(face)
    offsets = [0.0, *accumulate(word.width + (0 if word.is_glued else space) for word in words)]

    def cost(start: int, end: int) -> float:
        return offsets[end] - offsets[start]

    best: dict[int, tuple[float, float, list[int]]] = {
        end: (cost(0, end), cost(0, end) ** 2, []) for end in range(1, total + 1)
    }
    for line in range(2, count + 1):
        best = {
            end: min(
                (max(best[cut][0], cost(cut, end)), best[cut][1] + cost(cut, end) ** 2, [*best[cut][2], cut])
                for cut in range(line - 1, end)
            )
            for end in range(line, total + 1)
        }
    cuts = [0, *best[total][2], total]
    return tuple(tuple(words[start:end]) for start, end in pairwise(cuts))


def paint_text(
    draw: ImageDraw.ImageDraw, setting: Setting, *, x: float, y: float, colour: Colour, anchor: float = 0.0
) -> None:
    """Paint with the top of the first line at `y`; `anchor` 0, 0.5, 1: `x` is the left, the middle, the right."""
    for index, line in enumerate(setting.lines):
        width = _measure_line(setting.face, line) * setting.size
        baseline = y + setting.pitch * index + (setting.pitch + _cap_height(setting.face) * setting.size) / 2
        _paint_line(draw, setting, line, x=x - width * anchor, baseline=baseline, colour=colour)


def is_right_to_left(text: str) -> bool:
    """By the first letter that has a direction."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((direction in _RIGHT_TO_LEFT for direction in directions if direction in {"L", *_RIGHT_TO_LEFT}), False)


def _paint_line(
    draw: ImageDraw.ImageDraw, setting: Setting, line: Sequence[Word], *, x: float, baseline: float, colour: Colour
) -> None:
    space = _measure_space(setting.face)
    ordered = list(reversed(line)) if is_right_to_left("".join(word.text for word in line)) else line
    for index, word in enumerate(ordered):
        if index and not word.is_glued:
            x += space * setting.size
        _paint_word(draw, setting, word.text, x=x, baseline=baseline, colour=colour)
        x += word.width * setting.size


def _paint_word(
    draw: ImageDraw.ImageDraw, setting: Setting, text: str, *, x: float, baseline: float, colour: Colour
) -> None:
    face, size = setting.face, setting.size
    for run in split_runs(face, text):
        font = load_font(run.file, size)
        scale = size / _REFERENCE
        if face.tracking and not is_fallback(face, run):
            for character in run.text:
                draw.text((x, baseline), character, fill=colour, font=font, anchor="ls")
                x += load_font(run.file, _REFERENCE).getlength(character) * scale + face.tracking * size
            continue
        stroke = round(size * _THICKENING) if is_light(run) else 0
        draw.text((x, baseline), run.text, fill=colour, font=font, anchor="ls", stroke_width=stroke)
        x += load_font(run.file, _REFERENCE).getlength(run.text) * scale


def _measure_line(face: Face, line: Sequence[Word]) -> float:
    gaps = sum(not word.is_glued for word in line[1:])
    return sum(word.width for word in line) + gaps * _measure_space(face)


def _measure(face: Face, text: str) -> float:
    width = 0.0
    for run in split_runs(face, text):
        font = load_font(run.file, _REFERENCE)
        if face.tracking and not is_fallback(face, run):
            width += sum(font.getlength(character) / _REFERENCE + face.tracking for character in run.text)
        else:
            width += font.getlength(run.text) / _REFERENCE
    return width


@lru_cache(maxsize=32)
def _measure_space(face: Face) -> float:
    return max(load_font(face.files[0], _REFERENCE).getlength(" ") / _REFERENCE + face.tracking, 0.16)


@lru_cache(maxsize=32)
def _cap_height(face: Face) -> float:
    """In ems, of the capital H."""
    return -load_font(face.files[0], _REFERENCE).getbbox("H", anchor="ls")[1] / _REFERENCE


def _choose_pitch(face: Face, text: str) -> float:
    shown = text.upper() if face.is_capitals else text
    if any(is_fallback(face, run) for run in split_runs(face, shown)):
        return max(face.pitch, TALL_PITCH)
    has_marks = face.is_capitals and any(unicodedata.decomposition(character) for character in shown)
    return face.pitch + 0.14 if has_marks else face.pitch


def _split_breakable(word: str) -> list[str]:
    """Cut where a line may end: between Han and Kana, and in long compounds after a stop or before a capital."""
    parts = [word[0]]
    for previous, character in pairwise(word):
        is_seam = previous in _SEAMS or (previous.islower() and character.isupper())
        breaks = (is_seam and character not in _SEAMS) if len(word) >= _LONG_WORD else False
        if breaks or _breaks_anywhere(character) or _breaks_anywhere(previous):
            parts.append(character)
        else:
            parts[-1] += character
    return parts


def _breaks_anywhere(character: str) -> bool:
    return character >= "\u2e80" and unicodedata.name(character, "").startswith(_BREAKS_ANYWHERE)
