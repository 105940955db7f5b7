"""What time does to memberships: periods follow each other, declined cards are tried again, what is over ends.

Every function goes through all accounts that are due once, may run at any time, and in several workers at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bff.billing.payments import Billing, attempt_next, bill, collect, is_waiting_for_holder, note_decline
from bff.domain.billing import ACTION_AGE, InvoiceKind, find_plan
from bff.domain.memberships import Standing, draw_up_renewal, end, is_renewal_due
from bff.stores.billing import (
    add_attempt,
    keep_terms,
    list_closed,
    list_due,
    list_ending,
    list_unfinished,
    lock_standing,
    note_declined_try,
    read_standing,
    void_invoice,
)
from bff.stores.gateway import GatewayAway, NoGateway
from bff.stores.plans import read_plans

log = logging.getLogger(__name__)

BATCH = 100
AT_ONCE = 2
GRACE = timedelta(minutes=1)
"""How long whoever began an attempt has to conclude it before somebody else does."""

_List = Callable[..., Awaitable[list[str]]]


async def renew_memberships(billing: Billing, now: datetime) -> int:
    """Try every renewal that is due, for the first time or again; answers how many were tried."""
    if isinstance(billing.gateway, NoGateway):
        return 0
    return await _go_through(billing, list_due, now, lambda account_id: _renew(billing, account_id, now))


async def finish_attempts(billing: Billing, now: datetime) -> int:
    """Ask what became of charges whose process died, or whose card holder was sent to the bank."""

    async def finish(account_id: str) -> bool:
        standing = await read_standing(billing.pool, account_id)
        attempt = standing.invoice.attempt if standing is not None and standing.invoice is not None else None
        if attempt is None or attempt.created_at > now - GRACE:
            return False
        # Nobody counts on it any more who began it so long ago.
        is_late = not attempt.is_scheduled and attempt.created_at <= now - ACTION_AGE
        await collect(billing, account_id, now, withdraw=is_late)
        return True

    return await _go_through(billing, list_unfinished, now - GRACE, finish)


async def end_memberships(billing: Billing, now: datetime) -> int:
    """End what was cancelled or held up to now; answers how many."""
    return await _go_through(billing, list_ending, now, lambda account_id: _end(billing, account_id, now))


async def withdraw_charges(billing: Billing, now: datetime) -> None:
    """Take back what accounts were about to pay that are deleted now: their bank might still be told to pay it.

    What cannot be taken back is logged, and left to the next run.
    """

    async def withdraw(account_id: str) -> bool:
        await collect(billing, account_id, now, withdraw=True)
        return True

    for account_id in await list_closed(billing.pool):
        if await _treat(withdraw, account_id) is None:
            return


async def begin_renewal(connection: PoolConnectionProxy, standing: Standing, now: datetime) -> None:
    """Draw up the renewal that is due, with the attempt to charge it; having nothing to charge counts as a decline."""
    terms = standing.terms
    if terms is None:
        raise LookupError("an account without a membership has none to renew")
    plan = find_plan(await read_plans(connection, standing.country), terms.pending_plan or terms.plan)
    invoice = draw_up_renewal(terms, plan, standing.country, now)
    if standing.token is None:
        await bill(connection, standing.account_id, invoice, plan, None)
        await note_decline(connection, standing, invoice, now)
        return
    attempt = attempt_next(invoice, standing.token, now, is_scheduled=True)
    await bill(connection, standing.account_id, invoice, plan, attempt)


async def _renew(billing: Billing, account_id: str, now: datetime) -> bool:
    async with billing.pool.acquire(timeout=5) as connection, connection.transaction():
        standing = await lock_standing(connection, account_id, skip_locked=True)
        if standing is None:
            return False
        is_waiting = standing.invoice is not None and is_waiting_for_holder(standing.invoice)
        if not is_waiting and not await _begin_try(connection, standing, now):
            return False
    if is_waiting:
        # An upgrade that nobody confirmed gives way: the period that it was for is over.
        await collect(billing, account_id, now, withdraw=True)
        return await _renew(billing, account_id, now)
    await collect(billing, account_id, now)
    return True


async def _begin_try(connection: PoolConnectionProxy, standing: Standing, now: datetime) -> bool:
    """Whether there is something to try; it was listed as due before the lock was held."""
    invoice = standing.invoice
    if invoice is None:
        if not is_renewal_due(standing, now):
            return False
        await begin_renewal(connection, standing, now)
        return True
    if invoice.kind is not InvoiceKind.RENEWAL or invoice.attempt is not None:
        return False
    if invoice.next_try_at is None or invoice.next_try_at > now:
        return False
    if standing.token is None:
        await note_decline(connection, standing, invoice, now)
        return True
    await note_declined_try(connection, invoice.id, declined=invoice.declined, next_try_at=None)
    await add_attempt(connection, invoice.id, attempt_next(invoice, standing.token, now, is_scheduled=True))
    return True


async def _end(billing: Billing, account_id: str, now: datetime) -> bool:
    async with billing.pool.acquire(timeout=5) as connection, connection.transaction():
        standing = await lock_standing(connection, account_id, skip_locked=True)
        if standing is None or standing.terms is None or not standing.terms.is_over(now):
            return False
        if standing.invoice is None or standing.invoice.attempt is None:
            if standing.invoice is not None:
                await void_invoice(connection, standing.invoice.id)
            await keep_terms(connection, account_id, end(standing.terms, now))
            return True
    await collect(billing, account_id, now, withdraw=True)
    return await _end(billing, account_id, now)


async def _go_through(
    billing: Billing, list_accounts: _List, until: datetime, treat: Callable[[str], Awaitable[bool]]
) -> int:
    """Treat each account once; one that fails is logged and left to the next run. A gateway that is away ends it."""
    done, after = 0, ""
    while True:
        account_ids = await list_accounts(billing.pool, until, after=after, limit=BATCH)
        if not account_ids:
            return done
        after = account_ids[-1]
        for start in range(0, len(account_ids), AT_ONCE):
            results = await asyncio.gather(
                *(_treat(treat, account_id) for account_id in account_ids[start : start + AT_ONCE])
            )
            if None in results:
                return done
            done += sum(filter(None, results))


async def _treat(treat: Callable[[str], Awaitable[bool]], account_id: str) -> bool | None:
    """None where the gateway does not answer."""
    try:
        return await treat(account_id)
    except GatewayAway as error:
        log.warning("The payment gateway is away: %s", error)
        return None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, LookupError):
        log.exception("billing of account %s failed; the next run tries again", account_id)
        return False
