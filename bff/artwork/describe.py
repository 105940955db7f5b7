"""What the drawn artwork of a title will look like, known without drawing it: version, colours, placeholders."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bff.artwork.palettes import choose_palette
from bff.artwork.scene import Scene, paint_scene
from bff.artwork.thumbhash import encode_thumbhash
from bff.domain.titles import Artwork, ArtworkKind

DRAWING_REVISION = 1
"""Raised with every change to how pictures look, so that their URLs change with them."""

MOTIFS = 8
VARIANTS = 6

_PLACEHOLDER_SIZES = {ArtworkKind.BOXART: (24, 36), ArtworkKind.WIDE: (32, 18), ArtworkKind.HERO: (32, 18)}


def describe_artwork(name: str, release_year: int, genre_slugs: Sequence[str]) -> Artwork:
    """Describe the artwork drawn for a title; `genre_slugs` stand in billing order, the first decides the colours."""
    scene = choose_scene(name, release_year, genre_slugs)
    return Artwork(
        version=compute_version("title", name, str(release_year), *genre_slugs),
        palette=scene.palette,
        placeholders=_compute_placeholders(scene),
    )


def choose_scene(name: str, release_year: int, genre_slugs: Sequence[str]) -> Scene:
    """The same title gets the same scene everywhere."""
    seed = int.from_bytes(hashlib.blake2b(f"{name}\0{release_year}".encode(), digest_size=8).digest(), "big")
    seed, set_seed = divmod(seed, 2520)
    seed, motif = divmod(seed, MOTIFS)
    return Scene(palette=choose_palette(genre_slugs, set_seed), motif=motif, variant=seed % VARIANTS)


def compute_version(*parts: str) -> str:
    """A short hash of everything that a picture shows."""
    text = "\0".join((str(DRAWING_REVISION), *parts))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@lru_cache(maxsize=8192)
def _compute_placeholders(scene: Scene) -> dict[str, str]:
    return {kind.value: _compute_placeholder(scene, *size) for kind, size in _PLACEHOLDER_SIZES.items()}


def _compute_placeholder(scene: Scene, width: int, height: int) -> str:
    return base64.b64encode(encode_thumbhash(np.asarray(paint_scene(scene, width, height)))).decode()
