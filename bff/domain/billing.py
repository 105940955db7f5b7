"""What memberships cost and when: periods, proration, retries of a declined card. Money is in integer minor units."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct

from bff.domain.accounts import BillingPeriod, Money, Plan, PlanCode

RETRIES = (timedelta(days=2), timedelta(days=4), timedelta(days=7))
"""How long after it was due a renewal whose card was declined is tried again; after the last the membership waits."""
HOLD = timedelta(days=30)
"""How long a membership waits for a payment before it ends."""
ACTION_AGE = timedelta(hours=24)
"""How long a card holder has for what the bank asks, and the gateway for an answer; then the charge is withdrawn."""

_MONTHS = {BillingPeriod.MONTHLY: 1, BillingPeriod.YEARLY: 12}
_NO_MINOR_UNIT = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


class InvoiceStatus(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    VOID = "VOID"
    REFUNDED = "REFUNDED"


class InvoiceKind(StrEnum):
    """START begins a membership, RENEWAL its next period; UPGRADE is the rest of a period on a dearer plan."""

    START = "START"
    RENEWAL = "RENEWAL"
    UPGRADE = "UPGRADE"


class Invoice(Struct, frozen=True, kw_only=True):
    """What was, or is to be, charged at once."""

    id: str
    issued_at: datetime
    total: Money
    status: InvoiceStatus
    description: str


class PaymentDeclined(Struct, frozen=True):
    """Nothing was charged; another payment method may do."""

    message: str


class PaymentActionRequired(Struct, frozen=True):
    """The bank asks the card holder at `url`; nothing is charged before that."""

    message: str
    url: str

    def __repr__(self) -> str:
        return f"PaymentActionRequired({self.message!r}, …)"


class Stretch(Struct, frozen=True):
    """From `start` on, the period was paid for at `price`: that of a whole period, in minor units."""

    price: int
    start: datetime


class Period(Struct, frozen=True):
    """A stretch of paid time, and the instant that its renewals are counted from."""

    start: datetime
    end: datetime
    anchor: datetime


def add_months(anchor: datetime, months: int) -> datetime:
    """The same day and time of a later month, in UTC; the month's last day where it has no such day."""
    anchor = anchor.astimezone(UTC)
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))


def begin_period(now: datetime, length: BillingPeriod) -> Period:
    """The first period of a membership that begins now."""
    return Period(now, add_months(now, _MONTHS[length]), now)


def follow_period(end: datetime, anchor: datetime, length: BillingPeriod, now: datetime) -> Period:
    """The period after one that ended at `end`, on the anchor's day: 31 January, 28 February, 31 March.

    A period that is already over is not sold: where nobody asked for so long, a new one begins now.
    """
    gone = (end.year - anchor.year) * 12 + end.month - anchor.month
    following = Period(end, add_months(anchor, gone + _MONTHS[length]), anchor)
    return following if following.end > now else begin_period(now, length)


def price_period(stretches: Sequence[Stretch], end: datetime) -> int:
    """What a period costs that ran over these plans, one after the other: the exact sum, rounded once, half up."""
    starts = [stretch.start for stretch in stretches] + [end]
    exact = sum(
        (
            stretch.price * Fraction((until - since) // timedelta(microseconds=1))
            for stretch, (since, until) in zip(stretches, pairwise(starts), strict=True)
        ),
        Fraction(0),
    ) / ((end - starts[0]) // timedelta(microseconds=1))
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def prorate(stretches: Sequence[Stretch], end: datetime, price: int, now: datetime) -> int:
    """What is due now for the rest of the period at another price.

    The whole period is priced with the change and without, and the difference is due. So whatever the changes, the
    sum of what was charged for a period is `price_period` of its stretches, to the minor unit: it differs from the
    exact price of the time on each plan by half a minor unit at most, however many changes there were.
    """
    return price_period([*stretches, Stretch(price, now)], end) - price_period(stretches, end)


def find_next_try(due_at: datetime, declined: int) -> datetime | None:
    """When a renewal is tried again that was declined so many times; None where it is not any more."""
    return due_at + RETRIES[declined - 1] if declined <= len(RETRIES) else None


def format_money(money: Money) -> str:
    """`15.49 USD`, `1490 JPY`."""
    digits = 0 if money.currency in _NO_MINOR_UNIT else 3 if money.currency in _THOUSANDTHS else 2
    whole, fraction = divmod(money.amount, 10**digits)
    return f"{whole}.{fraction:0{digits}} {money.currency}" if digits else f"{whole} {money.currency}"


def describe_invoice(kind: InvoiceKind, plan: Plan, start: datetime, end: datetime) -> str:
    """`Premium, 1 March 2026 to 1 April 2026`."""
    what = f"Change to {plan.name}" if kind is InvoiceKind.UPGRADE else plan.name
    return f"{what}, {_format_day(start)} to {_format_day(end)}"


def find_token_fault(token: str) -> str | None:
    """Why a text cannot be a payment token; a card's number above all, which must not be kept."""
    if not 0 < len(token) <= 255 or not token.isascii() or not token.isprintable():
        return "A payment token has 1 to 255 printable ASCII characters."
    digits = token.replace(" ", "").replace("-", "")
    if digits.isdigit() and 12 <= len(digits) <= 19:
        return "This looks like the number of a card: send the token that the payment gateway gave for it instead."
    return None


def find_plan(plans: Sequence[Plan], code: PlanCode) -> Plan:
    """Raises LookupError for a plan that is not sold."""
    for plan in plans:
        if plan.code is code:
            return plan
    raise LookupError(code)


def _format_day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"
