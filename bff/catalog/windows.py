"""Decides where and when a title is licensed: by its countries, and by one deterministic rule elsewhere."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from bff.catalog.clock import start_of_day
from bff.domain.titles import LicenceWindow

SERVED_REGIONS = ("US", "GB", "IN", "JP", "BR")

_CLOSED_TITLE_AGE = timedelta(days=180)


class WindowClass(StrEnum):
    """FULL opens when the title is added and never closes; the others say what a viewer will notice."""

    FULL = "FULL"
    MISSING = "MISSING"
    LEAVING = "LEAVING"
    NEW = "NEW"
    UPCOMING = "UPCOMING"
    CLOSED = "CLOSED"


SHARES: Mapping[WindowClass, int] = {
    WindowClass.MISSING: 250,
    WindowClass.LEAVING: 60,
    WindowClass.NEW: 60,
    WindowClass.UPCOMING: 40,
    WindowClass.CLOSED: 20,
}
"""Of 1,000 titles in a served region that the title's countries do not name; the rest are FULL."""


def classify_window(title_id: str, region: str) -> tuple[WindowClass, int]:
    """The class by a hash of title and region, and a further number from the hash that spreads the days."""
    digest = hashlib.blake2b(f"{title_id}:{region}".encode(), digest_size=8, person=b"window").digest()
    spread, place = divmod(int.from_bytes(digest, "big"), 1000)
    for window_class, share in SHARES.items():
        if place < share:
            return window_class, spread
        place -= share
    return WindowClass.FULL, spread


def plan_windows(title_id: str, countries: Iterable[str], added_on: date, anchor: date) -> dict[str, LicenceWindow]:
    """The title's windows by region; a region that is missing was never licensed.

    Every country that the title's source names is licensed in full, whether it is served or not. In the other served
    regions the class decides, in days from `anchor`, the day of the catalogue's first import:

    - MISSING: no window;
    - LEAVING: closes 1 to 14 days after it;
    - NEW: opens 0 to 29 days before it, or when the title is added, whichever is later;
    - UPCOMING: opens 1 to 60 days after it;
    - CLOSED: closed 0 to 29 days before it, at least half a year after it opened;
    - FULL: open since the title was added.
    """
    opens = start_of_day(added_on)
    windows = {country: LicenceWindow(opens) for country in countries}
    for region in SERVED_REGIONS:
        if region not in windows and (window := _plan_elsewhere(title_id, region, added_on, anchor)):
            windows[region] = window
    return dict(sorted(windows.items()))


def _plan_elsewhere(title_id: str, region: str, added_on: date, anchor: date) -> LicenceWindow | None:
    window_class, spread = classify_window(title_id, region)
    match window_class:
        case WindowClass.MISSING:
            return None
        case WindowClass.LEAVING:
            return _window(added_on, closes=anchor + timedelta(days=1 + spread % 14))
        case WindowClass.NEW:
            return _window(max(added_on, anchor - timedelta(days=spread % 30)))
        case WindowClass.UPCOMING:
            return _window(anchor + timedelta(days=1 + spread % 60))
        case WindowClass.CLOSED:
            closes = anchor - timedelta(days=spread % 30)
            return _window(min(added_on, closes - _CLOSED_TITLE_AGE), closes=closes)
    return _window(added_on)


def _window(opens: date, *, closes: date | None = None) -> LicenceWindow:
    return LicenceWindow(start_of_day(opens), start_of_day(closes) if closes else None)
