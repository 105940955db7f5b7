"""Writes whole tables of the catalogue inside the importer's transaction, touching only the rows that differ."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from bff.stores.kept_edits import keep_edits
from bff.stores.postgres import Connection

IMPORT_DEADLINE = 120.0
"""Seconds that one statement of an import may take, waiting for another importer included."""

_LOCK = 4_207_102


class TableRows(Struct, frozen=True):
    """All rows that a table shall hold, as tuples in the order of `columns`; `key` is its primary key."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


class StoredSource(Struct, frozen=True):
    """A file as it was imported last; `shift` moves its dates since `first_imported_on`."""

    name: str
    file_name: str
    digest: str
    shift: timedelta
    first_imported_on: date
    content: bytes


async def lock_catalogue(connection: Connection, *, deadline: float = IMPORT_DEADLINE) -> None:
    """Held until the transaction ends by everyone who writes cards, so that versions appear in their order.

    Raises TimeoutError where another has it for longer than `deadline` seconds.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK, timeout=deadline)


async def read_sources(connection: Connection) -> dict[str, StoredSource]:
    """By the source's name."""
    rows = await connection.fetch(
        "SELECT name, file_name, digest, shift, first_imported_on, content FROM catalogue_source",
        timeout=IMPORT_DEADLINE,
    )
    return {row["name"]: StoredSource(*row.values()) for row in rows}


async def write_source(connection: Connection, source: StoredSource, imported_at: datetime) -> None:
    """Keep a source; its shift and first day stay what they were at its first import."""
    await connection.execute(
        """
        INSERT INTO catalogue_source (name, file_name, digest, shift, first_imported_on, content, imported_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (name) DO UPDATE SET
            file_name = excluded.file_name,
            digest = excluded.digest,
            content = excluded.content,
            imported_at = excluded.imported_at
        """,
        source.name,
        source.file_name,
        source.digest,
        source.shift,
        source.first_imported_on,
        source.content,
        imported_at,
        timeout=IMPORT_DEADLINE,
    )


async def replace_tables(connection: Connection, tables: Sequence[TableRows]) -> None:
    """Make the tables hold these rows, and besides only what is an operator's; `tables` names parents before children.

    Columns that are not named keep what they hold.
    """
    for rows in tables:
        await _load(connection, rows)
    await keep_edits(connection, {rows.table: rows.columns for rows in tables})
    for rows in tables:
        await _upsert(connection, rows)
    for rows in reversed(tables):
        await _delete_others(connection, rows)
    for rows in tables:
        await connection.execute(f"ANALYZE {rows.table}", timeout=IMPORT_DEADLINE)


async def append_outbox(connection: Connection, topic: str, key: str, payload: dict[str, object]) -> None:
    """Say what has happened, in the transaction in which it happens."""
    await connection.execute(
        "INSERT INTO outbox (topic, key, payload) VALUES ($1, $2, $3::jsonb)",
        topic,
        key,
        msgspec.json.encode(payload).decode(),
        timeout=IMPORT_DEADLINE,
    )


async def _load(connection: Connection, rows: TableRows) -> None:
    columns = ", ".join(rows.columns)
    await connection.execute(
        f"CREATE TEMP TABLE incoming_{rows.table} ON COMMIT DROP AS SELECT {columns} FROM {rows.table} WITH NO DATA",  # noqa: S608
        timeout=IMPORT_DEADLINE,
    )
    await connection.copy_records_to_table(
        f"incoming_{rows.table}", records=rows.rows, columns=rows.columns, timeout=IMPORT_DEADLINE
    )
    await connection.execute(f"ANALYZE incoming_{rows.table}", timeout=IMPORT_DEADLINE)


async def _upsert(connection: Connection, rows: TableRows) -> None:
    columns = ", ".join(rows.columns)
    others = [column for column in rows.columns if column not in rows.key]
    await connection.execute(
        f"""
        INSERT INTO {rows.table} AS held ({columns})
        SELECT {columns} FROM incoming_{rows.table}
        ON CONFLICT ({", ".join(rows.key)}) DO UPDATE
        SET {", ".join(f"{column} = excluded.{column}" for column in others)}
        WHERE ({", ".join(f"held.{column}" for column in others)})
            IS DISTINCT FROM ({", ".join(f"excluded.{column}" for column in others)})
        """,  # noqa: S608
        timeout=IMPORT_DEADLINE,
    )


async def _delete_others(connection: Connection, rows: TableRows) -> None:
    same = " AND ".join(f"incoming.{column} = held.{column}" for column in rows.key)
    await connection.execute(
        f"""
        DELETE FROM {rows.table} AS held
        WHERE NOT EXISTS (SELECT FROM incoming_{rows.table} AS incoming WHERE {same})
        """,  # noqa: S608
        timeout=IMPORT_DEADLINE,
    )
