"""Moves the dates of a source so that an old data set looks current on the day of its first import."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta


def choose_shift(instants: Iterable[datetime | None], today: date) -> timedelta:
    """By how much a source's dates move: its newest falls on the first instant of `today`, never into the future.

    Chosen once, at a source's first import, and stored: a later import of the source moves by the same.
    """
    newest = max((instant for instant in instants if instant), default=None)
    return start_of_day(today) - newest if newest else timedelta()


def start_of_day(day: date) -> datetime:
    """Midnight UTC."""
    return datetime.combine(day, time(), UTC)
