"""The manifests, as the packager writes them and as sessions get them, by parsers that others wrote."""

import json
import subprocess
from pathlib import Path
from typing import Any

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from bff.domain.key_signals import point_hls_keys, signal_clearkey
from tests.media.assets import DURATION, LANGUAGES, PICTURES, Asset

PARSE = Path(__file__).with_name("parse_manifests.mjs")
SEGMENTS = 4


@pytest.fixture(scope="module")
def manifests(clear_asset: Asset, encrypted_asset: Asset) -> dict[str, str]:
    clear, encrypted = (
        {path.name: path.read_text() for pattern in ("*.mpd", "*.m3u8") for path in sorted(asset.folder.glob(pattern))}
        for asset in (clear_asset, encrypted_asset)
    )
    served = {
        name: point_hls_keys(text.encode(), lambda key_id: f"/drm/identity/token/{key_id.hex()}").decode()
        for name, text in encrypted.items()
        if name.endswith(".m3u8")
    }
    served["clearkey.mpd"] = signal_clearkey(encrypted["manifest.mpd"].encode(), "/drm/clearkey/token?a=1&b=2").decode()
    return {
        f"{kind}/{name}": text
        for kind, found in (("clear", clear), ("encrypted", encrypted), ("served", served))
        for name, text in found.items()
    }


@pytest.fixture(scope="module")
def parsed(manifests: dict[str, str]) -> dict[str, Any]:
    """By hls-parser, which is strict, and mpd-parser."""
    done = subprocess.run(
        ["node", PARSE], input=json.dumps(manifests), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_are_read(manifests: dict[str, str], parsed: dict[str, Any]) -> None:
    assert parsed.keys() == manifests.keys()
    assert len(parsed) > 30


@pytest.mark.parametrize("kind", ["clear", "encrypted", "served"])
def test_strict_hls_parser_finds_variants_and_languages(parsed: dict[str, Any], kind: str) -> None:
    master = parsed[f"{kind}/master.m3u8"]
    assert {(variant["uri"], variant["height"]) for variant in master["variants"]} == {
        (f"{picture.folder}.m3u8", picture.height) for picture in PICTURES
    }
    assert set(master["audio"]) == set(master["subtitles"]) == set(LANGUAGES)
    playlist = parsed[f"{kind}/h264-240.m3u8"]
    assert (playlist["segments"], playlist["isWhole"]) == (SEGMENTS, True)
    assert playlist["duration"] == pytest.approx(DURATION, abs=0.1)
    assert parsed[f"{kind}/h264-240_iframe.m3u8"]["segments"] >= SEGMENTS


def test_keys_are_signalled_where_they_are_had(manifests: dict[str, str], parsed: dict[str, Any]) -> None:
    for folder in ("h264-240", "audio-en"):
        assert not parsed[f"clear/{folder}.m3u8"]["isEncrypted"]
        assert parsed[f"served/{folder}.m3u8"]["isEncrypted"]
        keys = [key for key in m3u8.loads(manifests[f"served/{folder}.m3u8"]).keys if key is not None]
        (bare,) = (key for key in keys if key.keyformat == "identity")
        assert (bare.method, bare.uri.rpartition("/")[0]) == ("SAMPLE-AES", "/drm/identity/token")
        assert len(keys) == 3
    assert not parsed["served/text-en.m3u8"]["isEncrypted"]


@pytest.mark.parametrize(
    ("name", "systems"),
    [
        ("clear/manifest.mpd", set()),
        # mpd-parser takes the common pssh for ClearKey's, and knows the system's own id not at all.
        (
            "encrypted/manifest.mpd",
            {"com.widevine.alpha", "com.microsoft.playready", "org.w3.clearkey", "mp4protection"},
        ),
        ("served/clearkey.mpd", {"com.widevine.alpha", "com.microsoft.playready", "mp4protection"}),
    ],
)
def test_dash_parsers_agree(manifests: dict[str, str], parsed: dict[str, Any], name: str, systems: set[str]) -> None:
    found = parsed[name]
    assert found["duration"] == pytest.approx(DURATION, abs=0.1)
    assert sorted(video["height"] for video in found["videos"]) == sorted(picture.height for picture in PICTURES)
    assert {video["segments"] for video in found["videos"]} == {SEGMENTS}
    assert set(found["audio"]) == set(LANGUAGES)
    assert {system for video in found["videos"] for system in video["systems"]} == systems
    (period,) = MPEGDASHParser.parse(manifests[name]).periods
    by_kind = {
        kind: [one for one in period.adaptation_sets if one.content_type == kind] for kind in ("video", "audio", "text")
    }
    heights = [picture.height or one.height for one in by_kind["video"] for picture in one.representations]
    assert sorted(heights) == sorted(picture.height for picture in PICTURES)
    assert {one.lang for one in by_kind["audio"]} == {one.lang for one in by_kind["text"]} == set(LANGUAGES)


def test_m3u8_reads_every_playlist(manifests: dict[str, str]) -> None:
    for name, text in manifests.items():
        if name.endswith(".m3u8"):
            playlist = m3u8.loads(text)
            assert bool(playlist.playlists) is name.endswith("/master.m3u8"), name
            assert bool(playlist.segments) is not name.endswith("/master.m3u8"), name
