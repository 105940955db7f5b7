"""Joins the sources into one list of titles, with dates moved; decides what each source has the say in."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from bff.catalog.clock import start_of_day
from bff.catalog.mappings import Mappings
from bff.catalog.movietweetings import RatedFilm
from bff.catalog.names import fold_name
from bff.catalog.netflix import NetflixTitle
from bff.catalog.open_films import OpenFilm
from bff.catalog.sources import Sources
from bff.catalog.tvmaze import TVmazeEpisode, TVmazeSeries
from bff.domain.titles import CreditRole, MaturityRating

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

_SPANISH_LABEL = "Spanish-Language TV Shows"


class Calendar(Struct, frozen=True):
    """By how much each source's dates move, and the day of the catalogue's first import."""

    netflix: timedelta
    tvmaze: timedelta
    ratings: timedelta
    anchor: date
    open_films: timedelta = timedelta()


class MergedCredit(Struct, frozen=True):
    person: str
    role: CreditRole
    character: str | None = None


class MergedEpisode(Struct, frozen=True):
    """`key` is natural and lasting; `duration` is in seconds."""

    key: str
    number: int
    name: str
    synopsis: str | None
    released_at: datetime | None
    duration: float | None


class MergedSeason(Struct, frozen=True):
    """`episode_count` is None where no source lists the episodes."""

    number: int
    episode_count: int | None = None
    episodes: tuple[MergedEpisode, ...] = ()


class MergedTitle(Struct, frozen=True, kw_only=True):
    """`key` is natural and lasting: netflix:s123, tvmaze:5 or open:sintel. `film_id` is that of the film in
    MovieTweetings; `maturity` is what a source says that goes by no certificate.
    """

    key: str
    is_series: bool
    name: str
    synopsis: str
    language: str | None
    release_year: int
    certificate: str | None
    duration: float | None
    genres: tuple[str, ...]
    credits: tuple[MergedCredit, ...]
    seasons: tuple[MergedSeason, ...]
    countries: tuple[str, ...]
    added_at: datetime
    tvmaze_rating: float | None = None
    film_id: str | None = None
    maturity: MaturityRating | None = None


def merge_titles(sources: Sources, calendar: Calendar, mappings: Mappings) -> list[MergedTitle]:
    """All titles: those of the CSV, joined where they can be, then TVmaze's own, then the open films."""
    series = join_series(sources.netflix, sources.tvmaze, mappings.distinct_works)
    films = join_films(sources.netflix, sources.films)
    titles = [
        _merge_netflix(title, series.get(title.show_id), films.get(title.show_id), calendar, mappings)
        for title in sources.netflix
    ]
    joined = {show.id for show in series.values()}
    titles += [_convert_tvmaze(show, calendar, mappings) for show in sources.tvmaze if show.id not in joined]
    titles += [_convert_open_film(film, calendar, mappings) for film in sources.open_films]
    return titles


def join_series(
    titles: Iterable[NetflixTitle], shows: Iterable[TVmazeSeries], distinct_works: frozenset[tuple[str, int]]
) -> dict[str, TVmazeSeries]:
    """By show_id: the series whose folded name is the same on both sides, once on each, and that are one work.

    The year cannot help: the CSV's is that of the newest season.
    """
    by_name = _index_unique((fold_name(show.name), show) for show in shows)
    named = _index_unique((fold_name(title.name), title) for title in titles if title.is_series)
    return {
        title.show_id: by_name[name]
        for name, title in named.items()
        if name in by_name and (title.show_id, by_name[name].id) not in distinct_works
    }


def join_films(titles: Iterable[NetflixTitle], films: Iterable[RatedFilm]) -> dict[str, RatedFilm]:
    """By show_id: the one film of the same folded name and year. A series never takes a film's ratings."""
    by_name = _index_unique(((fold_name(film.name), film.release_year), film) for film in films)
    return {
        title.show_id: by_name[name, title.release_year]
        for title in titles
        if not title.is_series and (name := fold_name(title.name)) and (name, title.release_year) in by_name
    }


def collect_unknown_labels(sources: Sources, mappings: Mappings) -> list[str]:
    """Labels that the mapping table does not have, as "source: label"; titles come without them."""
    labels = {("netflix", label) for title in sources.netflix for label in title.labels}
    labels |= {("tvmaze", label) for show in sources.tvmaze for label in show.labels}
    labels |= {("movietweetings", label) for film in sources.films for label in film.labels}
    unknown = [f"{source}: {label}" for source, label in labels - mappings.labels.keys()]
    countries = {country for title in sources.netflix for country in title.countries}
    return sorted(unknown + [f"country: {country}" for country in countries - mappings.countries.keys()])


def _merge_netflix(
    title: NetflixTitle, show: TVmazeSeries | None, film: RatedFilm | None, calendar: Calendar, mappings: Mappings
) -> MergedTitle:
    """The CSV gives name, synopsis, certificate, genres and countries; TVmaze the premiere's year, seasons and cast.

    A film's genres are those of the CSV, then what MovieTweetings adds to them.
    """
    labels = [("netflix", label) for label in title.labels]
    labels += [("movietweetings", label) for label in (film.labels if film else ())]
    cast = _convert_cast(show) or tuple(MergedCredit(name, CreditRole.ACTOR) for name in title.cast)
    return MergedTitle(
        key=f"netflix:{title.show_id}",
        is_series=title.is_series,
        name=title.name,
        synopsis=title.synopsis,
        language=_find_language(title, show),
        release_year=show.premiered_on.year if show else title.release_year,
        certificate=title.certificate,
        duration=title.duration,
        genres=mappings.find_genres(labels),
        credits=tuple(MergedCredit(name, CreditRole.DIRECTOR) for name in title.directors) + cast,
        seasons=_convert_seasons(show, calendar) or _count_seasons(title.season_count or 0),
        countries=tuple(
            dict.fromkeys(mappings.countries[name] for name in title.countries if name in mappings.countries)
        ),
        added_at=_date_arrival(title, calendar),
        tvmaze_rating=show.rating if show else None,
        film_id=film.id if film else None,
    )


def _convert_tvmaze(show: TVmazeSeries, calendar: Calendar, mappings: Mappings) -> MergedTitle:
    return MergedTitle(
        key=f"tvmaze:{show.id}",
        is_series=True,
        name=show.name,
        synopsis=show.synopsis,
        language=show.language,
        release_year=show.premiered_on.year,
        certificate=None,
        duration=None,
        genres=mappings.find_genres(("tvmaze", label) for label in show.labels),
        credits=_convert_cast(show),
        seasons=_convert_seasons(show, calendar),
        countries=(show.country,) if show.country else (),
        added_at=start_of_day(show.premiered_on) + calendar.tvmaze,
        tvmaze_rating=show.rating,
    )


def _convert_open_film(film: OpenFilm, calendar: Calendar, mappings: Mappings) -> MergedTitle:
    """Licensed in every country that there is: the films are anybody's to show."""
    cast = tuple(MergedCredit(person, CreditRole.ACTOR, character) for person, character in film.cast)
    return MergedTitle(
        key=film.natural_key,
        is_series=False,
        name=film.name,
        synopsis=film.synopsis,
        language=film.language,
        release_year=film.release_year,
        certificate=None,
        duration=film.duration,
        genres=tuple(slug for slug in film.genres if slug in mappings.genres),
        credits=tuple(MergedCredit(name, CreditRole.DIRECTOR) for name in film.directors) + cast,
        seasons=(),
        countries=tuple(sorted(set(mappings.countries.values()))),
        added_at=start_of_day(film.added_on) + calendar.open_films,
        maturity=film.ceiling,
    )


def _find_language(title: NetflixTitle, show: TVmazeSeries | None) -> str | None:
    """TVmaze says it; of the CSV only one label does. A country is no language, so the rest stays unknown."""
    if show and show.language:
        return show.language
    return "es" if _SPANISH_LABEL in title.labels else None


def _date_arrival(title: NetflixTitle, calendar: Calendar) -> datetime:
    """The date the CSV gives, moved; without one the first day of the release year, moved, at the latest the anchor."""
    if title.added_on:
        return start_of_day(title.added_on) + calendar.netflix
    return min(start_of_day(date(title.release_year, 1, 1)) + calendar.netflix, start_of_day(calendar.anchor))


def _convert_cast(show: TVmazeSeries | None) -> tuple[MergedCredit, ...]:
    return tuple(MergedCredit(role.person, CreditRole.ACTOR, role.character) for role in (show.cast if show else ()))


def _count_seasons(count: int) -> tuple[MergedSeason, ...]:
    return tuple(MergedSeason(number) for number in range(1, count + 1))


def _convert_seasons(show: TVmazeSeries | None, calendar: Calendar) -> tuple[MergedSeason, ...]:
    seasons: defaultdict[int, list[MergedEpisode]] = defaultdict(list)
    for episode in show.episodes if show else ():
        seasons[episode.season].append(_convert_episode(episode, calendar))
    return tuple(MergedSeason(number, len(of), tuple(of)) for number, of in sorted(seasons.items()))


def _convert_episode(episode: TVmazeEpisode, calendar: Calendar) -> MergedEpisode:
    return MergedEpisode(
        key=f"tvmaze:episode:{episode.id}",
        number=episode.number,
        name=episode.name,
        synopsis=episode.synopsis,
        released_at=start_of_day(episode.aired_on) + calendar.tvmaze if episode.aired_on else None,
        duration=episode.duration,
    )


def _index_unique(items: Iterable[tuple[Key, Item]]) -> Mapping[Key, Item]:
    """What is alone under its key; what shares a key could be either and is joined with nothing."""
    found: defaultdict[Key, list[Item]] = defaultdict(list)
    for key, item in items:
        if key:
            found[key].append(item)
    return {key: of[0] for key, of in found.items() if len(of) == 1}
