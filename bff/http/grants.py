"""What a playback session may decrypt: its asset's keys up to its quality, while it goes on."""

import asyncpg
from starlette.requests import Request

from bff.domain.video import KeyLabel, Quality, label_of
from bff.errors import Forbidden, Unavailable
from bff.http.drm import FindGrant, Grant
from bff.http.media import MediaGate
from bff.settings import Secret
from bff.stores.content_keys import read_content_keys
from bff.stores.postgres import is_away


def find_grants(gate: MediaGate, pool: asyncpg.Pool, key_encryption_key: Secret) -> FindGrant:
    """Lets in whom the gate of media lets in, with the same token."""

    async def find_grant(request: Request, token: str) -> Grant | None:
        try:
            claims = gate.check(token, gate.read_country(request))
        except Forbidden:
            return None
        try:
            keys = await read_content_keys(pool, key_encryption_key, claims.asset_id)
        except Exception as error:
            if is_away(error):
                raise Unavailable("PostgreSQL is away.") from error
            raise
        allowed = list_labels(claims.max_quality)
        return Grant(tuple(key for label, key in keys.items() if label in allowed), claims.expires_at)

    return find_grant


def list_labels(max_quality: Quality) -> frozenset[KeyLabel]:
    """The labels of sound, and of pictures up to a quality."""
    pictures = {label_of(quality) for quality in Quality if quality.lines <= max_quality.lines}
    return frozenset({KeyLabel.AUDIO, *pictures})
