"""A title as operators see it: everything that is the same for all viewers, whether or not anybody may see it."""

from datetime import datetime

from msgspec import Struct

from bff.domain.titles import AnyTitleCard, Credit, EpisodeCard, Genre, MaturityRating, MovieCard, SeriesCard
from bff.domain.video import SkipMarker, VideoState
from bff.stores.snapshot import Catalogue
from resolvers.enums import TitleType


class WindowView(Struct, frozen=True):
    region: str
    opens: datetime
    closes: datetime | None


class CataloguePlayableView(Struct, frozen=True):
    """A film, an episode or a trailer; `number` is an episode's, `duration` in seconds."""

    id: str
    name: str
    number: int | None
    synopsis: str | None
    released_at: datetime | None
    duration: float | None
    video_state: VideoState
    skip_markers: tuple[SkipMarker, ...]


class CatalogueSeasonView(Struct, frozen=True):
    id: str
    number: int
    name: str
    episodes: tuple[CataloguePlayableView, ...]


class CatalogueTitleView(Struct, frozen=True, kw_only=True):
    """`film` is None for a series."""

    id: str
    type: TitleType
    name: str
    original_name: str | None
    original_language: str | None
    synopsis: str
    release_year: int
    certificate: str | None
    maturity_rating: MaturityRating
    genres: tuple[Genre, ...]
    credits: tuple[Credit, ...]
    windows: tuple[WindowView, ...]
    film: CataloguePlayableView | None
    seasons: tuple[CatalogueSeasonView, ...]
    trailers: tuple[CataloguePlayableView, ...]
    is_withdrawn: bool
    added_at: datetime


def view_title(catalogue: Catalogue, card: AnyTitleCard) -> CatalogueTitleView:
    """Genres that are gone are left out."""
    return CatalogueTitleView(
        id=card.id,
        type=TitleType.SERIES if isinstance(card, SeriesCard) else TitleType.MOVIE,
        name=card.name,
        original_name=card.original_name,
        original_language=card.original_language,
        synopsis=card.synopsis,
        release_year=card.release_year,
        certificate=card.certificate,
        maturity_rating=card.maturity,
        genres=tuple(catalogue.genres[genre_id] for genre_id in card.genre_ids if genre_id in catalogue.genres),
        credits=card.credits,
        windows=tuple(
            WindowView(region, window.opens, window.closes) for region, window in sorted(card.windows.items())
        ),
        film=_view_film(card) if isinstance(card, MovieCard) else None,
        seasons=_view_seasons(card) if isinstance(card, SeriesCard) else (),
        trailers=tuple(
            CataloguePlayableView(one.id, one.name, None, None, None, one.duration, one.video_state, one.markers)
            for one in card.trailers
        ),
        is_withdrawn=card.is_hidden,
        added_at=card.added_at,
    )


def _view_film(card: MovieCard) -> CataloguePlayableView:
    return CataloguePlayableView(card.id, card.name, None, None, None, card.duration, card.video_state, card.markers)


def _view_seasons(card: SeriesCard) -> tuple[CatalogueSeasonView, ...]:
    return tuple(
        CatalogueSeasonView(season.id, season.number, season.name, tuple(map(_view_episode, season.episodes)))
        for season in card.seasons
    )


def _view_episode(card: EpisodeCard) -> CataloguePlayableView:
    return CataloguePlayableView(
        card.id,
        card.name,
        card.number,
        card.synopsis,
        card.released_at,
        card.duration,
        card.video_state,
        card.markers,
    )
