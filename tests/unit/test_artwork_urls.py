"""Names of pictures: readable by who minted them, made by nobody else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff.artwork.sizes import WIDTHS, ImageKind
from bff.artwork.urls import ImageName, ImageSigner
from bff.domain.devices import ImageFormat

SIGNER = ImageSigner(b"k" * 32)
NAMES = st.builds(
    ImageName,
    subject_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    kind=st.sampled_from(ImageKind),
    version=st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True),
    width=st.integers(0, 2),
    format=st.sampled_from(ImageFormat),
).map(lambda name: ImageName(name.subject_id, name.kind, name.version, WIDTHS[name.kind][name.width], name.format))


def mint(name: ImageName, signer: ImageSigner = SIGNER) -> str:
    return signer.url(name.subject_id, name.kind, name.version, name.width, name.format)


@settings(deadline=None)
@given(NAMES)
def test_a_name_is_read_back(name: ImageName) -> None:
    path = mint(name)
    assert re.fullmatch(r"/images/[A-Za-z0-9_./-]+", path)
    assert SIGNER.parse(path) == name
    assert SIGNER.parse(path.removeprefix("/images/")) == name


@settings(deadline=None)
@given(NAMES, st.data())
def test_a_changed_name_is_no_name(name: ImageName, data: st.DataObject) -> None:
    path = mint(name).removeprefix("/images/")
    at = data.draw(st.integers(0, len(path) - 1))
    character = data.draw(st.characters())
    changed = path[:at] + character + path[at + 1 :]
    parsed = SIGNER.parse(changed)
    assert (parsed is None) == (changed != path)


@settings(deadline=None)
@given(NAMES)
def test_another_key_mints_other_names(name: ImageName) -> None:
    other = ImageSigner(b"o" * 32)
    assert other.parse(mint(name)) is None
    assert mint(name, other) != mint(name)


@pytest.mark.parametrize("path", ["", "/images/", "a/boxart-342.1.x.avif", "../../etc/passwd", "é" * 200, "\x00"])
def test_what_nobody_minted_is_no_name(path: str) -> None:
    assert SIGNER.parse(path) is None


@pytest.mark.parametrize("width", [341, 1920, 99999])
def test_widths_that_are_not_drawn_have_no_name(width: int) -> None:
    assert SIGNER.parse(SIGNER.url("tit_a", "BOXART", "1", width, ImageFormat.AVIF)) is None


def test_kinds_that_do_not_exist_have_no_name() -> None:
    assert SIGNER.parse(SIGNER.url("tit_a", "BANNER", "1", 342, ImageFormat.AVIF)) is None


def test_pictures_are_kept_apart_by_all_that_names_them() -> None:
    def key(subject: str, kind: str, version: str, width: int, image_format: ImageFormat) -> str:
        name = SIGNER.parse(SIGNER.url(subject, kind, version, width, image_format))
        assert name is not None
        return name.storage_key

    keys = {
        key("tit_a", "BOXART", "1", 342, ImageFormat.AVIF),
        key("tit_b", "BOXART", "1", 342, ImageFormat.AVIF),
        key("tit_a", "WIDE", "1", 342, ImageFormat.AVIF),
        key("tit_a", "BOXART", "2", 342, ImageFormat.AVIF),
        key("tit_a", "BOXART", "1", 500, ImageFormat.AVIF),
        key("tit_a", "BOXART", "1", 342, ImageFormat.WEBP),
    }
    assert len(keys) == 6


def test_a_signer_does_not_show_its_key() -> None:
    assert "kkk" not in repr(SIGNER)
