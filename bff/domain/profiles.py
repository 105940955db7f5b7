"""What a profile may be made of, and how many an account has: rules without I/O."""

import math
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from bff.domain.accounts import MAX_PROFILES, Profile, is_well_formed_pin
from bff.domain.titles import MaturityRating

SLOWEST, FASTEST = 0.25, 4.0
DEFAULT_LANGUAGE = "en"
KIDS_CEILING = MaturityRating.AGE_7
"""What a kids profile begins with."""


class Refusal(StrEnum):
    """Why an account gets no further profile."""

    LIMIT = "LIMIT"
    FIRST_IS_KIDS = "FIRST_IS_KIDS"


class ProfileLimitReached(Struct, frozen=True):
    message: str
    limit: int


def refuse_addition(kids: Sequence[bool], *, is_kids: bool) -> Refusal | None:
    """`kids` says of each profile of the account whether it is one. Somebody must be able to change the others."""
    if len(kids) >= MAX_PROFILES:
        return Refusal.LIMIT
    return Refusal.FIRST_IS_KIDS if is_kids and all(kids) else None


def is_last_adult(kids: Sequence[bool], *, is_kids: bool) -> bool:
    """`kids` says of each profile of the account, the one in question included, whether it is one."""
    return not is_kids and kids.count(False) < 2


def choose_ceiling(*, is_kids: bool, own: MaturityRating | None) -> MaturityRating:
    """What a profile begins with: never above `own`, that of whoever makes it; None is an account without profiles."""
    usual = KIDS_CEILING if is_kids else MaturityRating.AGE_18
    return usual if own is None else min(usual, own)


def find_highest_ceiling(profiles: Sequence[Profile]) -> MaturityRating | None:
    """That of whoever signed in before there were profiles: they could switch to any without a PIN. None: to none."""
    return max(
        (profile.maturity_ceiling for profile in profiles if not profile.is_kids and not profile.has_pin), default=None
    )


def choose_avatar(avatars: Sequence[str], taken: Sequence[str]) -> str:
    """The first that the account does not use yet."""
    return next((avatar for avatar in avatars if avatar not in taken), avatars[0])


def read_avatar(key: str, avatars: Sequence[str]) -> str:
    """Raises ValueError for what is not drawn."""
    if key not in avatars:
        raise ValueError("There is no such avatar: take a key from `avatars`.")
    return key


def read_speed(speed: float) -> float:
    """Raises ValueError for a speed that nobody can follow."""
    if not math.isfinite(speed) or not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"A speed is {SLOWEST:g} to {FASTEST:g}.")
    return speed


def read_pin(pin: str) -> str:
    """Raises ValueError for what is no PIN."""
    if not is_well_formed_pin(pin):
        raise ValueError("A PIN has four to eight digits, 0 to 9.")
    return pin
