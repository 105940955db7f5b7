"""The picture behind a title's name: light, one motif, and a quiet side for the text, at any size."""

import hashlib
from collections.abc import Sequence
from random import Random

from msgspec import Struct
from PIL import Image

from bff.artwork.canvas import Canvas, Framing, mix, smooth
from bff.artwork.motifs import MOTIFS
from bff.artwork.palettes import Palette, choose_palette
from bff.artwork.styles import choose_style

VARIANTS = 7


class Scene(Struct, frozen=True):
    """Equal scenes are equal pictures: few enough of them exist that what is computed from one is kept."""

    palette: Palette
    motif: str
    variant: int


def choose_scene(name: str, release_year: int, genre_slugs: Sequence[str]) -> Scene:
    """The same title gets the same scene everywhere; the first genre decides more than the rest."""
    digest = hashlib.blake2b(f"{name}\0{release_year}".encode(), digest_size=3).digest()
    motifs = choose_style(genre_slugs).motifs
    return Scene(
        palette=choose_palette(genre_slugs, digest[0]),
        motif=motifs[digest[1] % len(motifs)],
        variant=digest[2] % VARIANTS,
    )


def paint_scene(scene: Scene, framing: Framing, width: int, height: int) -> Image.Image:
    """Paint in RGB at `width` by `height` pixels."""
    canvas = Canvas(scene.palette, framing, width, height)
    height_share = (canvas.v - canvas.top) / (canvas.bottom - canvas.top) + canvas.u * 0
    canvas.wash(mix(canvas.field, canvas.ground, 0.15), mix(canvas.field, canvas.ground, 0.85), height_share)
    canvas.blend(0.5 * smooth(-canvas.distance, -2.4, 0.2), mix(canvas.field, canvas.accent, 0.16))
    MOTIFS[scene.motif](canvas, Random(f"{scene.motif}:{scene.variant}"))
    _quieten(canvas)
    return canvas.to_image()


def _quieten(canvas: Canvas) -> None:
    """Darken the side that the text stands on."""
    span = canvas.bottom - canvas.top
    if canvas.framing is Framing.PORTRAIT:
        canvas.blend(smooth(canvas.v, canvas.top + span * 0.46, canvas.top + span * 0.80) * 0.94, canvas.ground)
        canvas.blend(smooth(-canvas.v, -(canvas.top + span * 0.14), -canvas.top) * 0.55, canvas.ground)
        return
    across = canvas.right - canvas.left
    edge = 0.62 if canvas.framing is Framing.LANDSCAPE else 0.56
    canvas.blend(
        smooth(-canvas.u, -(canvas.left + across * edge), -(canvas.left + across * 0.16)) * 0.93, canvas.ground
    )
    canvas.blend(smooth(canvas.v, canvas.top + span * 0.62, canvas.bottom + span * 0.1) * 0.8, canvas.ground)
