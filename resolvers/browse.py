"""Lists of the catalogue: browsing by filter and order, what is trending, genres."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from bff.context import Info
from bff.domain.paging import Key
from bff.domain.titles import AnyTitleCard, Genre, MaturityRating, MovieCard, SeriesCard
from bff.domain.words import fold
from resolvers.enums import BrowseSort, TitleType
from resolvers.inputs import NO_FILTER, BrowseFilter
from resolvers.titles import TitlePage, by_popularity, page_cards

_ORDERS: dict[BrowseSort, Callable[[AnyTitleCard], Key]] = {
    BrowseSort.POPULARITY: by_popularity,
    BrowseSort.RATING: lambda card: (
        -(card.average_rating if card.average_rating is not None else -1.0),
        *by_popularity(card),
    ),
    BrowseSort.RELEASED: lambda card: (-card.release_year, *by_popularity(card)),
    BrowseSort.ADDED: lambda card: (-card.added_at.timestamp(), *by_popularity(card)),
    BrowseSort.NAME: lambda card: (fold(card.name), card.id),
}


class Admission(Struct, frozen=True):
    """A `BrowseFilter` as a predicate over cards."""

    genre: str | None
    kind: type[AnyTitleCard] | None
    ceiling: MaturityRating | None
    released_from: int | None
    released_to: int | None
    language: str | None

    def __call__(self, card: AnyTitleCard) -> bool:
        return (
            (self.genre is None or self.genre in card.genre_ids)
            and (self.kind is None or isinstance(card, self.kind))
            and (self.ceiling is None or card.maturity <= self.ceiling)
            and (self.released_from is None or card.release_year >= self.released_from)
            and (self.released_to is None or card.release_year <= self.released_to)
            and (self.language is None or _speaks(card.original_language, self.language))
        )


def admit(filter: BrowseFilter | None) -> Admission | None:
    """None for a filter that lets everything through."""
    if filter is None:
        return None
    admission = Admission(
        genre=filter.genre,
        kind=None if filter.type is None else MovieCard if filter.type is TitleType.MOVIE else SeriesCard,
        ceiling=filter.maturity_at_most,
        released_from=filter.released_from,
        released_to=filter.released_to,
        language=filter.language,
    )
    return None if admission == Admission(None, None, None, None, None, None) else admission


async def browse(
    info: Info,
    filter: BrowseFilter | None = NO_FILTER,
    sort: BrowseSort | None = BrowseSort.POPULARITY,
    first: int | None = None,
    after: str | None = None,
) -> TitlePage:
    shelf = info.context.shelf
    admission = admit(filter)
    sort = sort or BrowseSort.POPULARITY
    order = _ORDERS[sort]
    chosen: Sequence[AnyTitleCard]
    if admission is not None and admission.genre:
        chosen = sorted((card for card in shelf.by_genre.get(admission.genre, ()) if admission(card)), key=order)
    else:
        chosen = shelf.titles
        if sort is not BrowseSort.POPULARITY:
            chosen = shelf.keep(("browse", sort), lambda: tuple(sorted(shelf.titles, key=order)))
        if admission is not None:
            chosen = [card for card in chosen if admission(card)]
    return page_cards(chosen, f"browse:{sort}", _ORDERS[sort], first, after)


async def page_trending(info: Info, first: int | None = None, after: str | None = None) -> TitlePage:
    return page_cards(info.context.shelf.titles, "trending", by_popularity, first, after)


async def list_genres(info: Info) -> list[Genre]:
    """Those with something to watch, by name."""
    stocked = info.context.shelf.by_genre
    return sorted((genre for genre in info.context.catalogue.genres.values() if genre.id in stocked), key=_name)


def _name(genre: Genre) -> str:
    return genre.name


def _speaks(language: str | None, wanted: str) -> bool:
    """Basic filtering of RFC 4647: `pt` takes in `pt-BR`."""
    if language is None:
        return False
    language, wanted = language.lower(), wanted.lower()
    return language == wanted or language.startswith(wanted + "-")
