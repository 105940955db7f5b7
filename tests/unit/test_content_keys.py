"""Content keys: one a label of an asset, made once, wrapped at rest."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from bff.domain.video import ContentKey, KeyLabel
from bff.settings import Secret, SettingsError
from bff.stores.content_keys import make_content_keys, read_content_keys
from bff.stores.postgres import open_pool
from tests.engines import KEY_ENCRYPTION_KEY, Engines

ASSET = "ast_sintel"
LABELS = (KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO)


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()


async def make(pool: asyncpg.Pool, asset_id: str, labels: Iterable[KeyLabel]) -> dict[KeyLabel, ContentKey]:
    async with pool.acquire() as connection, connection.transaction():
        return await make_content_keys(connection, KEY_ENCRYPTION_KEY, asset_id, labels)


async def test_keys_of_an_asset_are_made_once(pool: asyncpg.Pool) -> None:
    first, *others = await asyncio.gather(*(make(pool, ASSET, LABELS) for _ in range(4)))
    assert others == [first] * 3
    assert await read_content_keys(pool, KEY_ENCRYPTION_KEY, ASSET) == first


async def test_labels_have_keys_of_their_own(pool: asyncpg.Pool) -> None:
    sd_only = await make(pool, ASSET, [KeyLabel.SD])
    keys = await make(pool, ASSET, LABELS)
    other = await make(pool, "ast_other", LABELS)
    assert keys.keys() == set(LABELS)
    assert keys[KeyLabel.SD] == sd_only[KeyLabel.SD]
    made = [*keys.values(), *other.values()]
    assert len({key.key for key in made}) == len({key.key_id for key in made}) == 6
    assert {len(part) for key in made for part in (key.key, key.key_id)} == {16}
    assert await read_content_keys(pool, KEY_ENCRYPTION_KEY, "ast_clear") == {}


async def test_keys_are_hidden(pool: asyncpg.Pool) -> None:
    (key,) = (await make(pool, ASSET, [KeyLabel.SD])).values()
    wrapped = await pool.fetchval("SELECT wrapped_key FROM content_key")
    assert key.key not in wrapped
    assert repr(key) == f"ContentKey({key.key_id.hex()}, …)"


async def test_wrapped_key_is_good_for_its_row_and_key_encryption_key_only(pool: asyncpg.Pool) -> None:
    await make(pool, ASSET, LABELS)
    other = Secret(base64.b64encode(bytes(32)).decode())
    with pytest.raises(SettingsError, match="BFF_KEY_ENCRYPTION_KEY is not the key"):
        await read_content_keys(pool, other, ASSET)
    await pool.execute("UPDATE content_key SET asset_id = 'ast_other'")
    with pytest.raises(SettingsError, match="ast_other"):
        await read_content_keys(pool, KEY_ENCRYPTION_KEY, "ast_other")
