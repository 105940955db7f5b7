"""What signing in takes, as one process holds it."""

from datetime import datetime

import asyncpg
from msgspec import Struct

from bff.auth.keys import MAX_AGE, KeyRing, derive_key, open_key_ring
from bff.auth.passwords import Passwords
from bff.auth.tokens import AccessTokenVerifier
from bff.settings import Settings, SettingsError
from bff.stores.ended_sign_ins import EndedSignIns


class Authority(Struct, frozen=True):
    """What signing in takes: where accounts are, the keys, who was signed out, and how long tokens live (seconds)."""

    pool: asyncpg.Pool
    passwords: Passwords
    keys: KeyRing
    verifier: AccessTokenVerifier
    ended: EndedSignIns
    successor_key: bytes
    default_region: str
    access_token_age: int
    refresh_token_age: int

    def __repr__(self) -> str:
        return f"Authority({self.keys!r}, …)"


async def open_authority(pool: asyncpg.Pool, settings: Settings, now: datetime) -> Authority:
    """Open the keys, making them on the first start.

    Raises SettingsError where the key-encryption key is not the right one, or access tokens would live too long.
    """
    if not 0 < settings.access_token_age <= MAX_AGE:
        raise SettingsError(f"BFF_ACCESS_TOKEN_AGE is {settings.access_token_age}; it takes 1 to {MAX_AGE} seconds.")
    keys = await open_key_ring(pool, settings.key_encryption_key, now)
    ended = EndedSignIns()
    verifier = AccessTokenVerifier(keys, ended=ended)
    keys.on_loss = verifier.forget
    return Authority(
        pool=pool,
        passwords=Passwords(),
        keys=keys,
        verifier=verifier,
        ended=ended,
        successor_key=derive_key(settings.key_encryption_key, "refresh tokens"),
        default_region=settings.default_region,
        access_token_age=settings.access_token_age,
        refresh_token_age=settings.refresh_token_age,
    )
