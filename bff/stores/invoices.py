"""Reads of invoices for those whom they were written to."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from bff.domain.accounts import Money
from bff.domain.billing import Invoice, InvoiceStatus

_COLUMNS = "id, issued_at, amount, currency, status, description"


async def read_invoices(
    pool: asyncpg.Pool, account_id: str, *, limit: int, before: tuple[datetime, str] | None
) -> list[Invoice]:
    """Latest first, `limit` of them behind `before` (when one was issued, and its id)."""
    rows = await pool.fetch(
        f"""SELECT {_COLUMNS} FROM invoice
        WHERE account_id = $1 AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4))
        ORDER BY issued_at DESC, id DESC LIMIT $2""",  # noqa: S608 - constants only
        account_id,
        limit,
        *(before or (None, None)),
    )
    return [_to_invoice(row) for row in rows]


async def find_invoices(pool: asyncpg.Pool, account_id: str, invoice_ids: Sequence[str]) -> dict[str, Invoice]:
    """By their ids; those of other accounts are left out like those that do not exist."""
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM invoice WHERE id = ANY($2::text[]) AND account_id = $1",  # noqa: S608 - constants only
        account_id,
        list(invoice_ids),
    )
    return {row["id"]: _to_invoice(row) for row in rows}


def _to_invoice(row: asyncpg.Record) -> Invoice:
    return Invoice(
        id=row["id"],
        issued_at=row["issued_at"],
        total=Money(row["amount"], row["currency"]),
        status=InvoiceStatus(row["status"]),
        description=row["description"],
    )
