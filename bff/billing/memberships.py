"""What holders do to their membership. What they can act upon is a value, all else raises.

Each decision is taken under the account's lock, on what is known for sure: a charge whose outcome is open is concluded
first, and then one looks again.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum

from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct
from msgspec.structs import replace

from bff.billing.payments import Billing, ask, attempt_next, bill, collect, is_waiting_for_holder
from bff.billing.renewals import begin_renewal
from bff.domain.accounts import AccountStatus, MembershipStatus, Money, PlanCode
from bff.domain.billing import (
    InvoiceKind,
    InvoiceStatus,
    PaymentActionRequired,
    PaymentDeclined,
    Stretch,
    find_plan,
    find_token_fault,
    prorate,
)
from bff.domain.ids import IdKind, random_id
from bff.domain.memberships import (
    OpenInvoice,
    Standing,
    Terms,
    cancel,
    draw_up_renewal,
    draw_up_start,
    draw_up_upgrade,
    is_renewal_due,
    resume,
)
from bff.domain.problems import InvalidInput, refuse_input
from bff.errors import Conflict, NotFound, Unauthenticated, Unavailable
from bff.stores.billing import (
    Request,
    add_attempt,
    add_request,
    find_request,
    keep_payment_token,
    keep_terms,
    lock_standing,
    read_invoice_state,
    read_stretches,
    void_invoice,
)
from bff.stores.gateway import Charge, ChargeState, GatewayAway, NoGateway
from bff.stores.plans import read_plans

ROUNDS = 6
"""How often one looks again; more would mean that others keep changing the same account."""

_DECLINED = PaymentDeclined("The payment was declined, and nothing was charged. Try another payment method.")
_UNPAID = PaymentDeclined("The last payment was declined: give another payment method first.")
_AT_BANK = "Your bank asks you to confirm the payment. Follow the link, then try again."


class Done(Struct, frozen=True):
    """The membership is as was asked for."""


class _Pending(Enum):
    """A charge of somebody's else is open: ask what became of it, or take it back, and look again."""

    COLLECT = "COLLECT"
    WITHDRAW = "WITHDRAW"


class _Awaited(Struct, frozen=True):
    """The invoice that answers the call, once its charge is concluded."""

    invoice_id: str


class _Unverified(Struct, frozen=True):
    """The token must be known to be good before one looks again."""

    token: str

    def __repr__(self) -> str:
        return "_Unverified(…)"


MembershipChange = Done | PaymentDeclined | PaymentActionRequired | InvalidInput
_Step = MembershipChange | _Pending | _Awaited | _Unverified
_Decide = Callable[[PoolConnectionProxy, Standing, bool], Awaitable[_Step]]


async def start_membership(
    billing: Billing, account_id: str, *, plan: PlanCode, token: str | None, key: str | None, now: datetime
) -> MembershipChange:
    """Begin one, or take back the cancellation of one that still runs; without `token` by the method on file.

    The same `key` again answers as the first time, with other arguments it is a Conflict. So is a second membership.
    """
    _require_gateway(billing)
    if token is not None and (fault := find_token_fault(token)):
        return refuse_input("input.paymentToken", fault)
    if key is not None and not (0 < len(key) <= 255 and key.isprintable()):
        return refuse_input("input.idempotencyKey", "A key has 1 to 255 printable characters.")
    fingerprint = hashlib.sha256(f"{plan.value} {token or ''}".encode()).digest()

    async def decide(connection: PoolConnectionProxy, standing: Standing, is_verified: bool) -> _Step:
        known = await find_request(connection, account_id, key) if key is not None else None
        if known is not None:
            if known.fingerprint != fingerprint:
                raise Conflict("This `idempotencyKey` was used with other arguments: take a new one.")
            return Done() if known.invoice_id is None else _Awaited(known.invoice_id)
        step = await _decide_start(connection, standing, plan, token or standing.token, now, is_verified=is_verified)
        if key is not None and isinstance(step, Done | _Awaited):
            invoice_id = step.invoice_id if isinstance(step, _Awaited) else None
            await add_request(connection, account_id, key, Request(fingerprint, invoice_id), now)
        return step

    return await _carry_out(billing, account_id, decide, now)


async def change_membership(billing: Billing, account_id: str, *, plan: PlanCode, now: datetime) -> MembershipChange:
    """To a dearer plan at once, for the rest of the period's difference; to a cheaper one when the period ends.

    Raises NotFound where there is no membership.
    """
    _require_gateway(billing)

    async def decide(connection: PoolConnectionProxy, standing: Standing, is_verified: bool) -> _Step:
        del is_verified
        terms, invoice = _require_terms(standing, now), standing.invoice
        if invoice is not None and invoice.attempt is not None:
            is_same = invoice.kind is InvoiceKind.UPGRADE and invoice.plan is plan
            return _Awaited(invoice.id) if is_same else _give_way(invoice)
        if terms.status is MembershipStatus.PAST_DUE or invoice is not None:
            return _UNPAID
        if terms.status is MembershipStatus.CANCELLED:
            return refuse_input("plan", "The membership was cancelled: take it up again with `startMembership` first.")
        if is_renewal_due(standing, now):
            await begin_renewal(connection, standing, now)
            return _Pending.COLLECT
        if plan is terms.plan:
            await keep_terms(connection, account_id, replace(terms, pending_plan=None))
            return Done()
        return await _decide_change(connection, standing, terms, plan, now)

    return await _carry_out(billing, account_id, decide, now)


async def cancel_membership(billing: Billing, account_id: str, *, now: datetime) -> MembershipChange:
    """It runs to the end of what was paid for. Raises NotFound where there is no membership."""

    async def decide(connection: PoolConnectionProxy, standing: Standing, is_verified: bool) -> _Step:
        del is_verified
        terms, invoice = _require_terms(standing, now), standing.invoice
        if terms.status is MembershipStatus.CANCELLED:
            return Done()
        if invoice is not None:
            if invoice.attempt is not None:
                return _give_way(invoice)
            await void_invoice(connection, invoice.id)
        is_paid = terms.status is not MembershipStatus.PAST_DUE and invoice is None
        await keep_terms(connection, account_id, cancel(terms, now, is_paid=is_paid))
        return Done()

    return await _carry_out(billing, account_id, decide, now)


async def update_payment_method(billing: Billing, account_id: str, *, token: str, now: datetime) -> MembershipChange:
    """Keep another method; a renewal that was declined is charged to it at once.

    Raises NotFound where there is no membership.
    """
    _require_gateway(billing)
    fault = find_token_fault(token)
    if fault is not None:
        return refuse_input("paymentToken", fault)

    async def decide(connection: PoolConnectionProxy, standing: Standing, is_verified: bool) -> _Step:
        terms, invoice = _require_terms(standing, now), standing.invoice
        if invoice is not None and invoice.attempt is not None:
            is_same = invoice.kind is InvoiceKind.RENEWAL and invoice.attempt.token == token
            return _Awaited(invoice.id) if is_same else _give_way(invoice)
        if invoice is not None:
            await add_attempt(connection, invoice.id, attempt_next(invoice, token, now, is_scheduled=False))
            return _Awaited(invoice.id)
        if terms.status is MembershipStatus.PAST_DUE:
            plan = find_plan(await read_plans(connection, standing.country), terms.pending_plan or terms.plan)
            owed = draw_up_renewal(terms, plan, standing.country, now)
            await bill(connection, account_id, owed, plan, attempt_next(owed, token, now, is_scheduled=False))
            return _Awaited(owed.id)
        if not is_verified:
            return _Unverified(token)
        await keep_payment_token(connection, account_id, token, now)
        return Done()

    return await _carry_out(billing, account_id, decide, now)


async def _carry_out(billing: Billing, account_id: str, decide: _Decide, now: datetime) -> MembershipChange:
    """Raises Unavailable where the gateway does not answer: what was begun is concluded later."""
    is_verified = False
    try:
        for _ in range(ROUNDS):
            async with billing.pool.acquire(timeout=2) as connection, connection.transaction():
                standing = await lock_standing(connection, account_id)
                if standing is None or standing.account_status is AccountStatus.CANCELLED:
                    raise Unauthenticated("This account is gone.")
                step = await decide(connection, standing, is_verified)
            if isinstance(step, _Awaited):
                await collect(billing, account_id, now)
                return await _report(billing, step.invoice_id)
            if isinstance(step, _Pending):
                await collect(billing, account_id, now, withdraw=step is _Pending.WITHDRAW)
            elif isinstance(step, _Unverified):
                refusal = await _verify(billing, standing, step.token)
                if refusal is not None:
                    return refusal
                is_verified = True
            else:
                return step
    except GatewayAway as error:
        raise Unavailable(
            "The payment is not confirmed yet: call again with the same arguments. Nothing is charged twice."
        ) from error
    raise Unavailable("This membership is being changed from elsewhere: look at it again, then call again.")


async def _report(billing: Billing, invoice_id: str) -> MembershipChange:
    status, url = await read_invoice_state(billing.pool, invoice_id)
    if status is InvoiceStatus.PAID:
        return Done()
    return PaymentActionRequired(_AT_BANK, url) if url is not None else _DECLINED


async def _verify(billing: Billing, standing: Standing, token: str) -> PaymentDeclined | PaymentActionRequired | None:
    """Whether the token can be charged later. A token stands for one card: the gateway is asked about it once."""
    key = hashlib.sha256(f"{standing.account_id} {token}".encode()).hexdigest()
    charge = Charge(key=key, total=Money(0, "XXX"), token=token, is_holder_present=True)
    result = await ask(billing.gateway, charge)
    if result.state is ChargeState.SUCCEEDED:
        return None
    return PaymentActionRequired(_AT_BANK, result.url) if result.url is not None else _DECLINED


async def _decide_start(
    connection: PoolConnectionProxy,
    standing: Standing,
    code: PlanCode,
    token: str | None,
    now: datetime,
    *,
    is_verified: bool,
) -> _Step:
    terms, invoice = standing.terms, standing.invoice
    if invoice is not None and invoice.attempt is not None:
        is_same = invoice.kind is InvoiceKind.START and invoice.plan is code and invoice.attempt.token == token
        return _Awaited(invoice.id) if is_same else _give_way(invoice)
    if terms is not None and not terms.is_over(now):
        if terms.status is not MembershipStatus.CANCELLED:
            raise Conflict("There is a membership: use `changeMembership` or `updatePaymentMethod`.")
        if terms.plan is not code:
            return refuse_input(
                "input.plan", f"The membership that runs is {terms.plan}: take that up again, then change the plan."
            )
        if token is not None and token != standing.token:
            if not is_verified:
                return _Unverified(token)
            await keep_payment_token(connection, standing.account_id, token, now)
        await keep_terms(connection, standing.account_id, resume(terms))
        return Done()
    if token is None:
        return refuse_input("input.paymentToken", "There is no payment method on file: give a token.")
    if invoice is not None:
        await void_invoice(connection, invoice.id)
    plan = find_plan(await read_plans(connection, standing.country), code)
    begun = draw_up_start(random_id(IdKind.INVOICE), plan, standing.country, now)
    await bill(connection, standing.account_id, begun, plan, attempt_next(begun, token, now, is_scheduled=False))
    return _Awaited(begun.id)


async def _decide_change(
    connection: PoolConnectionProxy, standing: Standing, terms: Terms, code: PlanCode, now: datetime
) -> _Step:
    stretches, priced_in = await read_stretches(connection, standing.account_id, terms)
    country = priced_in or standing.country
    plans = await read_plans(connection, country)
    plan = find_plan(plans, code)
    if not stretches:
        stretches = [Stretch(find_plan(plans, terms.plan).price.amount, terms.period_start)]
    if plan.price.amount < stretches[-1].price:
        await keep_terms(connection, standing.account_id, replace(terms, pending_plan=code))
        return Done()
    if standing.token is None:
        return PaymentDeclined("There is no payment method on file: give one with `updatePaymentMethod` first.")
    amount = prorate(stretches, terms.renews_at or now, plan.price.amount, now)
    invoice = draw_up_upgrade(random_id(IdKind.INVOICE), terms, plan, country, amount=amount, now=now)
    attempt = attempt_next(invoice, standing.token, now, is_scheduled=False)
    await bill(connection, standing.account_id, invoice, plan, attempt)
    return _Awaited(invoice.id)


def _give_way(invoice: OpenInvoice) -> _Pending:
    """What waits for the card holder is taken back for what is asked now; what is on its way is waited for."""
    return _Pending.WITHDRAW if is_waiting_for_holder(invoice) else _Pending.COLLECT


def _require_gateway(billing: Billing) -> None:
    """What nobody can charge must not be written down, to be charged some day."""
    if isinstance(billing.gateway, NoGateway):
        raise Unavailable("This server takes no payments yet.", retry_after=3600)


def _require_terms(standing: Standing, now: datetime) -> Terms:
    if standing.terms is None or standing.terms.is_over(now):
        raise NotFound("There is no membership: begin one with `startMembership`.")
    return standing.terms
