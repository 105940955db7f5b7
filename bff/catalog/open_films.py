"""Reads the project's own list of open films: the titles of the demo that play, with what their video is made of."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from bff.catalog.files import DEMO_FOLDER, BadRowError, ReadRows, number_lines, read_rows
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating

OPEN_FILMS_FILE = DEMO_FOLDER / "catalog" / "open_films.jsonl"


class OpenFilm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`duration` is in seconds, `genres` are slugs, `cast` pairs of person and character.

    `master`, `poster` and `subtitles` (by BCP 47 tag) are paths below the project's folder; the master may be absent.
    """

    key: Annotated[str, Meta(pattern="^[a-z0-9-]+$")]
    name: Annotated[str, Meta(pattern=r"\S")]
    release_year: Annotated[int, Meta(ge=1880, le=2100)]
    maturity: str
    language: str
    duration: float
    added_on: date
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[tuple[str, str], ...]
    synopsis: str
    master: str
    subtitles: Mapping[str, str]
    poster: str

    @property
    def natural_key(self) -> str:
        return f"open:{self.key}"

    @property
    def title_id(self) -> str:
        return derive_id(IdKind.TITLE, self.natural_key)

    @property
    def ceiling(self) -> MaturityRating:
        return MaturityRating[self.maturity]


_decode = msgspec.json.Decoder(OpenFilm).decode


def read_open_films(text: str, file: str) -> ReadRows[OpenFilm]:
    """Read the whole file; a line that is no film is left out and reported.

    Raises CatalogueFileError where most lines are none.
    """
    return read_rows(file, number_lines(text), _parse)


def list_open_films() -> tuple[OpenFilm, ...]:
    """Those of the demo."""
    return read_open_films(OPEN_FILMS_FILE.read_text(encoding="utf-8"), OPEN_FILMS_FILE.name).rows


def find_file(path: str) -> Path:
    """Where a file that the list names lies on this machine."""
    return DEMO_FOLDER.parent / path


def _parse(text: str, line: int) -> OpenFilm:  # noqa: ARG001 -- what reads rows names their lines
    try:
        film = _decode(text)
    except msgspec.DecodeError as error:
        raise BadRowError(str(error)) from error
    if film.maturity not in MaturityRating.__members__:
        raise BadRowError(f"maturity {film.maturity!r} is none of {', '.join(MaturityRating.__members__)}")
    return film
