"""The motifs of the posters: each paints one geometric idea around the canvas's point of interest."""

import math
from collections.abc import Callable
from random import Random

import numpy as np

from bff.artwork.canvas import Canvas, Field, mix, smooth

Motif = Callable[[Canvas, Random], None]


def paint_hills(canvas: Canvas, random: Random) -> None:
    """A low sun behind three ranges of hills."""
    sun_u, sun_v = random.uniform(-0.25, 0.25), random.uniform(-0.28, -0.05)
    shape = np.hypot(canvas.u - sun_u, canvas.v - sun_v) - 0.62
    canvas.blend(np.exp(-np.maximum(shape, 0) * 1.6) * 0.45, canvas.accent)
    canvas.fill(shape, mix(canvas.accent, canvas.paper, 0.18))
    canvas.fill(shape, canvas.accent, smooth(canvas.v, sun_v - 0.6, sun_v + 0.7))
    for layer in range(3):
        frequency, phase = random.uniform(0.9, 1.7) + layer * 0.4, random.uniform(0, 6)
        crest = (
            0.28 + layer * 0.36 + 0.16 * np.sin(canvas.u * frequency + phase) + 0.05 * np.sin(canvas.u * 4.1 + phase)
        )
        canvas.fill(crest - canvas.v, mix(canvas.field, canvas.ground, 0.25 + layer * 0.33))


def paint_rings(canvas: Canvas, random: Random) -> None:
    """Orbits around a small bright body."""
    centre_u, centre_v = random.uniform(-0.3, 0.3), random.uniform(-0.2, 0.25)
    distance = np.hypot(canvas.u - centre_u, canvas.v - centre_v)
    for ring in range(7):
        radius = 0.36 + ring * 0.27
        canvas.fill(np.abs(distance - radius) - 0.012 - 0.004 * ring, canvas.accent, 0.95 - ring * 0.115)
        angle = random.uniform(0, math.tau)
        body_u, body_v = centre_u + radius * math.cos(angle), centre_v + radius * math.sin(angle)
        size = random.uniform(0.03, 0.085)
        canvas.fill(np.hypot(canvas.u - body_u, canvas.v - body_v) - size, canvas.paper if ring % 2 else canvas.accent)
    canvas.fill(distance - 0.2, canvas.paper)


def paint_waves(canvas: Canvas, random: Random) -> None:
    """Bands of colour that flow over the whole picture."""
    tilt, phase = random.uniform(-0.3, 0.3), random.uniform(0, 6)
    for layer in range(7):
        crest = -1.15 + layer * 0.42 + tilt * canvas.u
        crest = crest + 0.2 * np.sin(canvas.u * 1.5 + phase + layer * 0.75)
        colour = (
            mix(canvas.accent, canvas.field, layer / 4)
            if layer < 4
            else mix(canvas.field, canvas.ground, (layer - 3) / 3)
        )
        canvas.fill(crest - canvas.v, mix(colour, canvas.paper, 0.25) if layer == 0 else colour)


def paint_burst(canvas: Canvas, random: Random) -> None:
    """Rays from one point."""
    count, turn = random.choice((12, 16, 20)), random.uniform(0, math.tau)
    centre_v = random.uniform(0.1, 0.5)
    angle = np.arctan2(canvas.v - centre_v, canvas.u) + turn
    distance = np.hypot(canvas.u, canvas.v - centre_v)
    edge = np.abs((angle * count / math.tau) % 1 - 0.5) - 0.25
    canvas.fill(edge * distance * (math.tau / count), canvas.accent, np.clip(1.15 - distance * 0.38, 0.1, 1))
    canvas.fill(distance - 0.46, canvas.ground)
    canvas.fill(distance - 0.38, canvas.paper)


def paint_lenses(canvas: Canvas, random: Random) -> None:
    """Two discs that meet."""
    turn, apart = random.uniform(-0.9, 0.9), random.uniform(0.34, 0.5)
    shift_u, shift_v = math.cos(turn) * apart, math.sin(turn) * apart
    first = np.hypot(canvas.u - shift_u, canvas.v - shift_v) - 0.72
    second = np.hypot(canvas.u + shift_u, canvas.v + shift_v) - 0.72
    canvas.fill(first, canvas.accent)
    canvas.fill(second, mix(canvas.field, canvas.paper, 0.35), 0.9)
    canvas.fill(np.maximum(first, second), canvas.paper)


def paint_halftone(canvas: Canvas, random: Random) -> None:
    """Dots that swell towards a centre."""
    step, turn = random.choice((0.16, 0.2, 0.24)), random.uniform(0.2, 0.9)
    across = canvas.u * math.cos(turn) + canvas.v * math.sin(turn)
    down = canvas.v * math.cos(turn) - canvas.u * math.sin(turn)
    centre = np.hypot(canvas.u - random.uniform(-0.4, 0.4), canvas.v + random.uniform(-0.3, 0.3))
    radius = step * 0.66 * np.clip(1.12 - centre / 1.55, 0, 1)
    offset = np.hypot(across - np.round(across / step) * step, down - np.round(down / step) * step)
    canvas.fill(np.where(radius > 0.004, offset - radius, np.float32(1)), canvas.accent)


def paint_arches(canvas: Canvas, random: Random) -> None:
    """Arches within arches."""
    base = random.uniform(0.55, 0.8)
    height = canvas.v - 0.05
    shape = np.where(height < 0, np.hypot(canvas.u, height), np.abs(canvas.u))
    colours = [canvas.accent, canvas.paper, mix(canvas.accent, canvas.field, 0.5), canvas.field, canvas.ground]
    random.shuffle(colours)
    for ring, colour in enumerate(colours):
        canvas.fill(np.maximum(shape - (1.0 - ring * 0.19), canvas.v - base), colour)


def paint_beam(canvas: Canvas, random: Random) -> None:
    """A cone of light from above, and what stands in it."""
    source = random.choice((-1.1, -0.7, 0.7, 1.1))
    top = canvas.top - 0.2
    reach = (canvas.v - top) / (0.75 - top)
    shape = np.abs(canvas.u - source * (1 - reach)) - 0.62 * reach
    light = np.clip(1.0 - reach * 0.55, 0, 1)
    canvas.fill(np.maximum(shape, canvas.v - 0.75), canvas.accent, light)
    pool = np.hypot(canvas.u / 0.62, (canvas.v - 0.75) / 0.13) - 1
    canvas.fill(pool * 0.13, mix(canvas.accent, canvas.paper, 0.55))
    figure = np.minimum(
        np.hypot(canvas.u, canvas.v - 0.2) - 0.075,
        np.maximum(
            np.abs(canvas.u) - 0.11 * np.clip((canvas.v + 0.05) * 1.4, 0, 1),
            np.maximum(0.29 - canvas.v, canvas.v - 0.76),
        ),
    )
    canvas.fill(figure, canvas.ground)


def paint_skyline(canvas: Canvas, random: Random) -> None:
    """Towers, or the bars of an equaliser, under a disc."""
    moon = np.hypot(canvas.u - random.uniform(-0.5, 0.5), canvas.v + random.uniform(0.15, 0.45)) - 0.5
    canvas.fill(moon, canvas.accent)
    step = random.choice((0.24, 0.3, 0.36))
    for layer, (colour, lift) in enumerate(
        ((mix(canvas.field, canvas.accent, 0.18), 0.0), (mix(canvas.field, canvas.ground, 0.62), 0.4))
    ):
        first, last = math.floor(canvas.left / step), math.ceil(canvas.right / step)
        tops = np.array([random.uniform(-0.45, 0.55) + lift for _ in range(last - first + 1)], dtype=np.float32)
        column = np.clip(np.floor((canvas.u + layer * step / 2) / step).astype(int) - first, 0, len(tops) - 1)
        within = np.abs((canvas.u + layer * step / 2) / step % 1 - 0.5) * step - step * 0.47
        canvas.fill(np.maximum(tops[column] - canvas.v, within), colour)


def paint_eye(canvas: Canvas, random: Random) -> None:
    """An eye that looks aside."""
    look_u, look_v = random.uniform(-0.22, 0.22), random.uniform(-0.08, 0.08)
    lids = np.maximum(np.hypot(canvas.u, canvas.v - 0.62), np.hypot(canvas.u, canvas.v + 0.62)) - 1.16
    for ring in range(4, 0, -1):
        canvas.fill(np.abs(lids - ring * 0.16) - 0.014, canvas.accent, 0.75 - ring * 0.15)
    canvas.fill(lids, canvas.paper)
    iris = np.hypot(canvas.u - look_u, canvas.v - look_v)
    canvas.fill(np.maximum(iris - 0.42, lids), canvas.accent)
    canvas.fill(np.maximum(iris - 0.2, lids), canvas.ground)
    canvas.fill(np.hypot(canvas.u - look_u - 0.12, canvas.v - look_v + 0.13) - 0.06, canvas.paper)


def paint_tiles(canvas: Canvas, random: Random) -> None:
    """Discs, quarters and leaves on a grid."""
    size = 0.625
    colours = [
        canvas.accent,
        canvas.paper,
        mix(canvas.field, canvas.paper, 0.35),
        mix(canvas.accent, canvas.field, 0.55),
    ]
    columns = range(math.floor(canvas.left / size), math.ceil(canvas.right / size))
    rows = range(math.floor(canvas.top / size), 3)
    # One grid of all columns and rows: what stands in a cell is the same in every framing.
    for row in range(-4, 4):
        for column in range(-8, 8):
            shape, colour, corner = random.randrange(5), random.choice(colours), random.randrange(4)
            if column not in columns or row not in rows or row > 1:
                continue
            u, v = canvas.u - column * size, canvas.v - row * size
            cell = np.maximum(np.abs(u - size / 2), np.abs(v - size / 2)) - size / 2
            corner_u, corner_v = (corner & 1) * size, (corner >> 1) * size
            quarter = np.hypot(u - corner_u, v - corner_v) - size
            if shape == 0:
                canvas.fill(np.hypot(u - size / 2, v - size / 2) - size * 0.5, colour)
            elif shape == 1:
                canvas.fill(np.maximum(quarter, cell), colour)
            elif shape == 2:
                opposite = np.hypot(u - size + corner_u, v - size + corner_v) - size
                canvas.fill(np.maximum(np.maximum(quarter, opposite), cell), colour)
            elif shape == 3:
                canvas.fill(np.hypot(u - size / 2, v - size / 2) - size * 0.24, colour)


def paint_stripes(canvas: Canvas, random: Random) -> None:
    """Parallel bands that run in and turn away."""
    side = random.choice((-1.0, 1.0))
    u, v = canvas.u * side, canvas.v
    corner = np.where((u > -0.3) & (v > -0.3), np.hypot(u + 0.3, v + 0.3), np.maximum(u, v) + 0.3)
    colours = [canvas.accent, canvas.paper, mix(canvas.accent, canvas.field, 0.4), mix(canvas.field, canvas.paper, 0.2)]
    start = random.uniform(0.3, 0.5)
    for band, colour in enumerate(colours):
        canvas.fill(np.abs(corner - start - band * 0.22) - 0.085, colour)


def paint_spiral(canvas: Canvas, random: Random) -> None:
    """A spiral that draws in."""
    arms, turn = random.choice((1, 2, 3)), random.uniform(0, math.tau)
    side = random.choice((-1, 1))
    distance = canvas.distance
    phase = (side * np.arctan2(canvas.v, canvas.u) * arms + turn) / math.tau - distance * 3.2
    edge = (np.abs(phase % 1 - 0.5) - 0.25) / 3.2
    canvas.fill(np.maximum(edge, distance - 1.12), canvas.accent)
    canvas.fill(distance - 0.07, canvas.paper)


def paint_moon(canvas: Canvas, random: Random) -> None:
    """A crescent among stars."""
    for _ in range(46):
        star_u, star_v = random.uniform(-3.4, 2.2), random.uniform(-1.3, 1.5)
        star = np.hypot(canvas.u - star_u, canvas.v - star_v) - random.uniform(0.008, 0.026)
        canvas.fill(star, canvas.paper, random.uniform(0.35, 0.95))
    turn = random.uniform(-0.6, 0.6)
    disc = canvas.distance - 0.72
    bite = np.hypot(canvas.u - 0.36 * math.cos(turn), canvas.v - 0.36 * math.sin(turn)) - 0.6
    canvas.blend(np.exp(-np.maximum(disc, 0) * 2.4) * 0.3, canvas.accent)
    canvas.fill(np.maximum(disc, -bite), canvas.accent)


def paint_sliced_sun(canvas: Canvas, random: Random) -> None:
    """A disc cut by slits that widen downwards."""
    disc = canvas.distance - 0.86
    canvas.blend(np.exp(-np.maximum(disc, 0) * 1.9) * 0.35, canvas.accent)
    slits = random.choice((5, 6, 7))
    below = np.clip(canvas.v + 0.15, 0, 1.01)
    slit: Field = (np.abs((below * slits) % 1 - 0.5) - 0.5 * below * 0.72) / slits
    canvas.fill(np.maximum(disc, -slit), canvas.accent)
    canvas.fill(np.maximum(disc, -slit), canvas.paper, smooth(-canvas.v, -0.5, 1.0) * 0.55)


def paint_shards(canvas: Canvas, random: Random) -> None:
    """Slanted blades of light."""
    slant = random.choice((-1, 1)) * random.uniform(0.45, 0.75)
    across = canvas.u + slant * canvas.v
    for index, centre in enumerate((-1.15, -0.62, -0.2, 0.22, 0.7, 1.2)):
        half = random.uniform(0.05, 0.26)
        colour = (canvas.accent, canvas.field, canvas.paper, canvas.accent)[(index + random.randrange(2)) % 4]
        ends = random.uniform(0.35, 1.25)
        shape = np.maximum((np.abs(across - centre) - half) * 0.85, np.abs(canvas.v + random.uniform(-0.2, 0.2)) - ends)
        canvas.fill(shape, colour, 0.92)


MOTIFS: dict[str, Motif] = {
    "arches": paint_arches,
    "beam": paint_beam,
    "burst": paint_burst,
    "eye": paint_eye,
    "halftone": paint_halftone,
    "hills": paint_hills,
    "lenses": paint_lenses,
    "moon": paint_moon,
    "rings": paint_rings,
    "shards": paint_shards,
    "skyline": paint_skyline,
    "sliced-sun": paint_sliced_sun,
    "spiral": paint_spiral,
    "stripes": paint_stripes,
    "tiles": paint_tiles,
    "waves": paint_waves,
}
