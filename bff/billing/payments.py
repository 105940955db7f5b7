"""Charges that are never made twice and never lost: an attempt is a row before the gateway is asked, under a key of
its own, and whoever finds it without an outcome may ask again.
"""

import asyncio
import logging
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.accounts import AccountStatus, MembershipStatus, Plan
from bff.domain.billing import InvoiceKind, describe_invoice, find_next_try, find_plan, format_money
from bff.domain.mail import MailKind
from bff.domain.memberships import Attempt, OpenInvoice, Standing, date_paid_invoice, hold, pay_for
from bff.stores.billing import (
    add_attempt,
    add_invoice,
    finish_attempt,
    keep_payment_token,
    keep_terms,
    lock_standing,
    mark_paid,
    note_action,
    note_declined_try,
    read_standing,
    void_invoice,
)
from bff.stores.gateway import Charge, ChargeResult, ChargeState, GatewayAway, PaymentGateway
from bff.stores.mail import queue_mail
from bff.stores.plans import read_plans

log = logging.getLogger(__name__)

GATEWAY_DEADLINE = 10.0
"""Seconds that the gateway has for an answer."""


class Billing(Struct, frozen=True):
    """What billing takes: where accounts are, and who takes the money."""

    pool: asyncpg.Pool
    gateway: PaymentGateway


async def bill(
    connection: PoolConnectionProxy, account_id: str, invoice: OpenInvoice, plan: Plan, attempt: Attempt | None
) -> None:
    """Write an invoice, and with it the attempt to charge it."""
    description = describe_invoice(invoice.kind, plan, invoice.covers_from, invoice.covers_until)
    await add_invoice(connection, account_id, invoice, description=description)
    if attempt is not None:
        await add_attempt(connection, invoice.id, attempt)


async def ask(gateway: PaymentGateway, charge: Charge) -> ChargeResult:
    """Raises GatewayAway, after a while at the latest."""
    try:
        async with asyncio.timeout(GATEWAY_DEADLINE):
            return await gateway.charge(charge)
    except TimeoutError as error:
        raise GatewayAway(f"{charge.key}: no answer") from error


async def collect(billing: Billing, account_id: str, now: datetime, *, withdraw: bool = False) -> None:
    """Ask the gateway for what was attempted, or take it back, and keep what it says; nothing where nothing waits.

    May run at any time, and anywhere at once. Raises GatewayAway, with the attempt left for the next who asks.
    """
    standing = await read_standing(billing.pool, account_id)
    if standing is None or standing.invoice is None or standing.invoice.attempt is None:
        return
    invoice, attempt = standing.invoice, standing.invoice.attempt
    charge = Charge(
        key=f"{invoice.id}/{attempt.number}",
        total=invoice.total,
        token=attempt.token,
        is_holder_present=not attempt.is_scheduled,
    )
    result = await _withdraw(billing.gateway, charge) if withdraw else await ask(billing.gateway, charge)
    if attempt.is_scheduled and result.state is ChargeState.ACTION_REQUIRED:
        result = await _withdraw(billing.gateway, charge)
    async with billing.pool.acquire(timeout=5) as connection, connection.transaction():
        held = await lock_standing(connection, account_id)
        is_gone = held is None or held.account_status is AccountStatus.CANCELLED
        if is_gone and result.state is ChargeState.SUCCEEDED:
            log.error("Charge %s was made for an account that is gone: refund it", charge.key)
        if held is None or held.invoice is None or held.invoice.id != invoice.id or held.invoice.attempt is None:
            return
        if held.invoice.attempt.number == attempt.number:
            await _conclude(connection, held, held.invoice, held.invoice.attempt, result, now=now)


async def _withdraw(gateway: PaymentGateway, charge: Charge) -> ChargeResult:
    try:
        async with asyncio.timeout(GATEWAY_DEADLINE):
            result = await gateway.withdraw(charge)
    except TimeoutError as error:
        raise GatewayAway(f"{charge.key}: no answer") from error
    if result.state is ChargeState.ACTION_REQUIRED:
        raise GatewayAway(f"{charge.key}: not withdrawn")
    return result


async def _conclude(
    connection: PoolConnectionProxy,
    standing: Standing,
    invoice: OpenInvoice,
    attempt: Attempt,
    result: ChargeResult,
    *,
    now: datetime,
) -> None:
    if result.state is ChargeState.ACTION_REQUIRED:
        await note_action(connection, invoice.id, attempt.number, result.url)
        return
    await finish_attempt(connection, invoice.id, attempt.number, result.state.value, now)
    if result.state is ChargeState.SUCCEEDED:
        await _apply(connection, standing, invoice, attempt, now)
    elif invoice.kind is not InvoiceKind.RENEWAL:
        await void_invoice(connection, invoice.id)
    elif attempt.is_scheduled:
        await note_decline(connection, standing, invoice, now)


async def _apply(
    connection: PoolConnectionProxy, standing: Standing, invoice: OpenInvoice, attempt: Attempt, now: datetime
) -> None:
    plan = find_plan(await read_plans(connection, invoice.country), invoice.plan)
    dated = date_paid_invoice(invoice, standing.terms, plan.period, now)
    description = describe_invoice(dated.kind, plan, dated.covers_from, dated.covers_until)
    await mark_paid(connection, dated, description, now)
    await keep_terms(connection, standing.account_id, pay_for(standing.account_id, standing.terms, dated))
    if not attempt.is_scheduled:
        await keep_payment_token(connection, standing.account_id, attempt.token, now)


async def note_decline(
    connection: PoolConnectionProxy, standing: Standing, invoice: OpenInvoice, now: datetime
) -> None:
    """A scheduled try brought nothing: there is another, or the membership waits; its holder gets a mail."""
    declined = invoice.declined + 1
    next_try_at = find_next_try(invoice.issued_at, declined)
    await note_declined_try(connection, invoice.id, declined=declined, next_try_at=next_try_at)
    if next_try_at is not None:
        next_step = (
            f"We try again on {next_try_at.day} {next_try_at:%B}. Until then you can give another payment method in "
            "the settings of your account."
        )
    else:
        terms = standing.terms
        if terms is not None and terms.status is not MembershipStatus.PAST_DUE:
            await keep_terms(connection, standing.account_id, hold(terms, now))
        next_step = "Your membership is on hold: give another payment method in the settings to go on watching."
    if standing.account_status is AccountStatus.CANCELLED:
        return
    await queue_mail(
        connection,
        MailKind.PAYMENT_DECLINED,
        standing.email,
        now=now,
        account_id=standing.account_id,
        details={"amount": format_money(invoice.total), "next_step": next_step},
    )


def attempt_next(invoice: OpenInvoice, token: str, now: datetime, *, is_scheduled: bool) -> Attempt:
    return Attempt(number=invoice.attempts + 1, token=token, is_scheduled=is_scheduled, created_at=now)


def is_waiting_for_holder(invoice: OpenInvoice) -> bool:
    return invoice.attempt is not None and invoice.attempt.action_url is not None
