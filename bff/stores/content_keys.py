"""The content keys of assets, one a label, under the key-encryption key. Who may have them is decided elsewhere."""

import secrets
from collections.abc import Iterable

import asyncpg

from bff.domain.video import ContentKey, KeyLabel
from bff.settings import Secret, SettingsError
from bff.stores.postgres import Connection
from bff.stores.wrapping import Wrapping

_DEADLINE = 2.0
_KEY_BYTES = 16
"""AES-128, which both schemes of common encryption use; key ids have as many (ISO/IEC 23001-7)."""

_READ = "SELECT label, key_id, wrapped_key FROM content_key WHERE asset_id = $1"


async def make_content_keys(
    connection: Connection, key_encryption_key: Secret, asset_id: str, labels: Iterable[KeyLabel]
) -> dict[KeyLabel, ContentKey]:
    """The keys of these labels, made where the asset has none yet: whoever comes again gets the same.

    Raises SettingsError where the key-encryption key is malformed, or is not the one that keys there were wrapped with.
    """
    wrapping = Wrapping(key_encryption_key)
    wanted = sorted(set(labels))
    rows = []
    for label in wanted:
        key_id = secrets.token_bytes(_KEY_BYTES)
        wrapped = wrapping.wrap(secrets.token_bytes(_KEY_BYTES), _name_owner(asset_id, label, key_id))
        rows.append((asset_id, label, key_id, wrapped))
    await connection.executemany(
        """INSERT INTO content_key (asset_id, label, key_id, wrapped_key) VALUES ($1, $2, $3, $4)
        ON CONFLICT (asset_id, label) DO NOTHING""",
        rows,
    )
    keys = _open(wrapping, asset_id, await connection.fetch(_READ, asset_id))
    return {label: keys[label] for label in wanted}


async def read_content_keys(
    pool: asyncpg.Pool, key_encryption_key: Secret, asset_id: str
) -> dict[KeyLabel, ContentKey]:
    """All that the asset has; none for one that is not encrypted. Raises like `make_content_keys`."""
    async with pool.acquire(timeout=_DEADLINE) as connection:
        rows = await connection.fetch(_READ, asset_id, timeout=_DEADLINE)
    return _open(Wrapping(key_encryption_key), asset_id, rows)


def _open(wrapping: Wrapping, asset_id: str, rows: Iterable[asyncpg.Record]) -> dict[KeyLabel, ContentKey]:
    return {KeyLabel(row["label"]): _open_one(wrapping, asset_id, row) for row in rows}


def _open_one(wrapping: Wrapping, asset_id: str, row: asyncpg.Record) -> ContentKey:
    key = wrapping.unwrap(row["wrapped_key"], _name_owner(asset_id, row["label"], row["key_id"]))
    if key is None:
        raise SettingsError(
            f"BFF_KEY_ENCRYPTION_KEY is not the key that the content keys of {asset_id} were wrapped with: start with "
            "that one, or ingest the film anew."
        )
    return ContentKey(row["key_id"], key)


def _name_owner(asset_id: str, label: str, key_id: bytes) -> bytes:
    return f"{asset_id} {label} {key_id.hex()}".encode()
