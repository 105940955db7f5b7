"""Accounts, profiles, devices, memberships and plans: read models, and the rules that need no engine."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bff.domain.devices import DeviceCapabilities, DeviceClass, default_capabilities
from bff.domain.profile_state import Preferences
from bff.domain.titles import MaturityRating
from bff.domain.video import Quality

_NO_COUNTRIES = frozenset({"XX", "ZZ"})
MAX_PROFILES = 5
"""Profiles an account."""

FREE_PIN_TRIES = 5
FIRST_PIN_WAIT = timedelta(seconds=30)
LONGEST_PIN_WAIT = timedelta(hours=1)


class AccountStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CANCELLED = "CANCELLED"


class PlanCode(StrEnum):
    BASIC = "BASIC"
    STANDARD = "STANDARD"
    PREMIUM = "PREMIUM"


class BillingPeriod(StrEnum):
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class MembershipStatus(StrEnum):
    """CANCELLED runs on until `ends_at`; PAST_DUE is a payment that failed for good so far."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    CANCELLED = "CANCELLED"
    ENDED = "ENDED"


class Permission(StrEnum):
    """What an account may do beyond watching."""

    OPERATOR = "operator"


class Money(Struct, frozen=True):
    """`amount` in minor units of an ISO 4217 currency: 1549 USD is $15.49, 1549 JPY is ¥1549."""

    amount: int
    currency: str


class Plan(Struct, frozen=True, kw_only=True):
    """What can be bought, at the price of one country."""

    code: PlanCode
    name: str
    price: Money
    period: BillingPeriod
    max_streams: int
    max_quality: Quality
    download_devices: int


class Membership(Struct, frozen=True, kw_only=True):
    """The paid subscription; `pending_plan` replaces `plan` when the period ends."""

    id: str
    plan: Plan
    status: MembershipStatus
    started_at: datetime
    renews_at: datetime | None = None
    ends_at: datetime | None = None
    pending_plan: Plan | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """Who watches; `avatar` is the key of a drawn picture, `language` a BCP 47 tag."""

    id: str
    account_id: str
    name: str
    avatar: str
    is_kids: bool
    language: str
    maturity_ceiling: MaturityRating
    has_pin: bool
    preferences: Preferences = Preferences()
    state_version: int = 0


class Device(Struct, frozen=True, kw_only=True):
    """`implicit`: stands for a sign-in that named no device, and can do what its class can."""

    id: str
    account_id: str
    device_class: DeviceClass
    name: str | None
    capabilities: DeviceCapabilities
    implicit: bool
    last_active_at: datetime


def imply_device(device_id: str, account_id: str, device_class: DeviceClass, now: datetime) -> Device:
    """The device of a sign-in that named none; it can do what every device of its class can."""
    return Device(
        id=device_id,
        account_id=account_id,
        device_class=device_class,
        name=None,
        capabilities=default_capabilities(device_class),
        implicit=True,
        last_active_at=now,
    )


class Account(Struct, frozen=True, kw_only=True):
    id: str
    email: str
    email_verified: bool
    country: str
    status: AccountStatus
    permissions: tuple[str, ...]
    created_at: datetime


class Household(Struct, frozen=True, kw_only=True):
    """Whom a sign-in is for: the account, what it pays for, and who watches, in their order.

    `membership` is None for an account that never paid.
    """

    account: Account
    membership: Membership | None = None
    profiles: tuple[Profile, ...] = ()


class AccountRecord(Household, frozen=True, kw_only=True):
    """All that the graph shows of an account: devices last used first, at most 100."""

    devices: tuple[Device, ...] = ()


def choose_region(request_country: str | None, account_country: str | None, default_region: str) -> str:
    """Where the request comes from, else where the account is, else the operator's default.

    `request_country` is what a trusted proxy said.
    """
    return read_country(request_country) or read_country(account_country) or default_region


def read_country(said: str | None) -> str | None:
    """An ISO 3166-1 alpha-2 code; None for what is none, and for those by which proxies say that they do not know."""
    if not said or len(said) != 2 or not (said.isascii() and said.isalpha()):
        return None
    country = said.upper()
    return None if country in _NO_COUNTRIES else country


def find_plan_in_force(record: Household, now: datetime) -> Plan | None:
    """The plan that counts: of an account in good standing, with a membership that is paid for and has not ended."""
    membership = record.membership
    if record.account.status is not AccountStatus.ACTIVE or membership is None:
        return None
    if membership.status in (MembershipStatus.PAST_DUE, MembershipStatus.ENDED):
        return None
    if membership.ends_at is not None and now >= membership.ends_at:
        return None
    return membership.plan


def choose_profile(profiles: Sequence[Profile], last_used_id: str | None, *, has_pin_at_hand: bool) -> Profile | None:
    """The profile a sign-in opens when it asks for none: the last used on the device, or the account's first.

    One with a PIN is passed over unless a PIN was given with the sign-in. Where all have one, the first choice is
    returned all the same, and the caller asks for its PIN. None for an account without profiles.
    """
    in_order = sorted(profiles, key=lambda profile: profile.id != last_used_id)
    for profile in in_order:
        if has_pin_at_hand or not profile.has_pin:
            return profile
    return in_order[0] if in_order else None


def wait_after_pin_failures(failures: int) -> timedelta:
    """How long the next try has to wait: not at all up to four in a row, 30 s from the fifth, doubling to 1 h."""
    excess = failures - FREE_PIN_TRIES
    if excess < 0:
        return timedelta(0)
    doublings: int = 2 ** min(excess, 10)
    return min(FIRST_PIN_WAIT * doublings, LONGEST_PIN_WAIT)


def is_well_formed_pin(pin: str) -> bool:
    """Four to eight digits, 0-9 only."""
    return 4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()
