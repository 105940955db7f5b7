"""What was packaged is read as players will read it, before anybody sees it."""

import shutil
from pathlib import Path

import pytest

from bff.media.check import check_package
from bff.media.commands import MediaError
from tests.media.assets import DURATION, LANGUAGES, PICTURES, SEGMENT, Asset

SEGMENTS = int(DURATION / SEGMENT)


def test_a_whole_package_is_measured(clear_asset: Asset) -> None:
    found = check_package(clear_asset.folder, duration=DURATION, segment_count=SEGMENTS)
    assert found.keys() == {*(picture.folder for picture in PICTURES), *(f"audio-{language}" for language in LANGUAGES)}
    assert all(0 < track.average_bitrate <= track.bitrate for track in found.values())
    assert found["h264-720"].codecs.startswith("avc1")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("h264-720/00002.m4s", None, "00002.m4s of h264-720 is missing or empty"),
        ("audio-es/00001.m4s", b"", "00001.m4s of audio-es is missing or empty"),
        ("av1-240/init.mp4", None, "init.mp4 of av1-240 is missing or empty"),
        ("text-en/00001.vtt", None, "00001.vtt of text-en is missing or empty"),
        ("vp9-240.m3u8", b"#EXTM3U\n", "The playlist of vp9-240 is broken"),
        ("h264-240.m3u8", b"#EXTM3U\n#EXTINF:8,\nh264-240/00001.m4s\n", "has 1 segments where 4 belong"),
        ("manifest.mpd", b"<MPD/>", "lists no track"),
    ],
)
def test_what_is_missing_or_out_of_step_is_never_published(
    clear_asset: Asset, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    folder = tmp_path / "asset"
    shutil.copytree(clear_asset.folder, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        check_package(folder, duration=DURATION, segment_count=SEGMENTS)


def test_tracks_last_as_long_as_the_picture(clear_asset: Asset) -> None:
    with pytest.raises(MediaError, match=r"lasts 8\.\d\d s where the picture has 9\.00 s"):
        check_package(clear_asset.folder, duration=9.0, segment_count=SEGMENTS)
