"""What billing keeps. Whoever changes anything of an account's locks the account's row first (`lock_standing`), so that
changes of one account follow each other; functions that take a connection need that transaction to be open.
"""

from datetime import datetime

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.billing import InvoiceStatus, Stretch
from bff.domain.memberships import RENEWING, Attempt, OpenInvoice, Standing, Terms

_READ_STANDING = """
SELECT json_build_object('account_id', a.id, 'email', a.email, 'country', a.country, 'account_status', a.status,
  'terms', (SELECT json_build_object('id', m.id, 'plan', m.plan, 'status', m.status, 'started_at', m.started_at,
      'anchor_at', coalesce(m.anchor_at, m.renews_at, m.ends_at, m.started_at),
      'period_start', coalesce(m.period_start, m.started_at), 'renews_at', m.renews_at, 'ends_at', m.ends_at,
      'pending_plan', m.pending_plan) FROM membership m WHERE m.account_id = a.id),
  'token', (SELECT token FROM payment_method WHERE account_id = a.id),
  'invoice', (SELECT json_build_object('id', i.id, 'kind', i.kind, 'plan', i.plan, 'plan_price', i.plan_price,
      'amount', i.amount, 'currency', i.currency, 'country', i.country, 'covers_from', i.covers_from,
      'covers_until', i.covers_until, 'anchor_at', i.anchor_at, 'issued_at', i.issued_at, 'declined', i.declined,
      'next_try_at', i.next_try_at,
      'attempts', (SELECT count(*) FROM payment_attempt t WHERE t.invoice_id = i.id),
      'attempt', (SELECT json_build_object('number', t.number, 'token', t.token, 'is_scheduled', t.is_scheduled,
          'created_at', t.created_at, 'action_url', t.action_url)
          FROM payment_attempt t WHERE t.invoice_id = i.id AND t.outcome IS NULL))
      FROM invoice i WHERE i.account_id = a.id AND i.status = 'OPEN')
)::text FROM account a WHERE a.id = $1
"""

_DUE = f"""
SELECT a.id FROM (
  SELECT m.account_id FROM membership m WHERE m.renews_at <= $1 AND m.status = ANY('{{{",".join(RENEWING)}}}')
    AND NOT EXISTS (SELECT FROM invoice i
      WHERE i.account_id = m.account_id AND i.status = 'OPEN' AND i.kind = 'RENEWAL')
  UNION SELECT account_id FROM invoice WHERE next_try_at <= $1
) AS due JOIN account a ON a.id = due.account_id
WHERE a.id > $2 AND a.status = 'ACTIVE' ORDER BY a.id LIMIT $3
"""  # noqa: S608 - constants only

_ENDING = """
SELECT account_id FROM membership WHERE ends_at <= $1 AND status <> 'ENDED' AND account_id > $2
ORDER BY account_id LIMIT $3
"""

_UNFINISHED = """
SELECT i.account_id FROM payment_attempt t JOIN invoice i ON i.id = t.invoice_id
WHERE t.outcome IS NULL AND t.created_at <= $1 AND i.account_id > $2 ORDER BY i.account_id LIMIT $3
"""

_decode_standing = msgspec.json.Decoder(Standing).decode


class Request(Struct, frozen=True):
    """What a client asked for under a key, and the invoice that came of it, if one did."""

    fingerprint: bytes
    invoice_id: str | None


async def lock_standing(
    connection: PoolConnectionProxy, account_id: str, *, skip_locked: bool = False
) -> Standing | None:
    """None for an account that is gone; with `skip_locked` for one that somebody else is busy with, too."""
    lock = "SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE"
    # A statement of its own: what is read must be as it is once the lock is held.
    if await connection.fetchval(f"{lock} SKIP LOCKED" if skip_locked else lock, account_id) is None:
        return None
    return await read_standing(connection, account_id)


async def read_standing(connection: PoolConnectionProxy | asyncpg.Pool, account_id: str) -> Standing | None:
    document = await connection.fetchval(_READ_STANDING, account_id)
    return None if document is None else _decode_standing(document)


async def keep_terms(connection: PoolConnectionProxy, account_id: str, terms: Terms) -> None:
    await connection.execute(
        """INSERT INTO membership (id, account_id, plan, status, started_at, anchor_at, period_start, renews_at,
            ends_at, pending_plan) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (account_id) DO UPDATE SET plan = excluded.plan, status = excluded.status,
            started_at = excluded.started_at, anchor_at = excluded.anchor_at, period_start = excluded.period_start,
            renews_at = excluded.renews_at, ends_at = excluded.ends_at, pending_plan = excluded.pending_plan""",
        terms.id,
        account_id,
        terms.plan.value,
        terms.status.value,
        terms.started_at,
        terms.anchor_at,
        terms.period_start,
        terms.renews_at,
        terms.ends_at,
        terms.pending_plan.value if terms.pending_plan else None,
    )


async def keep_payment_token(connection: PoolConnectionProxy, account_id: str, token: str, now: datetime) -> None:
    await connection.execute(
        """INSERT INTO payment_method (account_id, token, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (account_id) DO UPDATE SET token = excluded.token, updated_at = excluded.updated_at""",
        account_id,
        token,
        now,
    )


async def add_invoice(
    connection: PoolConnectionProxy,
    account_id: str,
    invoice: OpenInvoice,
    *,
    description: str,
    paid_at: datetime | None = None,
) -> None:
    """An open one, or with `paid_at` one that was paid."""
    await connection.execute(
        """INSERT INTO invoice (id, account_id, kind, plan, plan_price, amount, currency, country, covers_from,
            covers_until, anchor_at, status, description, issued_at, paid_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        invoice.id,
        account_id,
        invoice.kind.value,
        invoice.plan.value,
        invoice.plan_price,
        invoice.amount,
        invoice.currency,
        invoice.country,
        invoice.covers_from,
        invoice.covers_until,
        invoice.anchor_at,
        InvoiceStatus.OPEN.value if paid_at is None else InvoiceStatus.PAID.value,
        description,
        invoice.issued_at,
        paid_at,
    )


async def mark_paid(connection: PoolConnectionProxy, invoice: OpenInvoice, description: str, now: datetime) -> None:
    """With the period that the payment bought."""
    await connection.execute(
        """UPDATE invoice SET status = 'PAID', paid_at = $2, next_try_at = NULL, covers_from = $3, covers_until = $4,
            anchor_at = $5, description = $6 WHERE id = $1""",
        invoice.id,
        now,
        invoice.covers_from,
        invoice.covers_until,
        invoice.anchor_at,
        description,
    )


async def void_invoice(connection: PoolConnectionProxy, invoice_id: str) -> None:
    await connection.execute("UPDATE invoice SET status = 'VOID', next_try_at = NULL WHERE id = $1", invoice_id)


async def note_declined_try(
    connection: PoolConnectionProxy, invoice_id: str, *, declined: int, next_try_at: datetime | None
) -> None:
    await connection.execute(
        "UPDATE invoice SET declined = $2, next_try_at = $3 WHERE id = $1", invoice_id, declined, next_try_at
    )


async def add_attempt(connection: PoolConnectionProxy, invoice_id: str, attempt: Attempt) -> None:
    """What the gateway is asked for as soon as this is committed."""
    await connection.execute(
        """INSERT INTO payment_attempt (invoice_id, number, token, is_scheduled, created_at)
        VALUES ($1, $2, $3, $4, $5)""",
        invoice_id,
        attempt.number,
        attempt.token,
        attempt.is_scheduled,
        attempt.created_at,
    )


async def note_action(connection: PoolConnectionProxy, invoice_id: str, number: int, url: str | None) -> None:
    """The bank asks the card holder."""
    await connection.execute(
        "UPDATE payment_attempt SET action_url = $3 WHERE invoice_id = $1 AND number = $2", invoice_id, number, url
    )


async def finish_attempt(
    connection: PoolConnectionProxy, invoice_id: str, number: int, outcome: str, now: datetime
) -> None:
    await connection.execute(
        "UPDATE payment_attempt SET outcome = $3, finished_at = $4 WHERE invoice_id = $1 AND number = $2",
        invoice_id,
        number,
        outcome,
        now,
    )


async def find_request(connection: PoolConnectionProxy, account_id: str, key: str) -> Request | None:
    row = await connection.fetchrow(
        "SELECT fingerprint, invoice_id FROM membership_request WHERE account_id = $1 AND key = $2", account_id, key
    )
    return Request(row["fingerprint"], row["invoice_id"]) if row else None


async def add_request(
    connection: PoolConnectionProxy, account_id: str, key: str, request: Request, now: datetime
) -> None:
    await connection.execute(
        """INSERT INTO membership_request (account_id, key, fingerprint, invoice_id, created_at)
        VALUES ($1, $2, $3, $4, $5)""",
        account_id,
        key,
        request.fingerprint,
        request.invoice_id,
        now,
    )


async def read_stretches(connection: PoolConnectionProxy, account_id: str, terms: Terms) -> tuple[list[Stretch], str]:
    """What was paid for the present period, and the country whose prices it goes by; "" where nothing was."""
    rows = await connection.fetch(
        """SELECT plan_price, covers_from, country FROM invoice
        WHERE account_id = $1 AND status = 'PAID' AND covers_until = $2 AND covers_from >= $3
        ORDER BY covers_from, issued_at, id""",
        account_id,
        terms.renews_at,
        terms.period_start,
    )
    stretches = [Stretch(row["plan_price"], row["covers_from"]) for row in rows]
    return stretches, rows[0]["country"] if rows else ""


async def read_invoice_state(pool: asyncpg.Pool, invoice_id: str) -> tuple[InvoiceStatus, str | None]:
    """What became of an invoice, and where the bank asks the card holder while it is open."""
    row = await pool.fetchrow(
        """SELECT status, (SELECT action_url FROM payment_attempt WHERE invoice_id = i.id AND outcome IS NULL) AS url
        FROM invoice i WHERE id = $1""",
        invoice_id,
    )
    return (InvoiceStatus(row["status"]), row["url"]) if row else (InvoiceStatus.VOID, None)


async def list_due(pool: asyncpg.Pool, now: datetime, *, after: str, limit: int) -> list[str]:
    """Accounts, in the order of their ids behind `after`, with a renewal to be tried now."""
    return [row["id"] for row in await pool.fetch(_DUE, now, after, limit)]


async def list_ending(pool: asyncpg.Pool, now: datetime, *, after: str, limit: int) -> list[str]:
    """Accounts with a membership whose end has come."""
    return [row["account_id"] for row in await pool.fetch(_ENDING, now, after, limit)]


async def list_unfinished(pool: asyncpg.Pool, before: datetime, *, after: str, limit: int) -> list[str]:
    """Accounts with a charge that was asked for at `before` or earlier, and whose outcome is not known."""
    return [row["account_id"] for row in await pool.fetch(_UNFINISHED, before, after, limit)]


async def list_closed(pool: asyncpg.Pool) -> list[str]:
    """Deleted accounts, of which something is still there, with a charge whose outcome is not known."""
    rows = await pool.fetch(
        """SELECT i.account_id FROM payment_attempt t JOIN invoice i ON i.id = t.invoice_id
        JOIN account a ON a.id = i.account_id WHERE t.outcome IS NULL AND a.status = 'CANCELLED'"""
    )
    return [row["account_id"] for row in rows]


async def remove_old_requests(pool: asyncpg.Pool, before: datetime) -> int:
    status: str = await pool.execute(
        """DELETE FROM membership_request WHERE (account_id, key) IN (
            SELECT account_id, key FROM membership_request WHERE created_at < $1 FOR UPDATE SKIP LOCKED)""",
        before,
        timeout=60,
    )
    return int(status.removeprefix("DELETE "))
