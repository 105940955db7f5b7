"""Titles as operators see them: the cards themselves, whoever may see them, and what cards hold in another shape."""

from datetime import datetime

import strawberry
from msgspec import Struct

from bff.domain.titles import AnyTitleCard, EpisodeCard, MovieCard, SeasonCard, SeriesCard, TrailerCard
from resolvers.enums import TitleType

PlayableCard = MovieCard | EpisodeCard | TrailerCard


class WindowView(Struct, frozen=True):
    region: str
    opens: datetime
    closes: datetime | None


def get_type(root: strawberry.Parent[AnyTitleCard]) -> TitleType:
    return TitleType.SERIES if isinstance(root, SeriesCard) else TitleType.MOVIE


def list_windows(root: strawberry.Parent[AnyTitleCard]) -> list[WindowView]:
    return [WindowView(region, window.opens, window.closes) for region, window in sorted(root.windows.items())]


def get_film(root: strawberry.Parent[AnyTitleCard]) -> MovieCard | None:
    """What plays of a film: the same card."""
    return root if isinstance(root, MovieCard) else None


def list_seasons(root: strawberry.Parent[AnyTitleCard]) -> tuple[SeasonCard, ...]:
    return root.seasons if isinstance(root, SeriesCard) else ()


def get_number(root: strawberry.Parent[PlayableCard]) -> int | None:
    return root.number if isinstance(root, EpisodeCard) else None


def get_synopsis(root: strawberry.Parent[PlayableCard]) -> str | None:
    """An episode's; a film's is its title's."""
    return root.synopsis if isinstance(root, EpisodeCard) else None


def get_released_at(root: strawberry.Parent[PlayableCard]) -> datetime | None:
    return root.released_at if isinstance(root, EpisodeCard) else None
