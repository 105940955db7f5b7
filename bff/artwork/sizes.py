"""Which picture a device gets: the kinds, their shapes, the widths that exist, and the format."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from bff.domain.devices import DeviceClass, ImageFormat


class ImageKind(StrEnum):
    """The kinds of `ArtworkKind`, and those that are not a title's."""

    BOXART = "BOXART"
    WIDE = "WIDE"
    HERO = "HERO"
    LOGO = "LOGO"
    STILL = "STILL"
    PHOTO = "PHOTO"
    AVATAR = "AVATAR"


WIDTHS: dict[str, tuple[int, ...]] = {
    ImageKind.BOXART: (160, 240, 342, 500, 780),
    ImageKind.WIDE: (240, 342, 500, 780, 1280),
    ImageKind.HERO: (780, 1280, 1920),
    ImageKind.LOGO: (240, 342, 500, 780),
    ImageKind.STILL: (240, 342, 500, 780, 1280),
    ImageKind.PHOTO: (160, 240, 342, 500),
    ImageKind.AVATAR: (160, 240, 342, 500),
}
"""The only widths that are drawn, in pixels: few, so that caches hold them all."""

_SHAPES: dict[str, tuple[int, int]] = {
    ImageKind.BOXART: (2, 3),
    ImageKind.WIDE: (16, 9),
    ImageKind.HERO: (16, 9),
    ImageKind.LOGO: (5, 2),
    ImageKind.STILL: (16, 9),
    ImageKind.PHOTO: (1, 1),
    ImageKind.AVATAR: (1, 1),
}

_WIDTHS_BY_CLASS: dict[str, dict[DeviceClass, int]] = {
    ImageKind.BOXART: {DeviceClass.TV: 342, DeviceClass.WEB: 342, DeviceClass.MOBILE: 240, DeviceClass.TABLET: 342},
    ImageKind.WIDE: {DeviceClass.TV: 500, DeviceClass.WEB: 500, DeviceClass.MOBILE: 342, DeviceClass.TABLET: 500},
    ImageKind.HERO: {DeviceClass.TV: 1920, DeviceClass.WEB: 1920, DeviceClass.MOBILE: 780, DeviceClass.TABLET: 1280},
    ImageKind.LOGO: {DeviceClass.TV: 780, DeviceClass.WEB: 500, DeviceClass.MOBILE: 342, DeviceClass.TABLET: 500},
    ImageKind.STILL: {DeviceClass.TV: 500, DeviceClass.WEB: 342, DeviceClass.MOBILE: 240, DeviceClass.TABLET: 342},
    ImageKind.PHOTO: {DeviceClass.TV: 342, DeviceClass.WEB: 240, DeviceClass.MOBILE: 160, DeviceClass.TABLET: 240},
    ImageKind.AVATAR: {DeviceClass.TV: 342, DeviceClass.WEB: 240, DeviceClass.MOBILE: 160, DeviceClass.TABLET: 240},
}

_BEST_FIRST = (ImageFormat.AVIF, ImageFormat.WEBP, ImageFormat.JPEG, ImageFormat.PNG)
_ASSUMED = frozenset({ImageFormat.WEBP, ImageFormat.JPEG, ImageFormat.PNG})
_ZERO = re.compile(r"0(\.0{0,3})?")
_MEDIA_TYPES = {f"image/{image_format.lower()}": image_format for image_format in ImageFormat}


@lru_cache(maxsize=1024)
def choose_width(kind: str, asked: int | None, device_class: DeviceClass) -> int:
    """The width nearest to the one asked for, the larger of two as near; by device class when none is asked."""
    if asked is None:
        return _WIDTHS_BY_CLASS[kind][device_class]
    return min(WIDTHS[kind], key=lambda width: (abs(width - asked), -width))


def compute_height(kind: str, width: int) -> int:
    """In pixels, from the shape of the kind."""
    across, down = _SHAPES[kind]
    return round(width * down / across)


def choose_format(
    capabilities: Sequence[ImageFormat] | None, accept: str, *, is_transparent: bool = False
) -> ImageFormat:
    """The smallest format that the device can show.

    `capabilities` is None when the device said nothing; then the formats that `accept` (the HTTP header) names
    decide, or what every device shows. Formats that `accept` names narrow the capabilities where any remain.
    JPEG has no transparency: PNG stands in for it.
    """
    return _choose_format(None if capabilities is None else tuple(capabilities), accept, is_transparent)


@lru_cache(maxsize=1024)
def _choose_format(capabilities: tuple[ImageFormat, ...] | None, accept: str, is_transparent: bool) -> ImageFormat:
    named, refused = _read_accept(accept)
    able = frozenset(capabilities) if capabilities else named or _ASSUMED
    for candidates in ((able & named or able) - refused, able - refused, able):
        for image_format in _BEST_FIRST:
            if image_format in candidates and not (is_transparent and image_format is ImageFormat.JPEG):
                return image_format
    return ImageFormat.PNG


def _read_accept(accept: str) -> tuple[frozenset[ImageFormat], frozenset[ImageFormat]]:
    """The formats named, and those refused with a weight of 0."""
    named: set[ImageFormat] = set()
    refused: set[ImageFormat] = set()
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        image_format = _MEDIA_TYPES.get(media_type)
        if image_format is not None:
            is_refused = any(_is_zero_weight(parameter) for parameter in parameters)
            (refused if is_refused else named).add(image_format)
    return frozenset(named), frozenset(refused)


def _is_zero_weight(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and bool(_ZERO.fullmatch(value.strip()))
