"""The one rule that decides whether a viewer may see a title; every field that yields a title asks it."""

from datetime import datetime
from enum import IntEnum

from msgspec import Struct

from bff.domain.titles import MaturityRating, TitleCard


class Audience(Struct, frozen=True):
    """For whom a screen is put together: the region of the request and the ceiling of the profile or visitor.

    `is_kids` changes what is put forward, never what may be seen: the ceiling alone decides that.
    """

    region: str
    ceiling: MaturityRating
    is_kids: bool = False


class Visibility(IntEnum):
    """ABSENT: as if it did not exist. CLOSED: reachable by id and in My List only. OPEN: everywhere."""

    ABSENT = 0
    CLOSED = 1
    OPEN = 2


def judge(card: TitleCard, audience: Audience, now: datetime) -> Visibility:
    """Decide by withdrawal, ceiling, region and licence window, in that order.

    A window includes its first instant and excludes its last.
    """
    if card.is_hidden or card.maturity > audience.ceiling:
        return Visibility.ABSENT
    window = card.windows.get(audience.region)
    if window is None:
        return Visibility.ABSENT
    if now < window.opens or (window.closes is not None and now >= window.closes):
        return Visibility.CLOSED
    return Visibility.OPEN
