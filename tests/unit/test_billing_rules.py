"""The rules of billing: periods that keep to their day, proration to the minor unit, retries, texts."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bff.domain.accounts import BillingPeriod, Money, Plan, PlanCode
from bff.domain.billing import (
    InvoiceKind,
    Stretch,
    add_months,
    begin_period,
    describe_invoice,
    find_next_try,
    find_token_fault,
    follow_period,
    format_money,
    price_period,
    prorate,
)
from bff.domain.video import Quality

MONTHLY = BillingPeriod.MONTHLY
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
PREMIUM = Plan(
    code=PlanCode.PREMIUM,
    name="Premium",
    price=Money(1999, "USD"),
    period=MONTHLY,
    max_streams=4,
    max_quality=Quality.P2160,
    download_devices=6,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2026-01-31T08:30", 1, "2026-02-28T08:30"),
        ("2028-01-31T08:30", 1, "2028-02-29T08:30"),
        ("2026-01-31T08:30", 2, "2026-03-31T08:30"),
        ("2026-01-31T08:30", 3, "2026-04-30T08:30"),
        ("2028-02-29T00:00", 12, "2029-02-28T00:00"),
        ("2028-02-29T00:00", 48, "2032-02-29T00:00"),
        ("2026-12-15T23:59", 1, "2027-01-15T23:59"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(anchor: str, months: int, expected: str) -> None:
    assert add_months(at(anchor), months) == at(expected)


def test_days_are_counted_in_utc() -> None:
    tokyo = datetime.fromisoformat("2026-02-01T08:00+09:00")
    assert add_months(tokyo, 1) == at("2026-02-28T23:00")


@given(INSTANTS, st.sampled_from(BillingPeriod), st.integers(1, 30))
def test_periods_follow_each_other_without_a_gap_on_the_day_of_the_first(
    start: datetime, length: BillingPeriod, count: int
) -> None:
    period = begin_period(start, length)
    months = 12 if length is BillingPeriod.YEARLY else 1
    for number in range(2, count + 2):
        following = follow_period(period.end, period.anchor, length, period.end)
        assert (following.start, following.anchor) == (period.end, start)
        assert following.end == add_months(start, number * months)
        assert following.end > following.start
        period = following


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_a_period_that_is_over_is_not_sold(start: datetime, late: timedelta) -> None:
    end = begin_period(start, MONTHLY).end
    now = end + late
    following = follow_period(end, start, MONTHLY, now)
    assert following.start <= now < following.end
    assert following.start == (end if now < add_months(start, 2) else now)


@st.composite
def changes(draw: st.DrawFn) -> tuple[datetime, datetime, list[Stretch]]:
    """A period, and the plans that it ran over: each dearer than the one before, or any."""
    start = draw(INSTANTS)
    end = begin_period(start, draw(st.sampled_from(BillingPeriod))).end
    prices = draw(st.lists(st.integers(0, 10**7), min_size=1, max_size=8))
    whole = (end - start) // timedelta(microseconds=1)
    offsets = sorted(draw(st.lists(st.integers(0, whole - 1), min_size=len(prices) - 1, max_size=len(prices) - 1)))
    starts = [start, *(start + timedelta(microseconds=offset) for offset in offsets)]
    return start, end, [Stretch(price, since) for price, since in zip(prices, starts, strict=True)]


@given(changes())
def test_what_was_charged_is_the_price_of_the_time_on_each_plan(case: tuple[datetime, datetime, list[Stretch]]) -> None:
    """The invariant: after any changes, what was charged for the period in all is the exact sum of price × share of
    time over its plans, rounded once: neither side gains or loses more than half a minor unit, however many changes."""
    start, end, stretches = case
    charged = stretches[0].price
    for count in range(1, len(stretches)):
        change = stretches[count]
        charged += prorate(stretches[:count], end, change.price, change.start)
    starts = [stretch.start for stretch in stretches] + [end]
    exact = sum(
        stretch.price
        * Fraction((until - since) // timedelta(microseconds=1), (end - start) // timedelta(microseconds=1))
        for stretch, (since, until) in zip(stretches, pairwise(starts), strict=True)
    )
    assert charged == price_period(stretches, end)
    assert abs(charged - exact) <= Fraction(1, 2)
    assert min(s.price for s in stretches) <= charged <= max(s.price for s in stretches)


@given(changes(), st.integers(0, 10**7))
def test_dearer_is_never_a_credit_and_the_same_price_costs_nothing(
    case: tuple[datetime, datetime, list[Stretch]], more: int
) -> None:
    _, end, stretches = case
    last = stretches[-1]
    now = last.start + (end - last.start) / 3
    assume(last.start <= now < end)
    assert prorate(stretches, end, last.price + more, now) >= 0
    assert prorate(stretches, end, last.price, now) == 0
    assert prorate(stretches, end, last.price + more, last.start) <= more


def test_half_a_month_of_a_dearer_plan_costs_half_the_difference() -> None:
    start, end = at("2026-04-01T00:00"), at("2026-05-01T00:00")
    assert prorate([Stretch(999, start)], end, 1999, at("2026-04-16T00:00")) == 500
    assert prorate([Stretch(990, start)], end, 1980, at("2026-04-16T00:00")) == 495


def test_three_retries_in_seven_days_and_no_more() -> None:
    due = at("2026-03-01T00:00")
    assert [find_next_try(due, declined) for declined in (1, 2, 3)] == [
        due + timedelta(days=2),
        due + timedelta(days=4),
        due + timedelta(days=7),
    ]
    assert find_next_try(due, 4) is None


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1549, "USD"), "15.49 USD"),
        (Money(5, "EUR"), "0.05 EUR"),
        (Money(1490, "JPY"), "1490 JPY"),
        (Money(1234, "KWD"), "1.234 KWD"),
    ],
)
def test_money_is_written_with_the_digits_of_its_currency(money: Money, text: str) -> None:
    assert format_money(money) == text


def test_an_invoice_says_what_for() -> None:
    start, end = at("2026-01-31T00:00"), at("2026-02-28T00:00")
    assert describe_invoice(InvoiceKind.RENEWAL, PREMIUM, start, end) == "Premium, 31 January 2026 to 28 February 2026"
    assert describe_invoice(InvoiceKind.UPGRADE, PREMIUM, start, end).startswith("Change to Premium, ")


@pytest.mark.parametrize(
    "token", ["", "x" * 256, "tok\n", "käse", "4111 1111 1111 1111", "4111-1111-1111-1111", "4" * 12]
)
def test_what_is_no_token_or_may_be_a_card_is_refused(token: str) -> None:
    assert find_token_fault(token) is not None


@pytest.mark.parametrize("token", ["decline", "tok_4111111111111111", "1234"])
def test_tokens_of_a_gateway_are_taken(token: str) -> None:
    assert find_token_fault(token) is None
