"""Which width and which format each class of device gets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff.artwork.sizes import WIDTHS, ImageKind, choose_format, choose_width, compute_height
from bff.domain.devices import DeviceClass, ImageFormat, default_capabilities
from bff.domain.titles import ArtworkKind

AVIF, WEBP, JPEG, PNG = ImageFormat.AVIF, ImageFormat.WEBP, ImageFormat.JPEG, ImageFormat.PNG
EVERY_KIND = st.sampled_from(ImageKind)
EVERY_CLASS = st.sampled_from(DeviceClass)


@pytest.mark.parametrize(
    ("kind", "tv", "web", "mobile", "tablet"),
    [
        (ImageKind.BOXART, 342, 342, 240, 342),
        (ImageKind.WIDE, 500, 500, 342, 500),
        (ImageKind.HERO, 1920, 1920, 780, 1280),
        (ImageKind.LOGO, 780, 500, 342, 500),
        (ImageKind.STILL, 500, 342, 240, 342),
        (ImageKind.PHOTO, 342, 240, 160, 240),
        (ImageKind.AVATAR, 342, 240, 160, 240),
    ],
)
def test_without_a_wish_the_class_decides(kind: str, tv: int, web: int, mobile: int, tablet: int) -> None:
    chosen = [choose_width(kind, None, device_class) for device_class in DeviceClass]
    assert chosen == [tv, web, mobile, tablet]


@pytest.mark.parametrize(
    ("kind", "asked", "given_width"),
    [
        (ImageKind.BOXART, 342, 342),
        (ImageKind.BOXART, 291, 342),
        (ImageKind.BOXART, 290, 240),
        (ImageKind.BOXART, 200, 240),
        (ImageKind.BOXART, -1, 160),
        (ImageKind.BOXART, 10_000, 780),
        (ImageKind.HERO, 1, 780),
        (ImageKind.HERO, 1600, 1920),
    ],
)
@pytest.mark.parametrize("device_class", DeviceClass)
def test_a_wish_gets_the_nearest_width(kind: str, asked: int, given_width: int, device_class: DeviceClass) -> None:
    assert choose_width(kind, asked, device_class) == given_width


@settings(deadline=None)
@given(kind=EVERY_KIND, asked=st.none() | st.integers(), device_class=EVERY_CLASS)
def test_only_widths_of_the_list_are_given(kind: ImageKind, asked: int | None, device_class: DeviceClass) -> None:
    width = choose_width(kind, asked, device_class)
    assert width in WIDTHS[kind]
    assert asked is None or all(abs(width - asked) <= abs(other - asked) for other in WIDTHS[kind])


@pytest.mark.parametrize("kind", ArtworkKind)
def test_every_kind_of_artwork_is_a_kind_of_picture(kind: ArtworkKind) -> None:
    assert choose_width(kind, None, DeviceClass.TV) == choose_width(ImageKind(kind), None, DeviceClass.TV)


@pytest.mark.parametrize(
    ("kind", "width", "height"),
    [
        (ImageKind.BOXART, 342, 513),
        (ImageKind.WIDE, 500, 281),
        (ImageKind.HERO, 1920, 1080),
        (ImageKind.LOGO, 500, 200),
        (ImageKind.PHOTO, 240, 240),
    ],
)
def test_height_follows_the_shape(kind: str, width: int, height: int) -> None:
    assert compute_height(kind, width) == height


@pytest.mark.parametrize(
    ("capabilities", "accept", "expected"),
    [
        ((AVIF, WEBP, JPEG, PNG), "", AVIF),
        ((JPEG, WEBP), "*/*", WEBP),
        ((JPEG, PNG), "application/json", JPEG),
        ((PNG,), "", PNG),
        ((AVIF, WEBP, JPEG), "image/webp, */*", WEBP),
        ((AVIF, WEBP), "image/avif;q=0, */*", WEBP),
        ((AVIF, WEBP), "image/avif; q=0.0", WEBP),
        ((AVIF, WEBP), "image/avif;q=0.1", AVIF),
        ((JPEG,), "image/avif, image/webp", JPEG),
        ((AVIF,), "image/avif;q=0", AVIF),
        (None, "image/avif,image/webp,image/apng,*/*;q=0.8", AVIF),
        (None, "IMAGE/WEBP", WEBP),
        (None, "image/png", PNG),
        (None, "*/*", WEBP),
        (None, "", WEBP),
        (None, "image/webp;q=0", JPEG),
        ((), "", WEBP),
    ],
)
def test_the_smallest_format_that_can_be_shown(
    capabilities: tuple[ImageFormat, ...] | None, accept: str, expected: ImageFormat
) -> None:
    assert choose_format(capabilities, accept) is expected


@pytest.mark.parametrize("device_class", DeviceClass)
def test_every_class_has_a_format_of_its_defaults(device_class: DeviceClass) -> None:
    capabilities = default_capabilities(device_class)
    assert choose_format(capabilities.image_formats, "*/*") is WEBP
    assert choose_format(capabilities.image_formats, "*/*", is_transparent=True) is WEBP


@settings(deadline=None)
@given(
    capabilities=st.none() | st.lists(st.sampled_from(ImageFormat)),
    accept=st.text() | st.sampled_from(["image/jpeg", "image/webp;q=0,image/jpeg", "image/avif;q=x"]),
)
def test_a_wordmark_is_never_flattened(capabilities: list[ImageFormat] | None, accept: str) -> None:
    assert choose_format(capabilities, accept, is_transparent=True) is not JPEG
    chosen = choose_format(capabilities, accept)
    assert not capabilities or chosen in capabilities
