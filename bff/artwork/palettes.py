"""The colours of a genre: four from dark to light (ground, field, accent, paper), in a few sets a genre."""

import colorsys
import hashlib
from collections.abc import Sequence

Palette = tuple[str, str, str, str]

_SETS_FOR_UNKNOWN = 3

PALETTES: dict[str, tuple[Palette, ...]] = {
    "action-adventure": (
        ("#1c0f0a", "#7a2412", "#ee5a24", "#ffe3c2"),
        ("#0d1418", "#22454f", "#f08a24", "#fbe9cf"),
        ("#170d12", "#6b1f2b", "#ff7a3c", "#ffe8d6"),
    ),
    "animation": (
        ("#142152", "#2f6bd8", "#ffc93c", "#fff6dc"),
        ("#2a1552", "#8a3fd1", "#ff8fb1", "#fff0f4"),
        ("#0b3b3c", "#119a8e", "#ffd166", "#fdf6e3"),
    ),
    "anime": (
        ("#1a1038", "#5a2a9c", "#ff5d8f", "#ffe6ee"),
        ("#0b1b3a", "#1f5fae", "#ff7b54", "#fff1e0"),
        ("#260b1e", "#a3214f", "#ffb84c", "#fff3de"),
    ),
    "biography": (
        ("#1f1811", "#6d5536", "#d9a441", "#f7ecd7"),
        ("#14191f", "#46586a", "#d0a47c", "#f3ebe2"),
    ),
    "british": (
        ("#0e1a2b", "#27476e", "#d64545", "#f4efe6"),
        ("#10211c", "#2d5a4a", "#e0a458", "#f5efe2"),
    ),
    "classic": (
        ("#16130f", "#574a3a", "#c99b4f", "#f3e8d2"),
        ("#141414", "#4c4c4c", "#c0b283", "#f4f0e6"),
    ),
    "comedy": (
        ("#3b1d00", "#e08e00", "#ffd23f", "#fff7dc"),
        ("#0c3b4a", "#149fb5", "#ffb703", "#fff6e0"),
        ("#42102c", "#d63a7a", "#ffc857", "#fff1e6"),
        ("#123524", "#2f9e63", "#ffe066", "#fbfae6"),
    ),
    "crime": (
        ("#0b0d10", "#2c333b", "#d7263d", "#ece8e1"),
        ("#100d0a", "#3f3428", "#e3a72f", "#f2e9d8"),
        ("#0a1216", "#1d3b47", "#e4572e", "#ebe7df"),
    ),
    "documentary": (
        ("#0f1c1a", "#2d5b50", "#e9b44c", "#f4efe1"),
        ("#141a24", "#3a5273", "#e07a5f", "#f4f1ea"),
        ("#1d1712", "#705640", "#d9ae61", "#f6eee0"),
    ),
    "drama": (
        ("#12161f", "#34465f", "#d98e73", "#f2ebe3"),
        ("#1d1216", "#6a3543", "#e2a36b", "#f6ece2"),
        ("#0f1a1c", "#2c545a", "#d7b26d", "#f1efe6"),
        ("#1a1510", "#5f4a36", "#c9694a", "#f5ebdd"),
        ("#161322", "#473d73", "#dc9fb4", "#f3edf3"),
    ),
    "faith-spirituality": (
        ("#1b1530", "#57478a", "#f0c75e", "#f8f1df"),
        ("#13202b", "#3f6a86", "#efd28d", "#f7f2e4"),
    ),
    "family-kids": (
        ("#0d3b66", "#1e88c9", "#ffd23f", "#fffbe6"),
        ("#4a1259", "#b03fc0", "#ffb347", "#fff4e3"),
        ("#0f4c3a", "#25a36f", "#ffd93d", "#fbffe8"),
        ("#5a1a1a", "#ef5b4c", "#ffd56b", "#fff6e5"),
    ),
    "history": (
        ("#1a1410", "#6a4a2e", "#cf9d4d", "#f4e8d3"),
        ("#17120f", "#5b2e28", "#c8a165", "#f1e6d5"),
    ),
    "horror": (
        ("#070606", "#2b0a0d", "#c1121f", "#e8dfd6"),
        ("#060807", "#15251d", "#8fbf3f", "#e4e7da"),
        ("#08060c", "#231634", "#d00045", "#e8dfe6"),
    ),
    "independent": (
        ("#171a17", "#4f6152", "#e29578", "#f3efe6"),
        ("#1d181b", "#6b5563", "#e0b15c", "#f5efe9"),
    ),
    "international": (
        ("#0f1a24", "#23597a", "#f2a541", "#f6efe2"),
        ("#1f1420", "#71406f", "#f08a6b", "#f7ede8"),
        ("#10211c", "#2a6b54", "#e8b04a", "#f3f0e0"),
    ),
    "korean": (
        ("#101828", "#3b4a8f", "#f28ca0", "#f7eff2"),
        ("#0d1f1e", "#2c6e6a", "#f3b562", "#f4f1e6"),
    ),
    "lgbtq": (
        ("#1d1040", "#6c3fc5", "#ff7ab8", "#fdf0f7"),
        ("#0f2040", "#2f63c0", "#ff9f68", "#fbf1ea"),
    ),
    "music": (
        ("#150a2b", "#5b1fa6", "#ff2e88", "#ffeaf4"),
        ("#0b1330", "#2340a8", "#00d1c7", "#e9fbf8"),
        ("#1f0b12", "#8e1d45", "#ffb000", "#fff3dc"),
    ),
    "mystery": (
        ("#0c1218", "#263f55", "#c6a15b", "#ece8dc"),
        ("#100e1a", "#38305c", "#6fc2b0", "#e8eeea"),
    ),
    "nature": (
        ("#0b2016", "#226b45", "#f0c24b", "#f3f4e1"),
        ("#06222e", "#0f6683", "#7fd1ae", "#ecf6f0"),
        ("#22160b", "#855424", "#8fb339", "#f4f0df"),
    ),
    "reality": (
        ("#2a0d33", "#8d2ba6", "#ff9e2c", "#fff2e0"),
        ("#0d2438", "#1b6fa8", "#ff5c77", "#ffeef0"),
    ),
    "romance": (
        ("#2b0f1c", "#a8375f", "#ff9aa2", "#fff0ee"),
        ("#2a1420", "#8c4a6b", "#f6bd8b", "#fff1e6"),
        ("#1e1636", "#6b5bb5", "#ffa8b8", "#fdf0f2"),
    ),
    "sci-fi": (
        ("#050b1c", "#12336e", "#27d3f5", "#e3f7fb"),
        ("#0a0716", "#35207a", "#ff4fa3", "#f4e8f6"),
        ("#06141a", "#0e4d5c", "#f7b32b", "#f1f2e4"),
    ),
    "spanish-language": (
        ("#230d0d", "#98281f", "#f6b63c", "#fff0d8"),
        ("#0c2230", "#1f6a86", "#f4763f", "#f9efe2"),
    ),
    "sport": (
        ("#06240f", "#137a38", "#f4e409", "#f8fbe6"),
        ("#0a1a3a", "#1a4fc0", "#ff5a36", "#f6efe8"),
    ),
    "stand-up": (
        ("#1a0707", "#8f1d1d", "#ffb627", "#fff1d9"),
        ("#120c22", "#43267a", "#ff6f59", "#fdeee8"),
        ("#07191c", "#146069", "#ffc145", "#f8f3e0"),
    ),
    "teen": (("#1b1145", "#5b3fd6", "#ff77a9", "#fdf0f6"), ("#06303a", "#0c97a3", "#ffb5a0", "#fdf3ee")),
    "thriller": (
        ("#0a0c0f", "#1f2f38", "#ff4d2e", "#ebe8e3"),
        ("#0b0d08", "#333b1f", "#e8c547", "#eeecdc"),
        ("#0d0a14", "#2e2450", "#f25f5c", "#ece7ee"),
    ),
    "war": (
        ("#12130d", "#48492e", "#c8872d", "#ece6d2"),
        ("#141110", "#4c3f38", "#b5432a", "#ebe3d8"),
    ),
    "western": (
        ("#23110a", "#93461f", "#eca045", "#fae9cc"),
        ("#1c1510", "#7a5a34", "#d9502e", "#f6e8d0"),
    ),
}


def choose_palette(genre_slugs: Sequence[str], seed: int) -> Palette:
    """One of the sets of the first genre that has any; a genre we do not know gets colours of its own."""
    for slug in genre_slugs:
        if sets := PALETTES.get(slug):
            return sets[seed % len(sets)]
    name = genre_slugs[0] if genre_slugs else ""
    return _derive_palette(f"{name}:{seed % _SETS_FOR_UNKNOWN}")


def parse_colour(text: str) -> tuple[int, int, int]:
    """`#rrggbb` as red, green and blue."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _derive_palette(name: str) -> Palette:
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    hue, turn = digest[0] / 256, 0.35 + digest[1] / 256 * 0.3
    return (
        _colour(hue, 0.09, 0.45),
        _colour(hue, 0.30, 0.45),
        _colour((hue + turn) % 1, 0.60, 0.75),
        _colour((hue + turn) % 1, 0.93, 0.55),
    )


def _colour(hue: float, lightness: float, saturation: float) -> str:
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return f"#{red:02x}{green:02x}{blue:02x}"
