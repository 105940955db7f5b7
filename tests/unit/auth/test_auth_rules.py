"""The pure rules of accounts: regions, plans in force, the choice of a profile, PINs, addresses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.accounts import (
    LONGEST_PIN_WAIT,
    Account,
    AccountRecord,
    AccountStatus,
    BillingPeriod,
    Membership,
    MembershipStatus,
    Money,
    Plan,
    PlanCode,
    Profile,
    Quality,
    choose_profile,
    choose_region,
    find_plan_in_force,
    is_well_formed_pin,
    wait_after_pin_failures,
)
from bff.domain.addresses import normalise_email
from bff.domain.titles import MaturityRating

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STANDARD = Plan(
    code=PlanCode.STANDARD,
    name="Standard",
    price=Money(1549, "USD"),
    period=BillingPeriod.MONTHLY,
    max_streams=2,
    max_quality=Quality.P1080,
    download_devices=2,
)


def profile(identifier: str, *, has_pin: bool = False) -> Profile:
    return Profile(
        id=identifier,
        account_id="acc_1",
        name=identifier,
        avatar="fox",
        is_kids=False,
        language="en",
        maturity_ceiling=MaturityRating.AGE_18,
        has_pin=has_pin,
    )


def record(
    membership: MembershipStatus | None,
    *,
    status: AccountStatus = AccountStatus.ACTIVE,
    ends_at: datetime | None = None,
) -> AccountRecord:
    return AccountRecord(
        account=Account(
            id="acc_1",
            email="a@example.com",
            email_verified=True,
            country="US",
            status=status,
            permissions=(),
            created_at=NOW,
        ),
        membership=Membership(id="mem_1", plan=STANDARD, status=membership, started_at=NOW, ends_at=ends_at)
        if membership
        else None,
    )


@pytest.mark.parametrize(
    ("request_country", "account_country", "region"),
    [
        ("in", "US", "IN"),
        (None, "GB", "GB"),
        ("", "GB", "GB"),
        (None, None, "JP"),
        ("T1", "GB", "GB"),
        ("XX", "GB", "GB"),
        ("xx", "ZZ", "JP"),
        ("INDIA", "GB", "GB"),
        ("ßß", "GB", "GB"),
    ],
)
def test_region_is_of_the_request_then_of_the_account_then_the_default(
    request_country: str | None, account_country: str | None, region: str
) -> None:
    assert choose_region(request_country, account_country, "JP") == region


@pytest.mark.parametrize("status", [MembershipStatus.TRIAL, MembershipStatus.ACTIVE, MembershipStatus.CANCELLED])
def test_plan_counts_until_the_membership_ends(status: MembershipStatus) -> None:
    assert find_plan_in_force(record(status), NOW) == STANDARD
    assert find_plan_in_force(record(status, ends_at=NOW + timedelta(seconds=1)), NOW) == STANDARD
    assert find_plan_in_force(record(status, ends_at=NOW), NOW) is None


@pytest.mark.parametrize("status", [MembershipStatus.PAST_DUE, MembershipStatus.ENDED, None])
def test_plan_does_not_count_unpaid_or_ended(status: MembershipStatus | None) -> None:
    assert find_plan_in_force(record(status), NOW) is None


@pytest.mark.parametrize("status", [AccountStatus.SUSPENDED, AccountStatus.CANCELLED])
def test_plan_of_an_account_out_of_standing_does_not_count(status: AccountStatus) -> None:
    assert find_plan_in_force(record(MembershipStatus.ACTIVE, status=status), NOW) is None


def test_profile_last_used_comes_before_the_first() -> None:
    ada, kit = profile("ada"), profile("kit")
    assert choose_profile([ada, kit], "kit", has_pin_at_hand=False) is kit
    assert choose_profile([ada, kit], None, has_pin_at_hand=False) is ada
    assert choose_profile([ada, kit], "gone", has_pin_at_hand=False) is ada
    assert choose_profile([], None, has_pin_at_hand=False) is None


def test_profile_with_a_pin_is_passed_over_unless_a_pin_is_given() -> None:
    max_, ada = profile("max", has_pin=True), profile("ada")
    assert choose_profile([max_, ada], "max", has_pin_at_hand=False) is ada
    assert choose_profile([max_, ada], "max", has_pin_at_hand=True) is max_
    assert choose_profile([max_], None, has_pin_at_hand=False) is max_


@given(st.lists(st.booleans(), max_size=5), st.integers(0, 6), st.booleans())
def test_profile_with_a_pin_is_chosen_without_one_only_where_all_have_one(
    pins: list[bool], last_used: int, has_pin_at_hand: bool
) -> None:
    profiles = [profile(str(number), has_pin=has_pin) for number, has_pin in enumerate(pins)]
    chosen = choose_profile(profiles, str(last_used), has_pin_at_hand=has_pin_at_hand)
    assert (chosen is None) == (not profiles)
    if chosen and chosen.has_pin and not has_pin_at_hand:
        assert all(pins)


@given(st.integers(0, 10_000))
def test_pin_waits_grow_and_stay_within_an_hour(failures: int) -> None:
    wait, next_wait = wait_after_pin_failures(failures), wait_after_pin_failures(failures + 1)
    assert timedelta(0) <= wait <= next_wait <= LONGEST_PIN_WAIT
    assert (wait > timedelta(0)) == (failures >= 5)


@pytest.mark.parametrize(
    ("pin", "is_well_formed"),
    [("2468", True), ("12345678", True), ("123", False), ("123456789", False), ("12a4", False), ("١٢٣٤", False)],
)
def test_pin_is_four_to_eight_ascii_digits(pin: str, is_well_formed: bool) -> None:
    assert is_well_formed_pin(pin) is is_well_formed


def test_address_has_one_spelling() -> None:
    assert normalise_email("  Ada@Example.COM\x00\n") == "ada@example.com"
    assert normalise_email("zoe\u0308@example.com") == normalise_email("zo\u00eb@example.com")


@given(st.text())
def test_normalised_address_stays_as_it_is(email: str) -> None:
    once = normalise_email(email)
    assert "\x00" not in once
    assert normalise_email(once) == once
