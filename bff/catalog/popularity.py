"""Ranks titles: by how often people rated them lately, else by what could be expected of their like."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bff.catalog.movietweetings import FilmRating

HALF_LIFE = timedelta(days=30)
"""A rating counts half as much for every 30 days that it is older than the newest rating of the data set."""

YEARS_TO_HALVE = 8
USUAL_RATING = 7.0


class RatingSummary(Struct, frozen=True):
    """`average` is 0..10 over `count` ratings; `decayed_count` weighs each by its age."""

    count: int
    average: float
    decayed_count: float


class ExpectedCounts(Struct, frozen=True):
    """What the rated titles tell about the rest: the mean decayed count by genre and over all."""

    by_genre: Mapping[str, float]
    overall: float
    newest_year: int


def summarise_ratings(ratings: Iterable[FilmRating]) -> dict[str, RatingSummary]:
    """By film id. Depends on the ratings alone, never on the day of the import."""
    by_film: defaultdict[str, list[FilmRating]] = defaultdict(list)
    for rating in ratings:
        by_film[rating.film_id].append(rating)
    newest = max((rating.rated_at for film in by_film.values() for rating in film), default=None)
    if newest is None:
        return {}
    return {film_id: _summarise(film, newest) for film_id, film in by_film.items()}


def expect_counts(rated: Sequence[tuple[Sequence[str], float]], newest_year: int) -> ExpectedCounts:
    """From the genres and decayed counts of the rated titles; `newest_year` is that of the whole catalogue."""
    counts: defaultdict[str, list[float]] = defaultdict(list)
    for genres, count in rated:
        for genre in genres:
            counts[genre].append(count)
    overall = sum(count for _, count in rated) / len(rated) if rated else 1.0
    return ExpectedCounts({genre: sum(of) / len(of) for genre, of in counts.items()}, overall, newest_year)


def estimate_popularity(
    genres: Sequence[str], release_year: int, tvmaze_rating: float | None, expected: ExpectedCounts
) -> float:
    """The prior for a title that nobody rated, in the unit of a decayed count.

        mean over its genres of the genre's mean decayed count
        × 2 ** -((newest year of the catalogue - release year) / 8)
        × 2 ** (TVmaze's rating - 7), or 1 where TVmaze does not rate it

    So a title stands where an average rated film of its genres would, half as high for every eight years of age,
    twice as high for every point that TVmaze's audience gives it over the usual seven.
    """
    of_genres = [expected.by_genre.get(genre, expected.overall) for genre in genres] or [expected.overall]
    age = expected.newest_year - release_year
    taste = 2 ** (tvmaze_rating - USUAL_RATING) if tvmaze_rating is not None else 1.0
    return round(sum(of_genres) / len(of_genres) * 2 ** (-age / YEARS_TO_HALVE) * taste, 6)


def _summarise(ratings: Sequence[FilmRating], newest: datetime) -> RatingSummary:
    return RatingSummary(
        count=len(ratings),
        average=round(sum(rating.rating for rating in ratings) / len(ratings), 2),
        decayed_count=round(sum(0.5 ** ((newest - rating.rated_at) / HALF_LIFE) for rating in ratings), 6),
    )
