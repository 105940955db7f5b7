"""Reads netflix_titles.csv into records as the file means them; joins nothing and moves no date."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from bff.catalog.files import BadRow, BadRowError, CatalogueFileError, ReadRows, check_rows
from bff.catalog.names import clean_text

HEADER = [
    "show_id",
    "type",
    "title",
    "director",
    "cast",
    "country",
    "date_added",
    "release_year",
    "rating",
    "duration",
    "listed_in",
    "description",
]

_MONTHS = {
    "January": 1,
    "February": 2,
    "March": 3,
    "April": 4,
    "May": 5,
    "June": 6,
    "July": 7,
    "August": 8,
    "September": 9,
    "October": 10,
    "November": 11,
    "December": 12,
}
_MINUTES = re.compile(r"(\d{1,4}) min")
_SEASONS = re.compile(r"(\d{1,2}) Seasons?")
_DATE = re.compile(r"([A-Z][a-z]+) (\d{1,2}), ((?:18|19|20)\d\d)")
_NAME_SUFFIXES = frozenset({"Jr.", "Sr.", "Jr", "Sr"})


class NetflixTitle(Struct, frozen=True, kw_only=True):
    """`duration` (seconds) is a film's, `season_count` a series'. `countries` and `labels` are the source's words."""

    show_id: str
    is_series: bool
    name: str
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    countries: tuple[str, ...]
    added_on: date | None
    release_year: int
    certificate: str | None
    duration: float | None
    season_count: int | None
    labels: tuple[str, ...]
    synopsis: str


def read_netflix(text: str, file: str) -> ReadRows[NetflixTitle]:
    """Read the whole file; bad rows are left out and reported with their first line.

    Raises CatalogueFileError where the header differs or the quoting is broken.
    """
    good: dict[str, NetflixTitle] = {}
    bad: list[BadRow] = []
    for line, fields in _number_records(text, file):
        try:
            title = _parse_title(fields)
            if title.show_id in good:
                raise BadRowError(f"repeats show_id {title.show_id}")
            good[title.show_id] = title
        except BadRowError as error:
            bad.append(BadRow(file, line, str(error)))
    return check_rows(file, good.values(), bad)


def _number_records(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, None) != HEADER:
            raise CatalogueFileError(f"{file}: the header is not {','.join(HEADER)}")
        line = reader.line_num + 1
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise CatalogueFileError(f"{file}: broken near line {reader.line_num}: {error}") from error


def _parse_title(fields: list[str]) -> NetflixTitle:
    if len(fields) != len(HEADER):
        raise BadRowError(f"has {len(fields)} fields where {len(HEADER)} belong")
    if any("\0" in field for field in fields):
        raise BadRowError("holds a NUL character")
    cell = dict(zip(HEADER, map(str.strip, fields), strict=True))
    if not re.fullmatch(r"s\d{1,9}", cell["show_id"]):
        raise BadRowError(f"show_id {cell['show_id']!r} is not like s123")
    if cell["type"] not in ("Movie", "TV Show"):
        raise BadRowError(f"type {cell['type']!r} is neither Movie nor TV Show")
    if not clean_text(cell["title"]):
        raise BadRowError("has no title")
    is_series = cell["type"] == "TV Show"
    rating, length = _unswap(cell["rating"], cell["duration"])
    return NetflixTitle(
        show_id=cell["show_id"],
        is_series=is_series,
        name=clean_text(cell["title"]),
        directors=_keep_first(_split_people(cell["director"])),
        cast=_keep_first(_split_people(cell["cast"])),
        countries=_keep_first(_split(cell["country"])),
        added_on=_parse_date(cell["date_added"]),
        release_year=_parse_year(cell["release_year"]),
        certificate=rating or None,
        duration=None if is_series else _parse_minutes(length),
        season_count=_parse_seasons(length) if is_series else None,
        labels=_keep_first(_split(cell["listed_in"])),
        synopsis=clean_text(cell["description"]),
    )


def _unswap(rating: str, duration: str) -> tuple[str, str]:
    """Three films carry their duration in the column of the certificate."""
    return ("", rating) if not duration and _MINUTES.fullmatch(rating) else (rating, duration)


def _keep_first(parts: Iterable[str]) -> tuple[str, ...]:
    """Each part once, where it stands first."""
    return tuple(dict.fromkeys(parts))


def _split(text: str) -> list[str]:
    """Parts between commas, blank ones dropped."""
    return [part for part in map(clean_text, text.split(",")) if part]


def _split_people(text: str) -> list[str]:
    """A suffix that a comma splits off belongs to the name before it: "Louis Ferrigno,  Jr."."""
    people: list[str] = []
    for part in _split(text):
        if part in _NAME_SUFFIXES and people:
            people[-1] = f"{people[-1]} {part}"
        else:
            people.append(part)
    return people


def _parse_date(text: str) -> date | None:
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[3]), _MONTHS[match[1]], int(match[2]))
    except (KeyError, ValueError):
        pass
    raise BadRowError(f"date_added {text!r} is not like September 25, 2021")


def _parse_year(text: str) -> int:
    if not re.fullmatch(r"(18|19|20)\d\d", text):
        raise BadRowError(f"release_year {text!r} is no year")
    return int(text)


def _parse_minutes(text: str) -> float | None:
    if not text:
        return None
    if match := _MINUTES.fullmatch(text):
        return int(match[1]) * 60.0
    raise BadRowError(f"duration {text!r} is not like 90 min")


def _parse_seasons(text: str) -> int:
    if (match := _SEASONS.fullmatch(text)) and int(match[1]) > 0:
        return int(match[1])
    raise BadRowError(f"duration {text!r} is not like 2 Seasons")
