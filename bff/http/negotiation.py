"""Which media type an answer takes, by the client's `Accept` (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"

_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+')
_PARAMETER = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|$))+')
_QUALITY = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")
_MAX_ELEMENTS = 50


class MediaRange(NamedTuple):
    """One element of an `Accept` header; `main` and `sub` may be `*`, `quality` is 0 to 1.

    `parameters` are the others, by lower-case name, without quotes.
    """

    main: str
    sub: str
    quality: float
    parameters: tuple[tuple[str, str], ...] = ()

    def match(self, media_type: str) -> int:
        """How closely the range names the type: 3 exactly, 2 its group, 1 anything, 0 not at all."""
        main, _, sub = media_type.partition("/")
        if self.main == "*":
            return 1
        if self.main != main:
            return 0
        return 2 if self.sub == "*" else 3 * (self.sub == sub)


@lru_cache(maxsize=64)
def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """The ranges in the header's order; malformed elements are left out."""
    ranges = []
    for element in _ELEMENT.findall(header)[:_MAX_ELEMENTS]:
        name, *parameters = _PARAMETER.findall(element) or [""]
        main, slash, sub = name.strip().lower().partition("/")
        quality = _read_quality(parameters)
        if slash and main and sub and quality is not None and (main != "*" or sub == "*"):
            ranges.append(MediaRange(main, sub, quality, _read_parameters(parameters)))
    return tuple(ranges)


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """The offered type that the client likes best, or None where it accepts none of them.

    Each type counts with the most specific range that names it. Ties go to the range that stands first in the
    header, then to the order of `offered`; without a header the first offered type is taken.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = parse_accept(accept)
    best: tuple[float, int, int] | None = None
    choice = None
    for place, media_type in enumerate(offered):
        rank = _rank(ranges, media_type, place)
        if rank is not None and (best is None or rank > best):
            best, choice = rank, media_type
    return choice


class Named(NamedTuple):
    """A type that a client names: its place among those wanted, and the client's quality of it."""

    place: int
    quality: float


def choose_named(accept: str | None, wanted: Sequence[tuple[str, Mapping[str, str | None]]]) -> Named | None:
    """Which of the types, each with the parameters it must have, or must not (None), the client names and likes best.

    A wildcard names none: whoever says no more than that can read no stream.
    """
    best: tuple[float, int] | None = None
    choice = None
    for index, media_range in enumerate(parse_accept(accept or "")):
        for place, (media_type, parameters) in enumerate(wanted):
            given = dict(media_range.parameters)
            if media_range.match(media_type) < 3 or any(given.get(name) != value for name, value in parameters.items()):
                continue
            rank = (media_range.quality, -index)
            if media_range.quality > 0 and (best is None or rank > best):
                best, choice = rank, Named(place, media_range.quality)
    return choice


def find_quality(accept: str | None, media_type: str) -> float:
    """The quality of the range that names the type most closely; 0 where none does, 1 without a header."""
    if accept is None or not accept.strip():
        return 1.0
    rank = _rank(parse_accept(accept), media_type, 0)
    return 0.0 if rank is None else rank[0]


def _rank(ranges: Sequence[MediaRange], media_type: str, place: int) -> tuple[float, int, int] | None:
    closest = 0
    found: tuple[float, int] | None = None
    for index, media_range in enumerate(ranges):
        match = media_range.match(media_type)
        if match > closest:
            closest, found = match, (media_range.quality, index)
    if found is None or found[0] == 0:
        return None
    return (found[0], -found[1], -place)


def _read_parameters(parameters: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = (parameter.partition("=") for parameter in parameters)
    read = ((name.strip().lower(), value.strip().strip('"')) for name, _, value in pairs)
    return tuple((name, value) for name, value in read if name != "q")


def _read_quality(parameters: Sequence[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return float(value) if _QUALITY.fullmatch(value := value.strip()) else None
    return 1.0
