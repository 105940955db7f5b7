"""Reads the files of all sources, and knows by how much the dates of each move."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from bff.catalog.clock import choose_shift, start_of_day
from bff.catalog.files import BadRow, ReadRows, SourceFile, SourceName
from bff.catalog.movietweetings import FilmRating, RatedFilm, read_films, read_ratings
from bff.catalog.netflix import NetflixTitle, read_netflix
from bff.catalog.open_films import OpenFilm, read_open_films
from bff.catalog.tvmaze import TVmazeSeries, read_tvmaze

Row = TypeVar("Row")


class Sources(Struct, frozen=True):
    """What the files hold, as they mean it; a source that was never imported is empty."""

    netflix: tuple[NetflixTitle, ...] = ()
    tvmaze: tuple[TVmazeSeries, ...] = ()
    films: tuple[RatedFilm, ...] = ()
    ratings: tuple[FilmRating, ...] = ()
    open_films: tuple[OpenFilm, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()


def read_files(files: Mapping[SourceName, SourceFile]) -> Sources:
    """Read whatever files there are.

    Raises CatalogueFileError where one is broken as a whole.
    """
    bad_rows: list[BadRow] = []

    def read(name: SourceName, reader: Callable[[str, str], ReadRows[Row]]) -> tuple[Row, ...]:
        if name not in files:
            return ()
        found = reader(files[name].decode(), files[name].name)
        bad_rows.extend(found.bad_rows)
        return found.rows

    return Sources(
        netflix=read(SourceName.NETFLIX, read_netflix),
        tvmaze=read(SourceName.TVMAZE, read_tvmaze),
        films=read(SourceName.FILMS, read_films),
        ratings=read(SourceName.RATINGS, read_ratings),
        open_films=read(SourceName.OPEN_FILMS, read_open_films),
        bad_rows=tuple(bad_rows),
    )


def choose_shifts(sources: Sources, today: date) -> dict[SourceName, timedelta]:
    """The shift of each source, were this its first import."""
    return {
        SourceName.NETFLIX: choose_shift(_instants(title.added_on for title in sources.netflix), today),
        SourceName.TVMAZE: choose_shift(_instants(_walk_air_dates(sources.tvmaze)), today),
        SourceName.FILMS: timedelta(),
        SourceName.RATINGS: choose_shift((rating.rated_at for rating in sources.ratings), today),
        SourceName.OPEN_FILMS: choose_shift(_instants(film.added_on for film in sources.open_films), today),
    }


def _walk_air_dates(shows: Iterable[TVmazeSeries]) -> Iterable[date | None]:
    for show in shows:
        yield show.premiered_on
        yield from (episode.aired_on for episode in show.episodes)


def _instants(days: Iterable[date | None]) -> Iterable[datetime | None]:
    return (start_of_day(day) if day else None for day in days)
