"""The picture behind a title's name: a field of colour and one motif, at any size, without any text."""

from msgspec import Struct
from PIL import Image

from bff.artwork.palettes import Palette, parse_colour


class Scene(Struct, frozen=True):
    """Equal scenes are equal pictures: few enough of them exist that what is computed from one is kept."""

    palette: Palette
    motif: int
    variant: int


def paint_scene(scene: Scene, width: int, height: int) -> Image.Image:
    """Paint in RGB at `width` by `height` pixels."""
    ground, field, *_ = (parse_colour(colour) for colour in scene.palette)
    picture = Image.new("RGB", (1, 2), ground)
    picture.putpixel((0, 0), field)
    return picture.resize((width, height), Image.Resampling.BICUBIC)
