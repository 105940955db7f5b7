"""Faces without photographs: initials for people, and a set of drawn characters for profiles."""

import hashlib
import unicodedata
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from PIL import Image, ImageDraw

from bff.artwork.canvas import Canvas, Field, Framing, mix, smooth
from bff.artwork.faces import INTER
from bff.artwork.palettes import PALETTES, Palette, parse_colour
from bff.artwork.typography import fit_text, paint_text

_PHOTO_PALETTES = tuple(palette for sets in PALETTES.values() for palette in sets)


def draw_monogram(name: str, width: int) -> Image.Image:
    """Initials on colour; `width` is the height, too."""
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    palette = _PHOTO_PALETTES[digest[0] % len(_PHOTO_PALETTES)]
    canvas = Canvas(palette, Framing.PORTRAIT, width, width)
    canvas.wash(mix(canvas.field, canvas.accent, 0.22), mix(canvas.field, canvas.ground, 0.75), canvas.v / 2.5 + 0.4)
    shift = (digest[1] / 255 - 0.5) * 1.2
    canvas.fill(np.hypot(canvas.u - shift, canvas.v - 1.5) - 1.25, mix(canvas.field, canvas.ground, 0.5), 0.7)
    picture = canvas.to_image()
    setting = fit_text(
        INTER, choose_initials(name), width=width * 0.62, height=width * 0.5, largest=width * 0.36, most_lines=1
    )
    colour = parse_colour(palette[3])
    draw = ImageDraw.Draw(picture)
    paint_text(draw, setting, x=width / 2, y=(width - setting.height) / 2, colour=colour, anchor=0.5)
    return picture


def choose_initials(name: str) -> str:
    """Of the first and the last word; of scripts without capitals the first character alone."""
    words = [word for word in (_strip_marks(part) for part in name.split()) if word]
    if not words:
        return "?"
    first = words[0][0]
    if len(words) == 1 or first.upper() == first.lower():
        return first.upper()
    return (first + words[-1][0]).upper()


def _strip_marks(word: str) -> str:
    return "".join(character for character in word if unicodedata.category(character)[0] in "LN")


class Character(Struct, frozen=True):
    """How an avatar differs from the others; `palette` is backdrop, shade, body, face."""

    palette: Palette
    ears: str
    eyes: str
    mouth: str


_CHARACTERS: dict[str, Character] = {
    "sunny": Character(("#f77f00", "#d62828", "#ffd23f", "#3d1f00"), "rays", "round", "smile"),
    "kitten": Character(("#6a4c93", "#40245f", "#ffca9c", "#2b1236"), "cat", "round", "cat"),
    "bear": Character(("#8ecae6", "#219ebc", "#8a5a44", "#23120b"), "bear", "dots", "smile"),
    "robot": Character(("#264653", "#14272f", "#8fd3d1", "#0d1f24"), "antenna", "square", "grid"),
    "monster": Character(("#ff8fab", "#c9184a", "#52b788", "#0b2b1d"), "horns", "single", "fangs"),
    "owl": Character(("#1d3557", "#0d1b30", "#e9c46a", "#2b1d0e"), "tufts", "rings", "beak"),
    "alien": Character(("#3a0ca3", "#1d0654", "#b8f35d", "#12210a"), "antennae", "slant", "small"),
    "ghost": Character(("#0f4c5c", "#072a33", "#f1faee", "#1b2a33"), "none", "tall", "open"),
    "fox": Character(("#2a9d8f", "#1b6f66", "#f4722b", "#2b0f05"), "cat", "dots", "beak"),
    "bunny": Character(("#ffc8dd", "#e78fb3", "#ffffff", "#4a2338"), "bunny", "round", "cat"),
    "panda": Character(("#a7c957", "#6a994e", "#fdfdfb", "#1d1d1f"), "bear", "patches", "smile"),
    "comet": Character(("#03045e", "#01022e", "#48cae4", "#02203a"), "flame", "slant", "smile"),
}

AVATARS: tuple[str, ...] = tuple(_CHARACTERS)
"""The avatars that a profile may choose, by key."""


def draw_avatar(key: str, width: int) -> Image.Image | None:
    """One of `AVATARS`, square; None for any other key."""
    character = _CHARACTERS.get(key)
    if character is None:
        return None
    canvas = Canvas(character.palette, Framing.PORTRAIT, width, width)
    u, v = canvas.u, canvas.v - 0.38
    backdrop, shade, body, face = canvas.ground, canvas.field, canvas.accent, canvas.paper
    canvas.wash(backdrop, shade, canvas.v / 2.4 + 0.25)
    canvas.fill(_EARS[character.ears](u, v), mix(body, face, 0.18))
    head: Field = np.where(v < 0, np.hypot(u, v) - 0.84, np.abs(u) - 0.84)
    canvas.fill(head, body)
    canvas.blend(np.clip(0.5 - head * canvas.pixels_a_unit, 0, 1) * smooth(u + v * 0.4, 0.1, 1.1) * 0.22, face)
    _paint_eyes(canvas, character.eyes, u, v)
    canvas.fill(_MOUTHS[character.mouth](u, v), face)
    return canvas.to_image()


def _paint_eyes(canvas: Canvas, kind: str, u: Field, v: Field) -> None:
    white, dark = np.array((255, 255, 255), dtype=np.float32), canvas.paper
    aside = np.abs(u) - 0.32
    if kind == "single":
        canvas.fill(np.hypot(u, v + 0.14) - 0.32, white)
        canvas.fill(np.hypot(u - 0.05, v + 0.12) - 0.16, dark)
        return
    if kind == "patches":
        canvas.fill(np.hypot(aside, (v + 0.08) / 1.25) - 0.22, dark)
        canvas.fill(np.hypot(aside, v + 0.12) - 0.1, white)
        canvas.fill(np.hypot(aside, v + 0.12) - 0.055, dark)
        return
    if kind in {"round", "rings"}:
        canvas.fill(np.hypot(aside, v + 0.1) - (0.3 if kind == "rings" else 0.2), white)
    shapes = {
        "round": np.hypot(aside, v + 0.08) - 0.11,
        "rings": np.hypot(aside, v + 0.1) - 0.15,
        "dots": np.hypot(aside, v + 0.08) - 0.1,
        "square": np.maximum(np.abs(aside), np.abs(v + 0.1)) - 0.13,
        "tall": (np.hypot(aside / 0.09, (v + 0.1) / 0.18) - 1) * 0.09,
        "slant": (np.hypot((aside + (v + 0.1) * 0.5) / 0.13, (v + 0.1 - aside * 0.3) / 0.2) - 1) * 0.13,
    }
    canvas.fill(shapes[kind], dark)
    canvas.fill(np.hypot(aside + 0.03, v + 0.15) - 0.035, white, 0.9)


def _arc(u: Field, v: Field) -> Field:
    shape: Field = np.maximum(np.abs(np.hypot(u, v - 0.12) - 0.26) - 0.035, 0.2 - v)
    return shape


def _triangle(u: Field, v: Field, *, centre: float, base: float, tip: float, half: float) -> Field:
    """Upright, on both sides of the middle axis."""
    share = (v - tip) / (base - tip)
    shape: Field = np.maximum(np.maximum(np.abs(np.abs(u) - centre) - half * share, tip - v), v - base) * 0.8
    return shape


def _fangs(u: Field, v: Field) -> Field:
    mouth = np.maximum(np.abs(u) - 0.34, np.abs(v - 0.36) - 0.07)
    teeth = np.maximum(np.abs(np.abs(u) - 0.2) - (0.42 - v) * 0.7, 0.28 - v)
    shape: Field = np.maximum(mouth, -teeth)
    return shape


_Shape = Callable[[Field, Field], Field]

_EARS: dict[str, _Shape] = {
    "none": lambda u, v: np.hypot(u, v) + 1,
    "cat": lambda u, v: _triangle(u, v, centre=0.52, base=-0.3, tip=-1.02, half=0.34),
    "tufts": lambda u, v: _triangle(u, v, centre=0.6, base=-0.3, tip=-0.98, half=0.2),
    "horns": lambda u, v: _triangle(u, v, centre=0.44, base=-0.4, tip=-1.05, half=0.16),
    "bear": lambda u, v: np.hypot(np.abs(u) - 0.6, v + 0.62) - 0.27,
    "bunny": lambda u, v: (np.hypot((np.abs(u) - 0.34) / 0.17, (v + 0.98) / 0.48) - 1) * 0.17,
    "antenna": lambda u, v: np.minimum(
        np.hypot(u, v + 1.1) - 0.11, np.maximum(np.abs(u) - 0.035, np.abs(v + 0.9) - 0.2)
    ),
    "antennae": lambda u, v: np.minimum(
        np.hypot(np.abs(u) - 0.5, v + 1.05) - 0.11,
        np.maximum(np.abs(np.abs(u) - 0.42 + (v + 0.8) * 0.35) - 0.035, np.abs(v + 0.82) - 0.2),
    ),
    "rays": lambda u, v: np.hypot(u, v) - 1.02 - 0.1 * np.sign(np.cos(np.arctan2(v, u) * 18)) * np.ones_like(u + v),
    "flame": lambda u, v: np.maximum(
        np.hypot(u - 0.36 - (v + 0.5) * 0.2, (v + 0.5) / 1.5) - 0.46, -(np.hypot(u - 0.72, v + 0.9) - 0.36)
    ),
}
_MOUTHS: dict[str, _Shape] = {
    "smile": _arc,
    "cat": lambda u, v: np.minimum(
        np.maximum(np.abs(np.hypot(np.abs(u) - 0.1, v - 0.26) - 0.1) - 0.025, 0.26 - v),
        np.hypot(u, (v - 0.2) / 0.7) - 0.07,
    ),
    "grid": lambda u, v: np.maximum(
        np.maximum(np.abs(u) - 0.32, np.abs(v - 0.36) - 0.1), 0.02 - np.abs((u * 8) % 1 - 0.5) / 8
    ),
    "fangs": _fangs,
    "beak": lambda u, v: np.maximum(np.abs(u) - (0.36 - v) * 0.7, 0.14 - v),
    "small": lambda u, v: (np.hypot(u / 0.12, (v - 0.38) / 0.04) - 1) * 0.04,
    "open": lambda u, v: (np.hypot(u / 0.12, (v - 0.36) / 0.16) - 1) * 0.12,
}
