"""What a user of MovieTweetings rated, read as what a demo profile has watched, rated and put on its list.

The data holds one thing, a rating at a time. The films rated well at the end of a user's time stand for what is still
to be watched: they make the list. Of the others the latest are left half-watched, and the rest was seen to the end.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from bff.domain.profile_state import ListEntry, Rating, Thumb, WatchProgress

LIST_LENGTH = 8
WELL_RATED = 7
HALF_WATCHED_FRACTIONS = (0.7, 0.25, 0.55, 0.4)
"""How far the latest films were watched, the last one first."""

THUMB_UP = 8
THUMB_DOWN = 5
"""Ratings from 8 are a thumb up, up to 5 a thumb down; between them there is none."""


class FilmRating(Struct, frozen=True):
    """`rating` is 0..10, `duration` in seconds."""

    title_id: str
    duration: float
    rating: int
    rated_at: datetime


class Signal(Struct, frozen=True):
    """`my_list` in its order; `progress` oldest first; `ratings` by title id, of finished films alone."""

    my_list: tuple[ListEntry, ...]
    progress: tuple[WatchProgress, ...]
    ratings: dict[str, Rating]


def derive_signal(films: Iterable[FilmRating]) -> Signal:
    """The same ratings give the same signal; every film ends up in the list or in the progress, none in both."""
    latest_first = sorted(films, key=lambda film: (film.rated_at, film.title_id), reverse=True)
    listed = [film for film in latest_first if film.rating >= WELL_RATED][:LIST_LENGTH]
    kept = {film.title_id for film in listed}
    watched = [film for film in latest_first if film.title_id not in kept]
    progress = [
        WatchProgress(
            playable_id=film.title_id,
            title_id=film.title_id,
            position=round(film.duration * fraction, 1),
            duration=film.duration,
            completed=fraction == 1.0,
            updated_at=film.rated_at,
        )
        for film, fraction in zip(watched, _fractions(len(watched)), strict=True)
    ]
    finished = watched[len(HALF_WATCHED_FRACTIONS) :]
    return Signal(
        my_list=tuple(ListEntry(film.title_id, float(place), film.rated_at) for place, film in enumerate(listed, 1)),
        progress=tuple(reversed(progress)),
        ratings={film.title_id: Rating(thumb, film.rated_at) for film in finished if (thumb := _to_thumb(film.rating))},
    )


def _fractions(count: int) -> list[float]:
    return [*HALF_WATCHED_FRACTIONS, *([1.0] * max(0, count - len(HALF_WATCHED_FRACTIONS)))][:count]


def _to_thumb(rating: int) -> Thumb | None:
    if rating >= THUMB_UP:
        return Thumb.UP
    return Thumb.DOWN if rating <= THUMB_DOWN else None
