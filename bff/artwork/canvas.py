"""A surface of light to paint shapes on, in coordinates around the picture's point of interest.

Shapes are signed distances (negative inside), so that edges are smooth at every size, a placeholder's included.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bff.artwork.palettes import Palette, parse_colour

Field = NDArray[np.float32]
Colour = NDArray[np.float32]


class Framing(StrEnum):
    """Where the point of interest lies, and which side stays quiet for text."""

    PORTRAIT = "PORTRAIT"
    LANDSCAPE = "LANDSCAPE"
    BACKDROP = "BACKDROP"


_FOCUS = {Framing.PORTRAIT: (0.5, 0.38), Framing.LANDSCAPE: (0.74, 0.46), Framing.BACKDROP: (0.70, 0.47)}
_RADIUS = {Framing.PORTRAIT: 0.40, Framing.LANDSCAPE: 0.40, Framing.BACKDROP: 0.44}
"""Of the shorter side."""


class Canvas:
    """`u` runs right and `v` down from the point of interest; 1 is the motif's radius.

    `left`, `top`, `right` and `bottom` are the picture's edges in these units.
    """

    def __init__(self, palette: Palette, framing: Framing, width: int, height: int) -> None:
        self.framing = framing
        self.pixels_a_unit = _RADIUS[framing] * min(width, height)
        focus_x, focus_y = _FOCUS[framing]
        self.left, self.top = -focus_x * width / self.pixels_a_unit, -focus_y * height / self.pixels_a_unit
        self.right = self.left + width / self.pixels_a_unit
        self.bottom = self.top + height / self.pixels_a_unit
        self.u: Field = ((np.arange(width, dtype=np.float32) + 0.5) / self.pixels_a_unit + self.left)[None, :]
        self.v: Field = ((np.arange(height, dtype=np.float32) + 0.5) / self.pixels_a_unit + self.top)[:, None]
        self.ground, self.field, self.accent, self.paper = (
            np.array(parse_colour(colour), dtype=np.float32) for colour in palette
        )
        self._light = np.empty((3, height, width), dtype=np.float32)

    @property
    def distance(self) -> Field:
        """From the point of interest."""
        return np.hypot(self.u, self.v)

    def wash(self, start: Colour, end: Colour, share: Field) -> None:
        """Cover everything with a blend: `start` where `share` is 0, `end` where it is 1."""
        share = np.clip(share, 0, 1)
        for channel in range(3):
            self._light[channel] = start[channel] + (end[channel] - start[channel]) * share

    def fill(self, shape: Field, colour: Colour, opacity: float | Field = 1.0) -> None:
        """Paint where `shape` is negative."""
        self.blend(np.clip(0.5 - shape * self.pixels_a_unit, 0, 1) * opacity, colour)

    def blend(self, share: Field, colour: Colour) -> None:
        for channel in range(3):
            light = self._light[channel]
            light += (colour[channel] - light) * share

    def to_image(self) -> Image.Image:
        # Half a level of fixed noise: long gradients show no bands.
        noise = np.random.default_rng(7).random(self._light.shape[1:], dtype=np.float32)
        return Image.fromarray((self._light + noise).clip(0, 255).astype(np.uint8).transpose(1, 2, 0).copy(), "RGB")


def mix(first: Colour, second: Colour, share: float) -> Colour:
    return first + (second - first) * np.float32(share)


def smooth(value: Field, start: float, end: float) -> Field:
    """0 before `start`, 1 after `end`, and an S between."""
    share = np.clip((value - start) / (end - start), 0, 1)
    curve: Field = share * share * (3 - 2 * share)
    return curve
