"""What an operator says of a title, and the rules by which it can be taken. Pure: knows no title that there is."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from bff.domain.titles import CreditRole, LicenceWindow
from bff.domain.video import SkipKind, SkipMarker

LONGEST_NAME = 200
LONGEST_SYNOPSIS = 5000
LONGEST_FEEDBACK = 2000
LONGEST_CERTIFICATE = 20
LONGEST_KEY = 100
LONGEST_FILM = 24 * 3600.0
"""Seconds."""

MOST_GENRES = 10
MOST_CREDITS = 100
MOST_SEASONS = 40
MOST_EPISODES = 400
MOST_TRAILERS = 20
MOST_MARKERS = 20

Column: TypeAlias = str | int | float | datetime | None


class CreditChange(Struct, frozen=True):
    """`name` is the person's: one of the same name is the same person."""

    name: str
    role: CreditRole
    character: str | None = None


class EpisodeChange(Struct, frozen=True):
    """`duration` in seconds. An episode is known by the number that it has in its season."""

    number: int
    name: str
    synopsis: str | None = None
    released_at: datetime | None = None
    duration: float | None = None


class SeasonChange(Struct, frozen=True):
    """A `name` or `episodes` of None leaves what is there."""

    number: int
    name: str | None = None
    episodes: tuple[EpisodeChange, ...] | None = None


class TrailerChange(Struct, frozen=True):
    """Without an `id` the title's trailer of that name, made if there is none."""

    name: str
    id: str | None = None


class TitleChange(Struct, frozen=True, kw_only=True):
    """What of a title shall be as said here; what is None, or not among `columns`, stays as it is.

    `columns` are those of the table `title`. `seasons` come to be beside those of other numbers; the other lists
    replace all that was there.
    """

    columns: Mapping[str, Column]
    genre_ids: tuple[str, ...] | None = None
    credits: tuple[CreditChange, ...] | None = None
    seasons: tuple[SeasonChange, ...] = ()
    removed_seasons: tuple[int, ...] = ()
    trailers: tuple[TrailerChange, ...] | None = None


class AvailabilityChange(Struct, frozen=True):
    """Windows by region, and the regions that have none any more; all other regions stay as they are."""

    windows: Mapping[str, LicenceWindow]
    removed: tuple[str, ...]


def read_line(text: str, longest: int = LONGEST_NAME) -> str:
    """Composed, on one line. Raises ValueError, with what is wrong, for what is empty, too long or cannot be shown."""
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not 0 < len(line) <= longest:
        raise ValueError(f"It has 1 to {longest} characters.")
    if not _is_shown(line):
        raise ValueError("It holds characters that cannot be shown.")
    return line


def read_text(text: str, longest: int) -> str:
    """The same of a text, whose lines stay."""
    lines = [unicodedata.normalize("NFC", " ".join(line.split())) for line in text.strip().splitlines()]
    whole = "\n".join(lines)
    if not 0 < len(whole) <= longest:
        raise ValueError(f"It has 1 to {longest} characters.")
    if not all(map(_is_shown, lines)):
        raise ValueError("It holds characters that cannot be shown.")
    return whole


def read_year(year: int) -> int:
    """Raises ValueError for a year in which no film can come out."""
    if not 1870 <= year <= 2100:
        raise ValueError("A year is between 1870 and 2100.")
    return year


def read_number(number: int) -> int:
    """Of a season or an episode. Raises ValueError."""
    if not 0 <= number <= 100_000:
        raise ValueError("A number is between 0 and 100000.")
    return number


def read_duration(seconds: float) -> float:
    """Raises ValueError for what is no length of a film, in seconds."""
    if not 0 < seconds <= LONGEST_FILM:
        raise ValueError("A duration is more than 0 seconds, and a day at most.")
    return seconds


def read_instant(instant: datetime) -> datetime:
    """In UTC. Raises ValueError for one without a zone, or out of all reason."""
    if instant.tzinfo is None or not 1800 <= instant.year <= 2200:
        raise ValueError("An instant has a zone, and lies between the years 1800 and 2200.")
    return instant.astimezone(UTC)


def read_window(opens: datetime, closes: datetime | None) -> LicenceWindow:
    """Raises ValueError for a window that closes before it opens."""
    window = LicenceWindow(read_instant(opens), None if closes is None else read_instant(closes))
    if window.closes is not None and window.closes <= window.opens:
        raise ValueError("A window closes after it opens: `until` is after `from`.")
    return window


def read_marker(kind: str, start: float, end: float, duration: float | None) -> SkipMarker:
    """Seconds into what plays, whose `duration` is None where nobody knows it. Raises ValueError."""
    try:
        skip = SkipKind(kind)
    except ValueError:
        raise ValueError(f"A kind is one of {', '.join(SkipKind)}, not {kind!r}.") from None
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise ValueError("A marker starts at 0 seconds or later, and ends after it starts.")
    if end > (LONGEST_FILM if duration is None else duration):
        raise ValueError(f"A marker ends at {end:g} s, after what it marks: that lasts {duration or LONGEST_FILM:g} s.")
    return SkipMarker(skip, start, end)


def check_markers(markers: Sequence[SkipMarker]) -> None:
    """Raises ValueError where there are too many, or two that cannot stand side by side."""
    if len(markers) > MOST_MARKERS:
        raise ValueError(f"What plays has {MOST_MARKERS} markers at most.")
    ordered = sorted(markers, key=lambda marker: (marker.kind, marker.start))
    for before, after in pairwise(ordered):
        if before.kind is after.kind and after.start < before.end:
            raise ValueError(f"Two markers of {after.kind} overlap at {after.start:g} s.")


def _is_shown(line: str) -> bool:
    """Joiners and the like are part of scripts; controls and halves of characters are not."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Cn", "Co") for character in line)
