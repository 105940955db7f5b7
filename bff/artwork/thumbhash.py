"""ThumbHash of opaque pictures: a blurred placeholder in some 25 bytes, by the published algorithm."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_LARGEST_SIDE = 100
_LUMINANCE_DETAIL = 7
_COLOUR_DETAIL = 3


def encode_thumbhash(pixels: Pixels) -> bytes:
    """Encode RGB `pixels` of shape (height, width, 3), at most 100 a side.

    Raises ValueError for a larger picture: scale it down first, the hash keeps no more detail.
    """
    height, width = int(pixels.shape[0]), int(pixels.shape[1])
    if max(width, height) > _LARGEST_SIDE:
        raise ValueError(f"{width}x{height} is too large for a ThumbHash: scale it to {_LARGEST_SIDE} pixels a side")
    x_detail = max(1, _round(_LUMINANCE_DETAIL * width / max(width, height)))
    y_detail = max(1, _round(_LUMINANCE_DETAIL * height / max(width, height)))
    red, green, blue = pixels.reshape(-1, 3).T / 255.0
    l_dc, l_ac, l_scale = _transform(
        (red + green + blue) / 3, _basis(width, height, max(3, x_detail), max(3, y_detail))
    )
    colour_basis = _basis(width, height, _COLOUR_DETAIL, _COLOUR_DETAIL)
    p_dc, p_ac, p_scale = _transform((red + green) / 2 - blue, colour_basis)
    q_dc, q_ac, q_scale = _transform(red - green, colour_basis)

    is_landscape = width > height
    colours = (
        _round(63 * l_dc)
        | _round(31.5 + 31.5 * p_dc) << 6
        | _round(31.5 + 31.5 * q_dc) << 12
        | _round(31 * l_scale) << 18
    )
    shape = (
        (y_detail if is_landscape else x_detail)
        | _round(63 * p_scale) << 3
        | _round(63 * q_scale) << 9
        | is_landscape << 15
    )
    nibbles = [_round(15 * value) for part in (l_ac, p_ac, q_ac) for value in part.tolist()]
    if len(nibbles) % 2:
        nibbles.append(0)
    details = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return colours.to_bytes(3, "little") + shape.to_bytes(2, "little") + details


def _transform(channel: Floats, basis: Floats) -> tuple[float, Floats, float]:
    """The mean, the other coefficients scaled to 0..1, and their scale."""
    coefficients = basis @ channel
    details = coefficients[1:]
    scale = float(np.abs(details).max())
    if scale:
        details = 0.5 + 0.5 / scale * details
    return float(coefficients[0]), details, scale


@lru_cache(maxsize=32)
def _basis(width: int, height: int, x_detail: int, y_detail: int) -> Floats:
    """One row a coefficient: the triangle of low frequencies of the cosine transform, in the order of the hash."""
    x_angles = np.pi / width * (np.arange(width) + 0.5)
    y_angles = np.pi / height * (np.arange(height) + 0.5)
    rows = [
        np.outer(np.cos(cy * y_angles), np.cos(cx * x_angles)).ravel()
        for cy in range(y_detail)
        for cx in range(x_detail)
        if cx * y_detail < x_detail * (y_detail - cy)
    ]
    return np.array(rows) / (width * height)


def _round(value: float) -> int:
    """Half goes up, as in the published code; Python's own goes to even."""
    return math.floor(value + 0.5)
