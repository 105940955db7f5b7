"""Title cards to search in: the demo's whole list of titles, and small made-up ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bff.catalog.certificates import rate_certificate
from bff.catalog.files import open_source
from bff.catalog.mappings import read_mappings
from bff.catalog.netflix import read_netflix
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import (
    AnyTitleCard,
    Artwork,
    Credit,
    CreditRole,
    Genre,
    MaturityRating,
    MovieCard,
    SeriesCard,
)

DEMO_TITLES = Path(__file__).parents[1] / "demo/catalog/netflix_titles.csv.gz"


def make_card(
    name: str,
    *,
    key: str | None = None,
    original_name: str | None = None,
    synopsis: str = "",
    people: tuple[str, ...] = (),
    genres: tuple[str, ...] = (),
    popularity: float = 1.0,
    maturity: MaturityRating = MaturityRating.ALL,
    is_series: bool = False,
) -> AnyTitleCard:
    """A card whose ids follow from the names; `key` tells apart titles of one name."""
    fields = {
        "id": derive_id(IdKind.TITLE, key or name),
        "name": name,
        "original_name": original_name,
        "synopsis": synopsis,
        "release_year": 2020,
        "maturity": maturity,
        "genre_ids": tuple(derive_id(IdKind.GENRE, genre) for genre in genres),
        "credits": tuple(Credit(derive_id(IdKind.PERSON, person), person, CreditRole.ACTOR) for person in people),
        "windows": {},
        "added_at": datetime(2020, 1, 1, tzinfo=UTC),
        "popularity": popularity,
        "artwork": Artwork(version="1", palette=(), placeholders={}),
    }
    return SeriesCard(**fields, seasons=()) if is_series else MovieCard(**fields)


def make_genres(*names: str) -> Mapping[str, Genre]:
    return {(identifier := derive_id(IdKind.GENRE, name)): Genre(identifier, name.lower(), name) for name in names}


def read_demo_cards() -> tuple[list[AnyTitleCard], Mapping[str, Genre]]:
    """The titles of the demo's largest file, those listed first the most popular."""
    mappings = read_mappings()
    titles = read_netflix(open_source(DEMO_TITLES).decode(), DEMO_TITLES.name).rows
    cards = [
        make_card(
            title.name,
            key=title.show_id,
            synopsis=title.synopsis,
            people=(*title.cast, *title.directors),
            genres=tuple(
                mappings.genres[slug].name
                for slug in mappings.find_genres(("netflix", label) for label in title.labels)
            ),
            popularity=1 / place,
            maturity=rate_certificate(title.certificate),
            is_series=title.is_series,
        )
        for place, title in enumerate(titles, start=1)
    ]
    return cards, make_genres(*(genre.name for genre in mappings.genres.values()))
