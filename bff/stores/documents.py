"""Trusted documents: what clients were released with, by the hash of the text; the only SQL on them."""

import hashlib
from collections.abc import Iterable

import asyncpg
from msgspec import Struct

_DEADLINE = 2.0


class ReleasedDocument(Struct, frozen=True):
    """A text that a version of a client sends."""

    client: str
    version: str
    hash: str
    body: str


def hash_document(text: str) -> str:
    """What clients put behind `sha256:`."""
    return hashlib.sha256(text.encode()).hexdigest()


async def find_document(pool: asyncpg.Pool, document_hash: str) -> str | None:
    """The text of that hash. Raises asyncpg's errors, OSError or TimeoutError where the database is away."""
    body: str | None = await pool.fetchval(
        "SELECT body FROM document WHERE hash = $1", document_hash, timeout=_DEADLINE
    )
    return body


async def publish_documents(pool: asyncpg.Pool, client: str, version: str, texts: Iterable[str]) -> None:
    """All or none; publishing the same again changes nothing."""
    rows = [(hash_document(text), text) for text in texts]
    async with pool.acquire(timeout=_DEADLINE) as connection, connection.transaction():
        await connection.executemany("INSERT INTO document (hash, body) VALUES ($1, $2) ON CONFLICT DO NOTHING", rows)
        await connection.executemany(
            "INSERT INTO document_release (client, version, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [(client, version, document_hash) for document_hash, _ in rows],
        )


async def read_released_documents(pool: asyncpg.Pool) -> list[ReleasedDocument]:
    """Every document of every client's version, in order."""
    rows = await pool.fetch(
        "SELECT client, version, hash, body FROM document_release JOIN document USING (hash) "
        "ORDER BY client, version, hash"
    )
    return [ReleasedDocument(**row) for row in rows]
