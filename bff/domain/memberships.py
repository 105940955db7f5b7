"""What a membership turns into when it is paid for, cancelled or not paid for. Values in, values out."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bff.domain.accounts import AccountStatus, BillingPeriod, MembershipStatus, Money, Plan, PlanCode
from bff.domain.billing import HOLD, InvoiceKind, Period, begin_period, follow_period
from bff.domain.ids import IdKind, derive_id

RENEWING = (MembershipStatus.ACTIVE, MembershipStatus.TRIAL)


class Terms(Struct, frozen=True, kw_only=True):
    """A membership as it is kept. The paid period runs from `period_start` to `renews_at`, or to `ends_at`.

    While a renewal is tried, `renews_at` is when it was due. PAST_DUE waits for a payment until `ends_at`.
    """

    id: str
    plan: PlanCode
    status: MembershipStatus
    started_at: datetime
    anchor_at: datetime
    period_start: datetime
    renews_at: datetime | None = None
    ends_at: datetime | None = None
    pending_plan: PlanCode | None = None

    def is_over(self, now: datetime) -> bool:
        return self.status is MembershipStatus.ENDED or (self.ends_at is not None and self.ends_at <= now)


class Attempt(Struct, frozen=True, kw_only=True):
    """A charge that was asked for, and whose outcome is not known yet.

    `is_scheduled`: the card holder is not there to answer the bank. `action_url` is where the bank asks.
    """

    number: int
    token: str
    is_scheduled: bool
    created_at: datetime
    action_url: str | None = None

    def __repr__(self) -> str:
        return f"Attempt({self.number!r}, …)"


class OpenInvoice(Struct, frozen=True, kw_only=True):
    """An invoice that is to be paid; an account has one at most.

    `plan_price` is that of a whole period, at the prices of `country`. `declined` counts the scheduled tries so far.
    """

    id: str
    kind: InvoiceKind
    plan: PlanCode
    plan_price: int
    amount: int
    currency: str
    country: str
    covers_from: datetime
    covers_until: datetime
    anchor_at: datetime
    issued_at: datetime
    attempts: int = 0
    declined: int = 0
    next_try_at: datetime | None = None
    attempt: Attempt | None = None

    @property
    def total(self) -> Money:
        return Money(self.amount, self.currency)


class Standing(Struct, frozen=True, kw_only=True):
    """All of an account that billing decides by; `token` is the payment method's."""

    account_id: str
    email: str
    country: str
    account_status: AccountStatus
    terms: Terms | None = None
    token: str | None = None
    invoice: OpenInvoice | None = None

    def __repr__(self) -> str:
        return f"Standing({self.account_id!r}, …)"


def is_renewal_due(standing: Standing, now: datetime) -> bool:
    """Whether a period is over that ought to be followed by another, and was not paid for."""
    terms = standing.terms
    return terms is not None and terms.status in RENEWING and terms.renews_at is not None and terms.renews_at <= now


def draw_up_start(invoice_id: str, plan: Plan, country: str, now: datetime) -> OpenInvoice:
    return _draw_up(invoice_id, InvoiceKind.START, plan, country, begin_period(now, plan.period), now=now)


def draw_up_renewal(terms: Terms, plan: Plan, country: str, now: datetime) -> OpenInvoice:
    """For the period after the present one. The same renewal has the same id, whoever draws it up."""
    end = terms.renews_at or terms.ends_at or now
    period = follow_period(end, terms.anchor_at, plan.period, now)
    invoice_id = derive_id(IdKind.INVOICE, f"{terms.id}/{end.isoformat()}")
    return _draw_up(invoice_id, InvoiceKind.RENEWAL, plan, country, period, now=now)


def draw_up_upgrade(
    invoice_id: str, terms: Terms, plan: Plan, country: str, *, amount: int, now: datetime
) -> OpenInvoice:
    """`amount` is what the rest of the period costs more."""
    end = terms.renews_at or now
    invoice = _draw_up(invoice_id, InvoiceKind.UPGRADE, plan, country, Period(now, end, terms.anchor_at), now=now)
    return replace(invoice, amount=amount)


def draw_up_paid(kind: InvoiceKind, plan: Plan, standing: Standing, period: Period) -> OpenInvoice:
    """For a period that was paid for when it began."""
    invoice_id = derive_id(IdKind.INVOICE, f"{standing.account_id}/{period.end.isoformat()}")
    return _draw_up(invoice_id, kind, plan, standing.country, period, now=period.start)


def _draw_up(
    invoice_id: str, kind: InvoiceKind, plan: Plan, country: str, period: Period, *, now: datetime
) -> OpenInvoice:
    return OpenInvoice(
        id=invoice_id,
        kind=kind,
        plan=plan.code,
        plan_price=plan.price.amount,
        amount=plan.price.amount,
        currency=plan.price.currency,
        country=country,
        covers_from=period.start,
        covers_until=period.end,
        anchor_at=period.anchor,
        issued_at=now,
    )


def date_paid_invoice(invoice: OpenInvoice, terms: Terms | None, length: BillingPeriod, now: datetime) -> OpenInvoice:
    """The invoice with the period that its payment buys: where nobody could watch in between, it begins now."""
    is_anew = invoice.kind is InvoiceKind.START or (
        invoice.kind is InvoiceKind.RENEWAL and terms is not None and terms.status is MembershipStatus.PAST_DUE
    )
    if not is_anew:
        return invoice
    period = begin_period(now, length)
    return replace(invoice, covers_from=period.start, covers_until=period.end, anchor_at=period.anchor)


def pay_for(account_id: str, terms: Terms | None, invoice: OpenInvoice) -> Terms:
    """The membership once a dated invoice is paid."""
    if invoice.kind is InvoiceKind.UPGRADE and terms is not None:
        return replace(terms, plan=invoice.plan, pending_plan=None)
    is_new = terms is None or invoice.kind is InvoiceKind.START
    return Terms(
        id=derive_id(IdKind.MEMBERSHIP, account_id) if terms is None else terms.id,
        plan=invoice.plan,
        status=MembershipStatus.ACTIVE,
        started_at=invoice.covers_from if is_new or terms is None else terms.started_at,
        anchor_at=invoice.anchor_at,
        period_start=invoice.covers_from,
        renews_at=invoice.covers_until,
    )


def hold(terms: Terms, now: datetime) -> Terms:
    """No try brought the money: nobody watches until there is another payment method, and `HOLD` later it ends."""
    return replace(terms, status=MembershipStatus.PAST_DUE, renews_at=None, ends_at=now + HOLD)


def cancel(terms: Terms, now: datetime, *, is_paid: bool) -> Terms:
    """It runs to the end of what was paid for: where nothing is, it ends now."""
    if not is_paid or terms.renews_at is None or terms.renews_at <= now:
        return end(terms, now)
    return replace(terms, status=MembershipStatus.CANCELLED, renews_at=None, ends_at=terms.renews_at, pending_plan=None)


def resume(terms: Terms) -> Terms:
    """Takes a cancellation back before its end has come: the next period is paid for as if nothing had been."""
    return replace(terms, status=MembershipStatus.ACTIVE, renews_at=terms.ends_at, ends_at=None)


def end(terms: Terms, now: datetime) -> Terms:
    ends_at = terms.ends_at if terms.ends_at is not None and terms.ends_at < now else now
    return replace(terms, status=MembershipStatus.ENDED, renews_at=None, ends_at=ends_at, pending_plan=None)
