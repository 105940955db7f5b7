"""How manifests name keys: what the packager wrote there, rewritten for one playback session. Pure text to text."""

import re
from base64 import b64decode
from collections.abc import Callable
from xml.sax.saxutils import escape

CLEARKEY_SYSTEM = "e2719d58-a985-b3c9-781a-b030af78d30e"
_COMMON_SYSTEM = "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b"

_IDENTITY_KEY = re.compile(
    r'(?m)^(?P<start>#EXT-X-KEY:[^\n]*?URI=")data:text/plain;base64,(?P<key_id>[A-Za-z0-9+/=]+)'
    r'(?P<end>"[^\n]*KEYFORMAT="identity"[^\n]*)$'
)
_COMMON_PROTECTION = re.compile(
    rf'<ContentProtection\b[^>]*"urn:uuid:{_COMMON_SYSTEM}"[^>]*?(?:/>|>.*?</ContentProtection>)', re.DOTALL
)


def point_hls_keys(playlist: str, key_url: Callable[[bytes], str]) -> str:
    """A media playlist whose `identity` keys are had at `key_url` of their id.

    The packager puts the id itself there, as if it were the key: a player that believes it decrypts to noise.
    """

    def point(found: re.Match[str]) -> str:
        return f"{found['start']}{key_url(b64decode(found['key_id']))}{found['end']}"

    return _IDENTITY_KEY.sub(point, playlist)


def signal_clearkey(mpd: str, license_url: str) -> str:
    """An MPD that names ClearKey and its licence server in place of the common `pssh`.

    For players that know ClearKey by name alone (dash.js): the common `pssh` beside it breaks their requests. Others
    do better with the MPD as it was: they ask one licence for all keys, where this makes them ask one a key.
    """
    protection = (
        f'<ContentProtection schemeIdUri="urn:uuid:{CLEARKEY_SYSTEM}" value="ClearKey1.0">'
        f'<dashif:Laurl xmlns:dashif="https://dashif.org/CPS" Lic_type="EME-1.0">{escape(license_url)}</dashif:Laurl>'
        "</ContentProtection>"
    )
    return _COMMON_PROTECTION.sub(lambda _: protection, mpd)
