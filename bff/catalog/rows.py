"""Spreads merged titles over the rows of the normalised tables; ids come from natural keys, so they last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bff.catalog.certificates import rate_certificate
from bff.catalog.mappings import Mappings
from bff.catalog.merge import Calendar, MergedTitle
from bff.catalog.movietweetings import FilmRating
from bff.catalog.names import fold_name
from bff.catalog.popularity import RatingSummary, estimate_popularity, expect_counts, summarise_ratings
from bff.catalog.windows import plan_windows
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import Genre, MaturityRating
from bff.stores.catalogue_import import TableRows

Row = tuple[object, ...]


class _Ranking(Struct, frozen=True):
    popularity: float
    average_rating: float | None
    rating_count: int


def build_rows(
    titles: Sequence[MergedTitle], ratings: Sequence[FilmRating], calendar: Calendar, mappings: Mappings
) -> list[TableRows]:
    """The rows of all tables, parents before children."""
    ids = {title.key: derive_id(IdKind.TITLE, title.key) for title in titles}
    people, credit_rows = _build_credits(titles, ids)
    seasons, episodes = _build_seasons(titles, ids)
    return [
        _build_genres(mappings.genres),
        TableRows("person", ("id",), ("id", "name"), people),
        _build_titles(titles, ids, _rank_titles(titles, summarise_ratings(ratings))),
        TableRows("season", ("id",), ("id", "title_id", "number", "name", "episode_count"), seasons),
        TableRows(
            "episode",
            ("id",),
            ("id", "season_id", "number", "name", "synopsis", "released_at", "duration"),
            episodes,
        ),
        TableRows(
            "credit", ("title_id", "ordinal"), ("title_id", "ordinal", "person_id", "role", "character"), credit_rows
        ),
        TableRows(
            "title_genre",
            ("title_id", "ordinal"),
            ("title_id", "ordinal", "genre_id"),
            [
                (ids[title.key], ordinal, mappings.genres[slug].id)
                for title in titles
                for ordinal, slug in enumerate(title.genres)
            ],
        ),
        TableRows(
            "licence_window",
            ("title_id", "region"),
            ("title_id", "region", "opens", "closes"),
            _build_windows(titles, ids, calendar),
        ),
        TableRows(
            "movie_rating",
            ("user_number", "title_id"),
            ("user_number", "title_id", "rating", "rated_at"),
            _build_ratings(titles, ids, ratings, calendar.ratings),
        ),
    ]


def _build_genres(genres: Mapping[str, Genre]) -> TableRows:
    rows: list[Row] = [(genre.id, ordinal, genre.slug, genre.name) for ordinal, genre in enumerate(genres.values())]
    return TableRows("genre", ("id",), ("id", "ordinal", "slug", "name"), rows)


def _build_titles(titles: Iterable[MergedTitle], ids: Mapping[str, str], rankings: Mapping[str, _Ranking]) -> TableRows:
    columns = (
        "id", "natural_key", "type", "name", "original_language", "synopsis", "release_year", "certificate",
        "maturity", "duration", "added_at", "popularity", "average_rating", "rating_count",
    )  # fmt: skip
    rows: list[Row] = []
    for title in titles:
        ranking = rankings[title.key]
        rows.append((
            ids[title.key], title.key, "SERIES" if title.is_series else "MOVIE", title.name, title.language,
            title.synopsis, title.release_year, title.certificate, int(_rate(title)),
            title.duration, title.added_at, ranking.popularity, ranking.average_rating, ranking.rating_count,
        ))  # fmt: skip
    return TableRows("title", ("id",), columns, rows)


def _rate(title: MergedTitle) -> MaturityRating:
    return rate_certificate(title.certificate) if title.maturity is None else title.maturity


def _build_seasons(titles: Iterable[MergedTitle], ids: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    seasons: list[Row] = []
    episodes: list[Row] = []
    for title in titles:
        for season in title.seasons:
            season_id = derive_id(IdKind.SEASON, f"{title.key}:season:{season.number}")
            seasons.append((season_id, ids[title.key], season.number, f"Season {season.number}", season.episode_count))
            episodes += [
                (
                    derive_id(IdKind.EPISODE, episode.key), season_id, episode.number, episode.name,
                    episode.synopsis, episode.released_at, episode.duration,
                )
                for episode in season.episodes
            ]  # fmt: skip
    return seasons, episodes


def _build_credits(titles: Iterable[MergedTitle], ids: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """People by folded name: one of the same name is the same person; the first spelling is shown."""
    people: dict[str, tuple[str, str]] = {}
    rows: list[Row] = []
    for title in titles:
        seen: set[tuple[str, str]] = set()
        for credit in title.credits:
            key = fold_name(credit.person)
            if not key or (key, credit.role) in seen:
                continue
            seen.add((key, credit.role))
            if key not in people:
                people[key] = (derive_id(IdKind.PERSON, f"person:{key}"), credit.person)
            rows.append((ids[title.key], len(seen) - 1, people[key][0], credit.role.value, credit.character))
    return list(people.values()), rows


def _build_windows(titles: Iterable[MergedTitle], ids: Mapping[str, str], calendar: Calendar) -> list[Row]:
    return [
        (ids[title.key], region, window.opens, window.closes)
        for title in titles
        for region, window in plan_windows(
            ids[title.key], title.countries, title.added_at.date(), calendar.anchor
        ).items()
    ]


def _build_ratings(
    titles: Iterable[MergedTitle], ids: Mapping[str, str], ratings: Iterable[FilmRating], shift: timedelta
) -> list[Row]:
    """What one user said of one title; the last word counts."""
    by_film = {title.film_id: ids[title.key] for title in titles if title.film_id}
    latest: dict[tuple[int, str], tuple[datetime, int]] = {}
    for rating in ratings:
        if title_id := by_film.get(rating.film_id):
            place = (rating.user_number, title_id)
            word = (rating.rated_at + shift, rating.rating)
            latest[place] = max(word, latest.get(place, word))
    return [(user, title_id, rating, rated_at) for (user, title_id), (rated_at, rating) in latest.items()]


def _rank_titles(titles: Sequence[MergedTitle], summaries: Mapping[str, RatingSummary]) -> dict[str, _Ranking]:
    rated = {title.key: summaries[title.film_id] for title in titles if title.film_id and title.film_id in summaries}
    expected = expect_counts(
        [(title.genres, rated[title.key].decayed_count) for title in titles if title.key in rated],
        newest_year=max((title.release_year for title in titles), default=0),
    )
    rankings: dict[str, _Ranking] = {}
    for title in titles:
        if summary := rated.get(title.key):
            rankings[title.key] = _Ranking(summary.decayed_count, summary.average, summary.count)
        else:
            prior = estimate_popularity(title.genres, title.release_year, title.tvmaze_rating, expected)
            rankings[title.key] = _Ranking(prior, None, 0)
    return rankings
