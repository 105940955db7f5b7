"""Opens catalogue files and tells their sources apart by content; what stands in a row is the readers' concern."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

Row = TypeVar("Row")

DEMO_FOLDER = Path(__file__).parents[2] / "demo"
MAPPING_FOLDER = DEMO_FOLDER / "catalog"
"""The tables of genres, genre labels, countries and distinct works: part of the rules, whatever files are imported."""

_FILM_LINE = re.compile(r"\d+::.*\(\d{4}\)::")
_RATING_LINE = re.compile(r"\d+::\d+::\d+::\d+\s*$")


class CatalogueFileError(Exception):
    """A file as a whole cannot be imported; the message names it and says why. Nothing has changed."""


class SourceName(StrEnum):
    NETFLIX = "netflix"
    TVMAZE = "tvmaze"
    FILMS = "movietweetings-films"
    RATINGS = "movietweetings-ratings"
    OPEN_FILMS = "open-films"


class SourceFile(Struct, frozen=True):
    """One file as it lies on the disk: `content` is still compressed where the file is."""

    source: SourceName
    name: str
    content: bytes

    def compute_digest(self, salt: bytes) -> str:
        """Changes with the file and with `salt`, which stands for the rules of the import."""
        return hashlib.blake2b(self.content, key=salt, digest_size=16).hexdigest()

    def decode(self) -> str:
        """The file's text.

        Raises CatalogueFileError.
        """
        return _decode(self.name, self.content)


class BadRow(Struct, frozen=True):
    """A row that was left out; `line` counts from 1 and is the row's first."""

    file: str
    line: int
    reason: str


class BadRowError(Exception):
    """What is wrong with one row."""


class ReadRows(Struct, Generic[Row], frozen=True):
    """The rows of one file in its order, and those that were left out."""

    rows: tuple[Row, ...]
    bad_rows: tuple[BadRow, ...]


def open_source(path: Path) -> SourceFile:
    """Read a file, plain or gzipped, and find out by its first line which source it is of.

    Raises CatalogueFileError where it cannot be read or is of none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogueFileError(f"{path}: cannot be read: {error.strerror}") from error
    first_line, _, _ = _decode(path.name, content).partition("\n")
    return SourceFile(_recognise(path.name, first_line), path.name, content)


def read_rows(file: str, rows: Iterable[tuple[int, str]], parse: Callable[[str, int], Row]) -> ReadRows[Row]:
    """Parse line by line; a row for which `parse` raises BadRowError is left out and reported.

    Raises CatalogueFileError where no more than half of the rows can be read.
    """
    good: list[Row] = []
    bad: list[BadRow] = []
    for line, text in rows:
        try:
            good.append(parse(text, line))
        except BadRowError as error:
            bad.append(BadRow(file, line, str(error)))
    return check_rows(file, good, bad)


def check_rows(file: str, good: Iterable[Row], bad: Iterable[BadRow]) -> ReadRows[Row]:
    """A file whose rows are mostly unreadable is broken: taking it would take most titles away."""
    rows = ReadRows(tuple(good), tuple(bad))
    if not rows.rows:
        raise CatalogueFileError(f"{file}: holds no row that can be read. {_describe_first(rows.bad_rows)}")
    if len(rows.bad_rows) >= len(rows.rows):
        raise CatalogueFileError(f"{file}: {len(rows.bad_rows)} rows are bad. {_describe_first(rows.bad_rows)}")
    return rows


def number_lines(text: str) -> Iterable[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def read_mapping(file: str) -> list[dict[str, str]]:
    """One of the project's own tables, row by row."""
    with (MAPPING_FOLDER / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def _describe_first(bad_rows: tuple[BadRow, ...]) -> str:
    return f"The first: line {bad_rows[0].line}, {bad_rows[0].reason}." if bad_rows else "It is empty."


def _decode(name: str, content: bytes) -> str:
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read()
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogueFileError(f"{name}: the gzip file is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise CatalogueFileError(f"{name}: is not UTF-8 text: {error}") from error


def _recognise(name: str, first_line: str) -> SourceName:
    if first_line.startswith("show_id,"):
        return SourceName.NETFLIX
    if first_line.startswith('{"key":'):
        return SourceName.OPEN_FILMS
    if first_line.startswith("{"):
        return SourceName.TVMAZE
    if _RATING_LINE.match(first_line):
        return SourceName.RATINGS
    if _FILM_LINE.match(first_line):
        return SourceName.FILMS
    raise CatalogueFileError(
        f"{name}: is no catalogue file. Its first line should be the header of netflix_titles.csv, a JSON object of "
        "TVmaze, or a film or rating of MovieTweetings."
    )
