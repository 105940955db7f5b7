"""Title cards for tests of rules: films and series with what a test names, and something plain for the rest."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bff.domain.titles import (
    Artwork,
    Credit,
    CreditRole,
    EpisodeCard,
    LicenceWindow,
    MaturityRating,
    MovieCard,
    SeasonCard,
    SeriesCard,
    TitleCard,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""What time it is in such a test."""
ALWAYS = {"US": LicenceWindow(opens=NOON - timedelta(days=400))}
ARTWORK = Artwork(version="1", palette=("#000000",), placeholders={})


def make_film(
    title_id: str,
    *,
    genres: Sequence[str] = (),
    people: Sequence[str] = (),
    year: int = 2020,
    popularity: float = 0.0,
    windows: Mapping[str, LicenceWindow] | None = None,
) -> MovieCard:
    return MovieCard(
        id=title_id,
        name=title_id,
        synopsis="",
        release_year=year,
        maturity=MaturityRating.ALL,
        genre_ids=tuple(genres),
        credits=tuple(Credit(person_id=person, name=person, role=CreditRole.ACTOR) for person in people),
        windows=dict(ALWAYS if windows is None else windows),
        added_at=NOON,
        popularity=popularity,
        artwork=ARTWORK,
    )


def make_series(
    title_id: str,
    *seasons: int,
    genres: Sequence[str] = (),
    people: Sequence[str] = (),
    year: int = 2020,
    popularity: float = 0.0,
    windows: Mapping[str, LicenceWindow] | None = None,
    released_at: datetime | None = None,
) -> SeriesCard:
    """`seasons` says how many episodes each has: S1E2 of `bones` is `bones.1.2`; all were released at one time."""
    film = make_film(title_id, genres=genres, people=people, year=year, popularity=popularity, windows=windows)
    return SeriesCard(
        **{name: getattr(film, name) for name in TitleCard.__struct_fields__},
        seasons=tuple(
            SeasonCard(
                id=f"{title_id}.{season}",
                number=season,
                name=f"Season {season}",
                episodes=tuple(
                    EpisodeCard(
                        id=f"{title_id}.{season}.{number}", number=number, name=str(number), released_at=released_at
                    )
                    for number in range(1, episodes + 1)
                ),
            )
            for season, episodes in enumerate(seasons, start=1)
        ),
    )
