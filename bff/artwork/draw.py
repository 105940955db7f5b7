"""Draws the pictures of the demo: posters, backdrops, wordmarks, stills; the same brief gives the same picture."""

import io

from PIL import Image, ImageDraw

from bff.artwork.briefs import AvatarBrief, DrawingBrief, PersonBrief, StillBrief, TitleBrief
from bff.artwork.canvas import Framing
from bff.artwork.describe import compute_version
from bff.artwork.faces import LABEL, PLAIN, Face
from bff.artwork.palettes import parse_colour
from bff.artwork.portraits import draw_avatar, draw_monogram
from bff.artwork.scene import VARIANTS, Scene, choose_scene, paint_scene
from bff.artwork.sizes import ImageKind, compute_height
from bff.artwork.styles import choose_style
from bff.artwork.typography import Setting, fit_text, is_right_to_left, paint_text
from bff.domain.devices import ImageFormat

Ink = tuple[int, int, int]

_SHORTEST_TO_SPLIT = 16
_READABLE = 150
"""The lightness, of 255, from which small type reads well on a dark ground."""
_SEPARATORS = (": ", " – ", " — ", " - ")

_ENCODINGS: dict[ImageFormat, dict[str, object]] = {
    ImageFormat.AVIF: {"quality": 62, "speed": 8, "max_threads": 1},
    ImageFormat.WEBP: {"quality": 80, "method": 3},
    ImageFormat.JPEG: {"quality": 84, "progressive": True, "optimize": True},
    ImageFormat.PNG: {"compress_level": 6},
}


def draw_picture(brief: DrawingBrief, kind: ImageKind, width: int) -> Image.Image | None:
    """Draw at `width` pixels; None where the subject has no picture of this kind."""
    height = compute_height(kind, width)
    picture: Image.Image | None = None
    match brief, kind:
        case TitleBrief(), ImageKind.BOXART:
            picture = _draw_poster(brief, width, height)
        case TitleBrief(), ImageKind.WIDE:
            picture = _draw_wide(brief, width, height)
        case TitleBrief(), ImageKind.HERO:
            picture = _draw_hero(brief, width, height)
        case TitleBrief(), ImageKind.LOGO:
            picture = _draw_logo(brief, width, height)
        case TitleBrief(), ImageKind.STILL:
            picture = _draw_still(brief, "", width, height)
        case StillBrief(title=title, label=label), ImageKind.STILL:
            picture = _draw_still(title, label, width, height)
        case PersonBrief(name=name), ImageKind.PHOTO:
            picture = draw_monogram(name, width)
        case AvatarBrief(key=key), ImageKind.AVATAR:
            picture = draw_avatar(key, width)
    return picture


def encode_picture(picture: Image.Image, image_format: ImageFormat) -> bytes:
    """The bytes of the file; JPEG loses transparency to black."""
    buffer = io.BytesIO()
    writable = picture.convert("RGB") if image_format is ImageFormat.JPEG else picture
    writable.save(buffer, image_format.value, **_ENCODINGS[image_format])
    return buffer.getvalue()


def _draw_poster(brief: TitleBrief, width: int, height: int) -> Image.Image:
    scene, picture, draw = _start(brief, Framing.PORTRAIT, width, height)
    style = choose_style(brief.genre_slugs)
    accent, paper = _choose_inks(scene)
    margin = width * 0.08
    label_y = height - margin - _label_size(width) * 1.1
    anchor = _choose_anchor(brief.name, style.is_centred)
    x = margin + (width - 2 * margin) * anchor
    _paint_title(
        draw,
        brief.name,
        style.face,
        box=(x, label_y - height * 0.025, width - 2 * margin, height * 0.40),
        largest=width * 0.23,
        colours=(paper, accent),
        anchor=anchor,
    )
    year, genre = str(brief.release_year), brief.genre_name
    size = _label_size(width)
    if anchor == 0.5:
        text = f"{genre} · {year}" if genre else year
        _paint_label(draw, text, x=x, y=label_y, room=width - 2 * margin, size=size, colour=accent, anchor=0.5)
    else:
        room = width - 2 * margin
        _paint_label(draw, genre, x=margin, y=label_y, room=room * 0.74, size=size, colour=accent, anchor=0)
        _paint_label(draw, year, x=width - margin, y=label_y, room=room * 0.25, size=size, colour=paper, anchor=1)
    return picture


def _draw_wide(brief: TitleBrief, width: int, height: int) -> Image.Image:
    scene, picture, draw = _start(brief, Framing.LANDSCAPE, width, height)
    accent, paper = _choose_inks(scene)
    margin = height * 0.10
    size = _label_size(height * 0.95)
    label_y = height - margin - size * 1.1
    room = width * 0.52
    anchor = _choose_anchor(brief.name, is_centred=False)
    x = margin + (room if anchor else 0)
    _paint_title(
        draw,
        brief.name,
        choose_style(brief.genre_slugs).face,
        box=(x, label_y - height * 0.035, room, height * 0.62),
        largest=height * 0.24,
        colours=(paper, accent),
        anchor=anchor,
    )
    text = " · ".join(part for part in (brief.genre_name, str(brief.release_year)) if part)
    _paint_label(draw, text, x=margin, y=label_y, room=room, size=size, colour=accent, anchor=0)
    return picture


def _draw_hero(brief: TitleBrief, width: int, height: int) -> Image.Image:
    """Mostly motif: clients lay the title's name, or its logo, over the quiet left side."""
    scene, picture, draw = _start(brief, Framing.BACKDROP, width, height)
    _, paper = _choose_inks(scene)
    face = choose_style(brief.genre_slugs).face
    setting = fit_text(face, brief.name, width=width * 0.3, height=height * 0.12, largest=height * 0.045, most_lines=2)
    x, y = width - height * 0.07, height * 0.93 - setting.height
    paint_text(draw, setting, x=x, y=y, colour=paper, anchor=1)
    return picture


def _draw_logo(brief: TitleBrief, width: int, height: int) -> Image.Image:
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    scene = choose_scene(brief.name, brief.release_year, brief.genre_slugs)
    accent, paper = _choose_inks(scene)
    anchor = _choose_anchor(brief.name, is_centred=False)
    _paint_title(
        ImageDraw.Draw(picture),
        brief.name,
        choose_style(brief.genre_slugs).face,
        box=(width * anchor, height * 0.98, width, height * 0.96),
        largest=height * 0.72,
        colours=(paper, accent),
        anchor=anchor,
    )
    return picture


def _draw_still(title: TitleBrief, label: str, width: int, height: int) -> Image.Image:
    """The series' colours, with a motif of the episode's own."""
    scene = choose_scene(title.name, title.release_year, title.genre_slugs)
    if label:
        motifs = choose_style(title.genre_slugs).motifs
        turn = int(compute_version(title.name, label), 16)
        scene = Scene(palette=scene.palette, motif=motifs[turn % len(motifs)], variant=turn // 97 % VARIANTS)
    picture = paint_scene(scene, Framing.LANDSCAPE, width, height)
    draw = ImageDraw.Draw(picture)
    accent, paper = _choose_inks(scene)
    margin, room = height * 0.10, width * 0.56
    name = fit_text(PLAIN, title.name, width=room, height=height * 0.26, largest=height * 0.085, most_lines=3)
    top = height - margin - name.height
    anchor = _choose_anchor(title.name, is_centred=False)
    paint_text(draw, name, x=margin + room * anchor, y=top, colour=paper, anchor=anchor)
    if label:
        face = choose_style(title.genre_slugs).face
        mark = fit_text(face, label, width=room, height=height * 0.3, largest=height * 0.19, most_lines=1)
        paint_text(draw, mark, x=margin, y=top - mark.height - height * 0.01, colour=accent)
    return picture


def _start(
    brief: TitleBrief, framing: Framing, width: int, height: int
) -> tuple[Scene, Image.Image, ImageDraw.ImageDraw]:
    scene = choose_scene(brief.name, brief.release_year, brief.genre_slugs)
    picture = paint_scene(scene, framing, width, height)
    return scene, picture, ImageDraw.Draw(picture)


def _choose_inks(scene: Scene) -> tuple[Ink, Ink]:
    """For small type and for titles: an accent too dark to read on the ground moves towards paper."""
    accent, paper = parse_colour(scene.palette[2]), parse_colour(scene.palette[3])
    darkness = max(0.0, 1 - (0.299 * accent[0] + 0.587 * accent[1] + 0.114 * accent[2]) / _READABLE)
    red, green, blue = (round(part + (light - part) * darkness) for part, light in zip(accent, paper, strict=True))
    return (red, green, blue), paper


def _paint_title(
    draw: ImageDraw.ImageDraw,
    name: str,
    face: Face,
    *,
    box: tuple[float, float, float, float],
    largest: float,
    colours: tuple[Ink, Ink],
    anchor: float,
) -> None:
    """Paint upwards from the bottom of `box` (x of the anchor, bottom, width, height); a subtitle stands smaller."""
    x, bottom, width, height = box
    main, subtitle = split_title(name)
    settings: list[tuple[Setting, Ink]] = []
    if subtitle:
        small = fit_text(PLAIN, subtitle, width=width, height=height * 0.36, largest=largest * 0.34, most_lines=4)
        settings.append((small, colours[1]))
        height -= small.height + largest * 0.12
    settings.append((fit_text(face, main, width=width, height=height, largest=largest), colours[0]))
    for setting, colour in settings:
        bottom -= setting.height
        paint_text(draw, setting, x=x, y=bottom, colour=colour, anchor=anchor)
        bottom -= largest * 0.06


def split_title(name: str) -> tuple[str, str]:
    """A long name at its first colon or dash: what is set large, and the subtitle ("" when there is none)."""
    cuts = [(name.find(separator), separator) for separator in _SEPARATORS if separator in name]
    if len(name) < _SHORTEST_TO_SPLIT or not cuts:
        return name, ""
    at, separator = min(cuts)
    main, subtitle = name[:at].strip(), name[at + len(separator) :].strip()
    return (main, subtitle) if main and subtitle else (name, "")


def _paint_label(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    x: float,
    y: float,
    room: float,
    size: float,
    colour: Ink,
    anchor: float,
) -> None:
    if text:
        setting = fit_text(LABEL, text, width=room, height=size * 2, largest=size, most_lines=1)
        paint_text(draw, setting, x=x, y=y + (size * 1.1 - setting.pitch) / 2, colour=colour, anchor=anchor)


def _label_size(extent: float) -> float:
    return max(extent * 0.042, 8.0)


def _choose_anchor(text: str, is_centred: bool) -> float:
    if is_centred:
        return 0.5
    return 1.0 if is_right_to_left(text) else 0.0
