"""How served manifests name keys, held against the packager's own ones."""

import re

from bff.domain.key_signals import point_hls_keys, signal_clearkey
from bff.domain.video import KeyLabel
from tests.media.assets import KEYS, Asset

LICENSE = "/drm/clearkey/header.payload.signature?a=1&b=2"
COMMON = "urn:uuid:1077efec-c0b2-4d02-ace3-3c1e52e2fb4b"
OTHERS = ("urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95")


def test_hls_keys_are_had_at_their_address(encrypted_asset: Asset) -> None:
    for folder, label in (("h264-240", KeyLabel.SD), ("h264-720", KeyLabel.HD), ("audio-es", KeyLabel.AUDIO)):
        playlist = (encrypted_asset.folder / f"{folder}.m3u8").read_bytes()
        pointed = point_hls_keys(playlist, lambda key_id: f"/drm/identity/t/{key_id.hex()}")
        changed = [
            (was, now)
            for was, now in zip(playlist.decode().splitlines(), pointed.decode().splitlines(), strict=True)
            if was != now
        ]
        ((was, now),) = changed
        assert 'KEYFORMAT="identity"' in now
        assert f'URI="/drm/identity/t/{KEYS[label].key_id.hex()}"' in now
        assert re.sub('URI="[^"]*"', "", was) == re.sub('URI="[^"]*"', "", now)


def test_playlists_without_keys_stay(clear_asset: Asset, encrypted_asset: Asset) -> None:
    for path in (
        clear_asset.folder / "h264-240.m3u8",
        clear_asset.folder / "master.m3u8",
        encrypted_asset.folder / "master.m3u8",
        encrypted_asset.folder / "text-en.m3u8",
    ):
        playlist = path.read_bytes()
        assert point_hls_keys(playlist, lambda key_id: key_id.hex()) == playlist


def test_clearkey_stands_in_place_of_the_common_pssh(encrypted_asset: Asset) -> None:
    mpd = (encrypted_asset.folder / "manifest.mpd").read_text()
    signalled = signal_clearkey(mpd.encode(), LICENSE).decode()
    assert mpd.count(COMMON) == signalled.count("urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e") > 0
    assert COMMON not in signalled
    assert signalled.count(f">{LICENSE.replace('&', '&amp;')}</dashif:Laurl>") == mpd.count(COMMON)
    for system in OTHERS:
        assert signalled.count(system) == mpd.count(system) > 0


def test_clear_mpd_stays(clear_asset: Asset) -> None:
    mpd = (clear_asset.folder / "manifest.mpd").read_bytes()
    assert signal_clearkey(mpd, LICENSE) == mpd
