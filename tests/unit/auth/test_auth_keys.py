"""Signing keys: made once by whoever comes first, wrapped at rest, useless under another key-encryption key."""

import asyncio
import base64
from datetime import datetime, timedelta

import asyncpg
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bff.auth.keys import open_key_ring
from bff.auth.tokens import AccessTokenVerifier, mint_access_token
from bff.errors import Unauthenticated
from bff.settings import Secret, SettingsError
from tests.engines import KEY_ENCRYPTION_KEY


async def test_many_processes_make_one_key(pool: asyncpg.Pool, noon: datetime) -> None:
    rings = await asyncio.gather(*(open_key_ring(pool, KEY_ENCRYPTION_KEY, noon) for _ in range(8)))
    assert len({ring.kid for ring in rings}) == 1
    assert await pool.fetchval("SELECT count(*) FROM signing_key") == 1


async def test_private_key_is_wrapped_at_rest(pool: asyncpg.Pool, noon: datetime) -> None:
    ring = await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)
    plain = ring.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    secret_number = ring.private_key.private_numbers().private_value.to_bytes(32)
    wrapped = await pool.fetchval("SELECT wrapped_private_key FROM signing_key")
    assert plain not in wrapped
    assert secret_number not in wrapped
    assert "private" not in repr(ring)


@pytest.mark.parametrize("key", ["", "short", "not base64 !", base64.b64encode(bytes(16)).decode()])
async def test_malformed_key_encryption_key_says_what_to_do(pool: asyncpg.Pool, noon: datetime, key: str) -> None:
    with pytest.raises(SettingsError, match="BFF_KEY_ENCRYPTION_KEY is not 32 bytes"):
        await open_key_ring(pool, Secret(key), noon)


async def test_other_key_encryption_key_says_what_to_do(pool: asyncpg.Pool, noon: datetime) -> None:
    await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)
    other = Secret(base64.b64encode(bytes(32)).decode())
    with pytest.raises(SettingsError, match="BFF_KEY_ENCRYPTION_KEY is not the key"):
        await open_key_ring(pool, other, noon)


async def test_wrapped_key_cannot_be_moved_to_another_row(pool: asyncpg.Pool, noon: datetime) -> None:
    await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)
    await pool.execute("UPDATE signing_key SET kid = 'another'")
    with pytest.raises(SettingsError):
        await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)


async def test_retiring_key_verifies_until_its_end_and_signs_no_more(pool: asyncpg.Pool, noon: datetime) -> None:
    old = await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)
    token, claims = mint_access_token(
        old,
        account_id="acc_1",
        profile_id=None,
        family_id="fam_1",
        device_id="dev_1",
        plan=None,
        region="US",
        permissions=(),
        now=noon,
        age=900,
    )
    await pool.execute("UPDATE signing_key SET retires_at = $1", noon + timedelta(minutes=15))
    new = await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon + timedelta(minutes=1))
    assert new.kid != old.kid
    assert AccessTokenVerifier(new).verify(token, noon + timedelta(minutes=1)) == claims
    later = await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon + timedelta(minutes=15))
    assert later.kid == new.kid
    with pytest.raises(Unauthenticated):
        AccessTokenVerifier(later).verify(token, noon + timedelta(minutes=1))
