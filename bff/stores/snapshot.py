"""The catalogue as every process holds it: all title cards in memory, indexed, immutable, swapped whole on change."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from bff.domain.similarity import Likeness
from bff.domain.titles import (
    AnyPlayable,
    AnyTitleCard,
    Episode,
    Genre,
    MovieCard,
    Person,
    Season,
    SeriesCard,
    TitleCard,
    Trailer,
)
from bff.domain.visibility import Audience, Visibility, judge
from bff.stores.kept import KeptByCard
from bff.stores.search import TitleIndex

T = TypeVar("T")

SIMILAR_KEPT = 150
SHELVES_KEPT = 64
KEPT_BY_SHELF = 512
TOP = 10
KIDS_GENRE = "family-kids"
LEAST_FOR_KIDS = 40
"""With fewer titles made for kids than this, a kids profile is shown all that it may see."""


class Shelf(Struct, frozen=True):
    """What an audience may see everywhere right now, most popular first; holds until `until` (exclusive).

    `featured` is what rows choose from: for kids what is made for them, for others everything. `top` are its first ten,
    `ranking` their ids in this order, `top_ids` as a set.
    """

    titles: tuple[AnyTitleCard, ...]
    ids: frozenset[str]
    featured: tuple[AnyTitleCard, ...]
    featured_ids: frozenset[str]
    top: tuple[AnyTitleCard, ...]
    ranking: tuple[str, ...]
    top_ids: frozenset[str]
    by_genre: Mapping[str, tuple[AnyTitleCard, ...]]
    since: datetime
    until: datetime | None
    kept: dict[Hashable, Any] = {}

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of this shelf, by nothing but the shelf and `key`; made once for everybody."""
        found: T | None = self.kept.get(key)
        if found is None:
            if len(self.kept) >= KEPT_BY_SHELF:
                self.kept.pop(next(iter(self.kept)))
            found = self.kept[key] = make()
        return found


class Catalogue:
    """One version of the whole catalogue. Safe to share between requests: nothing in it changes but its own caches.

    `popularity` of a card orders `by_popularity`, highest first, ties by id.
    """

    def __init__(
        self,
        version: int,
        cards: Mapping[str, AnyTitleCard],
        genres: Iterable[Genre],
        index: TitleIndex,
        likeness: Likeness,
    ):
        self.version = version
        self.cards = cards
        self.genres = {genre.id: genre for genre in genres}
        self.genre_lists = KeptByCard(self._list_genres)
        self.genres_version = hash(tuple(self.genres.values()))
        self.index = index
        self.by_popularity = tuple(sorted(cards.values(), key=lambda card: (-card.popularity, card.id)))
        self.people: dict[str, Person] = {}
        self.seasons: dict[str, Season] = {}
        self.episodes: dict[str, Episode] = {}
        self.trailers: dict[str, Trailer] = {}
        titles_by_person: dict[str, list[AnyTitleCard]] = defaultdict(list)
        for card in self.by_popularity:
            for credit in card.credits:
                if credit.person_id not in self.people:
                    self.people[credit.person_id] = Person(id=credit.person_id, name=credit.name)
                titles = titles_by_person[credit.person_id]
                if not titles or titles[-1] is not card:
                    titles.append(card)
            for trailer in card.trailers:
                self.trailers[trailer.id] = Trailer(title=card, card=trailer)
            if isinstance(card, SeriesCard):
                self._place_seasons(card)
        # Tuples of what holds no cycle are left alone by the garbage collector; lists are walked each time.
        self.titles_by_person: Mapping[str, Sequence[AnyTitleCard]] = {
            person: tuple(titles) for person, titles in titles_by_person.items()
        }
        self._likeness = likeness
        self._shelves: dict[Audience, Shelf] = {}
        self._similar: dict[str, tuple[AnyTitleCard, ...]] = {}

    @classmethod
    def build(cls, version: int, cards: Iterable[AnyTitleCard], genres: Iterable[Genre]) -> "Catalogue":
        """Takes 0.5-1 s for 9,000 titles: off the event loop, please."""
        by_id = {card.id: card for card in cards}
        genre_list = list(genres)
        index = TitleIndex.build(by_id.values(), {genre.id: genre for genre in genre_list})
        return cls(version, by_id, genre_list, index, Likeness(by_id.values()))

    def apply(
        self, version: int, changed: Iterable[AnyTitleCard], removed: Iterable[str], genres: Iterable[Genre]
    ) -> "Catalogue":
        """The catalogue after a change; this one stays as it is for the requests that hold it."""
        changed, removed = list(changed), list(removed)
        cards = dict(self.cards)
        for identifier in removed:
            cards.pop(identifier, None)
        cards.update((card.id, card) for card in changed)
        genre_list = list(genres)
        if len(changed) + len(removed) > len(cards) // 10:
            return Catalogue.build(version, cards.values(), genre_list)
        index = self.index.update(changed, removed)
        likeness = self._likeness.replace(cards.values(), changed)
        return Catalogue(version, cards, genre_list, index, likeness)

    def find_playable(self, playable_id: str) -> AnyPlayable | None:
        """A film, an episode or a trailer; visibility is for the caller to judge."""
        found = self.episodes.get(playable_id) or self.trailers.get(playable_id)
        if found is not None:
            return found
        card = self.cards.get(playable_id)
        return card if isinstance(card, MovieCard) else None

    def shelve(self, audience: Audience, now: datetime) -> Shelf:
        """What `audience` may see everywhere at `now`; judged once, until a licence window opens or closes."""
        shelf = self._shelves.get(audience)
        if shelf is None or now < shelf.since or (shelf.until is not None and now >= shelf.until):
            shelf = self._judge_all(audience, now)
            if len(self._shelves) >= SHELVES_KEPT:
                self._shelves.pop(next(iter(self._shelves)))
            self._shelves[audience] = shelf
        return shelf

    def similar_to(self, card: AnyTitleCard) -> tuple[AnyTitleCard, ...]:
        """The titles most like this one, best first, whoever may see them."""
        found = self._similar.get(card.id)
        if found is None:
            found = tuple(self._likeness.rank(card, SIMILAR_KEPT))
            self._similar[card.id] = found
        return found

    def _judge_all(self, audience: Audience, now: datetime) -> Shelf:
        titles = tuple(card for card in self.by_popularity if judge(card, audience, now) is Visibility.OPEN)
        by_genre: dict[str, list[AnyTitleCard]] = defaultdict(list)
        for card in titles:
            for genre in card.genre_ids:
                by_genre[genre].append(card)
        ids = frozenset(card.id for card in titles)
        featured = titles
        if audience.is_kids:
            kids_genres = {genre.id for genre in self.genres.values() if genre.slug == KIDS_GENRE}
            made_for_kids = tuple(card for card in titles if kids_genres.intersection(card.genre_ids))
            featured = made_for_kids if len(made_for_kids) >= LEAST_FOR_KIDS else titles
        windows = [window for card in self.by_popularity if (window := card.windows.get(audience.region)) is not None]
        edges = [window.opens for window in windows if window.opens > now]
        edges += [window.closes for window in windows if window.closes is not None and window.closes > now]
        return Shelf(
            titles=titles,
            ids=ids,
            featured=featured,
            featured_ids=ids if featured is titles else frozenset(card.id for card in featured),
            top=featured[:TOP],
            ranking=tuple(card.id for card in featured[:TOP]),
            top_ids=frozenset(card.id for card in featured[:TOP]),
            by_genre={genre: tuple(cards) for genre, cards in by_genre.items()},
            since=now,
            until=min(edges, default=None),
        )

    def _list_genres(self, card: TitleCard) -> tuple[Genre, ...]:
        return tuple(self.genres[identifier] for identifier in card.genre_ids if identifier in self.genres)

    def _place_seasons(self, series: SeriesCard) -> None:
        for season in series.seasons:
            self.seasons[season.id] = Season(series=series, card=season)
            for episode in season.episodes:
                self.episodes[episode.id] = Episode(series=series, season=season, card=episode)
