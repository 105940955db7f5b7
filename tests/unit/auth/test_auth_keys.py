"""Signing keys: made once by whoever comes first, wrapped at rest, and changed under running processes."""

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bff.auth import keys
from bff.auth.keys import PUBLISHED_AHEAD, KeyRing, open_key_ring, rotate_signing_key
from bff.auth.tokens import AccessTokenVerifier, mint_access_token
from bff.settings import Secret, SettingsError
from tests.engines import KEY_ENCRYPTION_KEY

MONTH = timedelta(days=30)


async def test_many_processes_make_one_key(pool: asyncpg.Pool, noon: datetime) -> None:
    rings = await asyncio.gather(*(open_key_ring(pool, KEY_ENCRYPTION_KEY, noon) for _ in range(8)))
    assert len({key.kid for ring in rings for key in ring.list_keys()}) == 1
    assert await pool.fetchval("SELECT count(*) FROM signing_key") == 1


async def test_private_key_is_wrapped_at_rest(pool: asyncpg.Pool, noon: datetime) -> None:
    ring = await open_key_ring(pool, KEY_ENCRYPTION_KEY, noon)
    (key,) = ring.list_keys()
    plain = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    secret_number = key.private_key.private_numbers().private_value.to_bytes(32)
    wrapped = await pool.fetchval("SELECT wrapped_private_key FROM signing_key")
    assert plain not in wrapped
    assert secret_number not in wrapped
    assert "private" not in repr(ring)
    assert "private" not in repr(key)


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


def mint(keys: KeyRing, now: datetime) -> tuple[str, str]:
    """A token and the id of the key that signed it."""
    token, _ = mint_access_token(
        keys,
        account_id="acc_1",
        profile_id=None,
        family_id="fam_1",
        device_id="dev_1",
        plan=None,
        region="US",
        permissions=(),
        now=now,
        age=900,
    )
    return token, jwt.get_unverified_header(token)["kid"]


async def rotate(pool: asyncpg.Pool, now: datetime) -> str | None:
    return await rotate_signing_key(pool, KEY_ENCRYPTION_KEY, now, age=MONTH)


async def look(pool: asyncpg.Pool, now: datetime) -> KeyRing:
    """What a process knows that has looked at this instant."""
    return await open_key_ring(pool, KEY_ENCRYPTION_KEY, now)


async def test_new_key_is_known_everywhere_before_it_signs_and_the_old_one_while_its_tokens_live(
    pool: asyncpg.Pool, noon: datetime
) -> None:
    old = (await look(pool, noon)).list_keys()[0].kid
    turn = noon + MONTH
    new = await rotate(pool, turn - PUBLISHED_AHEAD)
    assert new is not None
    for shift in range(-600, 1200, 20):
        now = turn + timedelta(seconds=shift)
        token, kid = mint(await look(pool, now), now)
        assert kid == (old if shift < 0 else new)
        # Whoever looked minutes ago, and whoever looks while the token lives, takes it.
        for seconds in (-300, 0, 899):
            ring = await look(pool, max(turn - PUBLISHED_AHEAD, now + timedelta(seconds=seconds)))
            assert AccessTokenVerifier(ring).verify(token, now)
    assert [key.kid for key in (await look(pool, turn + timedelta(hours=2))).list_keys()] == [new]


async def test_keys_turn_once_a_month_however_many_try(pool: asyncpg.Pool, noon: datetime) -> None:
    await look(pool, noon)
    added = []
    for hour in range(0, 24 * 95, 12):
        now = noon + timedelta(hours=hour)
        added += [kid for kid in await asyncio.gather(*(rotate(pool, now) for _ in range(3))) if kid is not None]
    assert len(added) == 3
    assert await pool.fetchval("SELECT count(*) FROM signing_key") == 1


async def test_key_that_is_to_come_signs_where_it_is_the_only_one_left(pool: asyncpg.Pool, noon: datetime) -> None:
    """What an operator does about a key that was stolen: delete its row."""
    stolen = (await look(pool, noon)).list_keys()[0].kid
    new = await rotate(pool, noon + MONTH)
    await pool.execute("DELETE FROM signing_key WHERE kid = $1", stolen)
    ring = await look(pool, noon + MONTH)
    assert mint(ring, noon + MONTH)[1] == new


async def test_running_process_follows_the_keys(
    pool: asyncpg.Pool, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "LOOK_EVERY", 0.05)
    ring = await look(pool, noon)
    (old,) = ring.list_keys()
    async with ring.following(pool, KEY_ENCRYPTION_KEY, lambda: noon + MONTH):
        new = await rotate(pool, noon + MONTH)
        await until(lambda: [key.kid for key in ring.list_keys()] == [old.kid, new])
        await pool.execute("ALTER TABLE signing_key RENAME TO signing_key_away")
        await asyncio.sleep(0.2)
        assert [key.kid for key in ring.list_keys()] == [old.kid, new]
        await pool.execute("ALTER TABLE signing_key_away RENAME TO signing_key")
        await pool.execute("DELETE FROM signing_key")
        await until(lambda: len(ring.list_keys()) == 1)
        assert ring.list_keys()[0].kid not in (old.kid, new)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
