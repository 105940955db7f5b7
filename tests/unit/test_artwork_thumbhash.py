"""Placeholders: byte for byte what the published encoder gives, and what a decoder makes of them."""

import base64
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bff.artwork.thumbhash import Pixels, encode_thumbhash


def make_pattern(width: int, height: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    channels = ((x * 9 + y * 3) % 256, (x * y * 2 + 40) % 256, (255 - x * 5 - y) & 255)
    return np.stack(channels, axis=-1).astype(np.uint8)


def decode_mean(content: bytes) -> tuple[float, float, float]:
    """The mean colour, 0..1, as published for decoders."""
    header = int.from_bytes(content[:3], "little")
    lightness = (header & 63) / 63
    p, q = ((header >> 6) & 63) / 31.5 - 1, ((header >> 12) & 63) / 31.5 - 1
    blue = lightness - 2 / 3 * p
    red = (3 * lightness - blue + q) / 2
    return red, red - q, blue


def decode_lightness(content: bytes, width: int, height: int) -> NDArray[np.float64]:
    header, shape = int.from_bytes(content[:3], "little"), int.from_bytes(content[3:5], "little")
    is_landscape = bool(shape >> 15)
    columns = max(3, 7 if is_landscape else shape & 7)
    rows = max(3, shape & 7 if is_landscape else 7)
    scale = ((header >> 18) & 31) / 31
    nibbles = [nibble for byte in content[5:] for nibble in (byte & 15, byte >> 4)]
    light = np.full((height, width), (header & 63) / 63)
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    for cy in range(rows):
        for cx in range(columns):
            if (cx or cy) and cx * rows < columns * (rows - cy):
                factor = (nibbles.pop(0) / 7.5 - 1) * scale
                light += 2 * factor * np.outer(np.cos(math.pi / height * cy * y), np.cos(math.pi / width * cx * x))
    return light


@pytest.mark.parametrize(
    ("width", "height", "published"),
    [
        (24, 36, "ZCYGVQoFSRZbOGlod3ZoZ1BlBnNz"),
        (32, 18, "YQYKXI4JSndXiJd2iHZAZleQpg=="),
        (20, 20, "YwUGXwxQZYZih5l1mVeYZnmWCFd3oJcK"),
        (100, 1, "WJYyaaZ4eHeIiAiHZId/hwg="),
    ],
)
def test_hashes_are_those_of_the_published_encoder(width: int, height: int, published: str) -> None:
    assert base64.b64encode(encode_thumbhash(make_pattern(width, height))).decode() == published


@settings(deadline=None)
@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
)
def test_a_plain_picture_comes_back_in_its_colour(colour: tuple[int, int, int], width: int, height: int) -> None:
    pixels = np.broadcast_to(np.array(colour, dtype=np.uint8), (height, width, 3))
    mean = decode_mean(encode_thumbhash(pixels))
    assert mean == pytest.approx([part / 255 for part in colour], abs=0.06)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_picture_gives_a_short_hash_near_its_mean(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (18, 32, 3), dtype=np.uint8)
    content = encode_thumbhash(pixels)
    assert len(content) <= 25
    assert decode_mean(content) == pytest.approx((pixels.reshape(-1, 3).mean(axis=0) / 255).tolist(), abs=0.06)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_gradient_comes_back_from_dark_to_light(axis: int) -> None:
    ramp = np.linspace(20, 230, 36)
    pixels = np.repeat(np.broadcast_to(ramp[:, None], (36, 24))[:, :, None], 3, axis=2).astype(np.uint8)
    pixels = pixels if axis == 0 else pixels.transpose(1, 0, 2)
    light = decode_lightness(encode_thumbhash(pixels), pixels.shape[1], pixels.shape[0])
    along = light.mean(axis=1 - axis)
    assert along[0] < 0.3
    assert along[-1] > 0.7
    assert np.abs(light - pixels[:, :, 0] / 255).mean() < 0.12


def test_a_large_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="101x20 is too large"):
        encode_thumbhash(np.zeros((20, 101, 3), dtype=np.uint8))
