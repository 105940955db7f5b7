"""Reads MovieTweetings: its films and the ratings that people gave them."""

import re
from datetime import UTC, datetime

from msgspec import Struct

from bff.catalog.files import BadRowError, ReadRows, number_lines, read_rows
from bff.catalog.names import clean_text

_FILM = re.compile(r"(\d{1,10})::(.+) \((\d{4})\)::(.*)")
_RATING = re.compile(r"(\d{1,9})::(\d{1,10})::(\d{1,2})::(\d{1,10})")

_LATEST = 4_102_444_800


class RatedFilm(Struct, frozen=True):
    """`id` is IMDb's number, with its leading zeros."""

    id: str
    name: str
    release_year: int
    labels: tuple[str, ...]


class FilmRating(Struct, frozen=True):
    """`rating` is 0..10."""

    user_number: int
    film_id: str
    rating: int
    rated_at: datetime


def read_films(text: str, file: str) -> ReadRows[RatedFilm]:
    """Read the whole file of films; bad lines are left out and reported."""
    return read_rows(file, number_lines(text), _parse_film)


def read_ratings(text: str, file: str) -> ReadRows[FilmRating]:
    """Read the whole file of ratings; bad lines are left out and reported."""
    return read_rows(file, number_lines(text), _parse_rating)


def _parse_film(text: str, line: int) -> RatedFilm:  # noqa: ARG001
    match = _FILM.fullmatch(text.strip())
    if not match or "\0" in text:
        raise BadRowError("is not like 0002844::Title (1913)::Crime|Drama")
    labels = tuple(dict.fromkeys(label for label in match[4].split("|") if label))
    return RatedFilm(match[1], clean_text(match[2]), int(match[3]), labels)


def _parse_rating(text: str, line: int) -> FilmRating:  # noqa: ARG001
    match = _RATING.fullmatch(text.strip())
    if not match:
        raise BadRowError("is not like 1::1074638::7::1365029107")
    if int(match[3]) > 10:
        raise BadRowError(f"rating {match[3]} is over 10")
    if int(match[4]) > _LATEST:
        raise BadRowError(f"time {match[4]} is after the year 2100")
    return FilmRating(int(match[1]), match[2], int(match[3]), datetime.fromtimestamp(int(match[4]), UTC))
