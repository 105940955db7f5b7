"""Fits pictures that were taken, not drawn, into the shapes of artwork: posters, frames of videos."""

import base64
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bff.artwork.sizes import ImageKind, compute_height
from bff.artwork.thumbhash import encode_thumbhash

POSTER_KINDS = frozenset({ImageKind.WIDE, ImageKind.HERO})
"""What a title's own poster, or a frame of its video, stands for: what is wider than high."""

_PLACEHOLDER_WIDTH = 32


def poster_key(title_id: str) -> str:
    """Where the object store keeps a title's own poster, if it has one."""
    return f"posters/{title_id}"


def hash_photograph(content: bytes) -> str:
    """Its placeholder in the shapes of `POSTER_KINDS`, as `Artwork` has them; empty for what is no picture."""
    picture = fit_photograph(content, ImageKind.WIDE, _PLACEHOLDER_WIDTH)
    return base64.b64encode(encode_thumbhash(np.asarray(picture))).decode() if picture is not None else ""


def fit_photograph(content: bytes, kind: ImageKind, width: int) -> Image.Image | None:
    """Its middle, at `width` pixels in the shape of the kind; None for what is no picture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return ImageOps.fit(picture.convert("RGB"), (width, compute_height(kind, width)))
    except (UnidentifiedImageError, OSError):
        return None
