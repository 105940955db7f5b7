"""What the drawn artwork of a title will look like, known without drawing it: version, colours, placeholders."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bff.artwork.canvas import Framing
from bff.artwork.scene import Scene, choose_scene, paint_scene
from bff.artwork.thumbhash import encode_thumbhash
from bff.domain.titles import Artwork, ArtworkKind

DRAWING_REVISION = 2
"""Raised with every change to how pictures look, so that their URLs change with them."""

DRAWING_VERSION = str(DRAWING_REVISION)
"""The version of pictures that show nothing but what their subject's id is made of: people, avatars."""

_PLACEHOLDER_SIZES = {
    ArtworkKind.BOXART: (Framing.PORTRAIT, 24, 36),
    ArtworkKind.WIDE: (Framing.LANDSCAPE, 32, 18),
    ArtworkKind.HERO: (Framing.BACKDROP, 32, 18),
}


def describe_artwork(name: str, release_year: int, genre_slugs: Sequence[str]) -> Artwork:
    """Describe the artwork drawn for a title; `genre_slugs` stand in billing order, the first decides the colours."""
    scene = choose_scene(name, release_year, genre_slugs)
    return Artwork(
        version=compute_version("title", name, str(release_year), *genre_slugs),
        palette=scene.palette,
        placeholders=_compute_placeholders(scene),
    )


def compute_version(*parts: str) -> str:
    """A short hash of everything that a picture shows."""
    text = "\0".join((str(DRAWING_REVISION), *parts))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@lru_cache(maxsize=8192)
def _compute_placeholders(scene: Scene) -> dict[str, str]:
    return {kind.value: _compute_placeholder(scene, *frame) for kind, frame in _PLACEHOLDER_SIZES.items()}


def _compute_placeholder(scene: Scene, framing: Framing, width: int, height: int) -> str:
    return base64.b64encode(encode_thumbhash(np.asarray(paint_scene(scene, framing, width, height)))).decode()
