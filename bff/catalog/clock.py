"""Moves the dates of a source so that an old data set looks current on the day of its first import."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta


def choose_shift(newest: datetime, today: date) -> timedelta:
    """By how much a source's dates move: its newest falls on the first instant of `today`, never into the future.

    Chosen once, at a source's first import, and stored: a later import of the source moves by the same.
    """
    return start_of_day(today) - newest


def find_newest(days: Iterable[date | None]) -> datetime:
    """The latest of a source's dates, at the start of that day; the epoch where there is none."""
    return start_of_day(max((day for day in days if day), default=date(1970, 1, 1)))


def start_of_day(day: date) -> datetime:
    """Midnight UTC."""
    return datetime.combine(day, time(), UTC)
