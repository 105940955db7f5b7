"""Where a session gets its keys, and how its manifests say so in place of what the packager wrote. Pure."""

import re
from base64 import b64decode
from collections.abc import Callable
from xml.sax.saxutils import escape

from bff.domain.devices import DrmSystem

LICENSED_SYSTEMS = frozenset({DrmSystem.CLEARKEY})
"""Those whose licences are had here: a device that knows none of them can play nothing that is encrypted."""
CLEARKEY_SYSTEM = "e2719d58-a985-b3c9-781a-b030af78d30e"
_COMMON_SYSTEM = "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b"

_IDENTITY_KEY = re.compile(
    rb'(?m)^(?P<start>#EXT-X-KEY:[^\n]*?URI=")data:text/plain;base64,(?P<key_id>[A-Za-z0-9+/=]+)'
    rb'(?P<end>"[^\n]*KEYFORMAT="identity"[^\n]*)$'
)
_COMMON_PROTECTION = re.compile(
    rf'<ContentProtection\b[^>]*"urn:uuid:{_COMMON_SYSTEM}"[^>]*?(?:/>|>.*?</ContentProtection>)'.encode(), re.DOTALL
)


def name_license(system: str, token: str) -> str:
    """Where a session's player gets its licence, below the origin."""
    return f"/drm/{system}/{token}"


def name_identity_key(token: str, key_id: bytes) -> str:
    """Where a session's HLS player gets one key, below the origin."""
    return f"/drm/identity/{token}/{key_id.hex()}"


def point_hls_keys(playlist: bytes, key_url: Callable[[bytes], str]) -> bytes:
    """A media playlist whose `identity` keys are had at `key_url` of their id.

    The packager puts the id itself there, as if it were the key: a player that believes it decrypts to noise.
    """

    def point(found: re.Match[bytes]) -> bytes:
        return found["start"] + key_url(b64decode(found["key_id"])).encode() + found["end"]

    return _IDENTITY_KEY.sub(point, playlist)


def signal_clearkey(mpd: bytes, license_url: str) -> bytes:
    """An MPD that names ClearKey and its licence server in place of the common `pssh`.

    For players that know ClearKey by name alone (dash.js): the common `pssh` beside it breaks their requests. Others
    do better with the MPD as it was: they ask one licence for all keys, where this makes them ask one a key.
    """
    protection = (
        f'<ContentProtection schemeIdUri="urn:uuid:{CLEARKEY_SYSTEM}" value="ClearKey1.0">'
        f'<dashif:Laurl xmlns:dashif="https://dashif.org/CPS" Lic_type="EME-1.0">{escape(license_url)}</dashif:Laurl>'
        "</ContentProtection>"
    )
    return _COMMON_PROTECTION.sub(lambda _: protection.encode(), mpd)
