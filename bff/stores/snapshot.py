"""The catalogue as every process holds it: all title cards in memory, indexed, immutable, swapped whole on change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from bff.domain.similarity import Likeness, is_same_likeness
from bff.domain.titles import AnyPlayable, AnyTitleCard, Genre, MovieCard, TitleCard
from bff.domain.visibility import Audience
from bff.stores.contents import Change, Contents
from bff.stores.kept import KeptByCard
from bff.stores.search import TitleIndex
from bff.stores.shelves import LEAST_FOR_KIDS, TOP, Shelf, ShelfRules

__all__ = ["KIDS_GENRE", "LEAST_FOR_KIDS", "TOP", "Catalogue", "Shelf"]

SIMILAR_KEPT = 150
SHELVES_KEPT = 64
KIDS_GENRE = "family-kids"
_MOST_CHANGES = 0.1
"""Of all titles: past it a catalogue is made anew."""


class Catalogue:
    """One version of the whole catalogue. Safe to share between requests: nothing in it changes but its own caches.

    `popularity` of a card orders `by_popularity`, highest first, ties by id.
    """

    def __init__(
        self, version: int, contents: Contents, genres: Mapping[str, Genre], index: TitleIndex, likeness: Likeness
    ):
        self.version = version
        self.cards: Mapping[str, AnyTitleCard] = contents.cards
        self.by_popularity = contents.by_popularity
        self.playing = contents.playing
        self.people = contents.people
        self.titles_by_person = contents.titles_by_person
        self.seasons = contents.seasons
        self.episodes = contents.episodes
        self.trailers = contents.trailers
        self.genres = genres
        # Nothing here refers to the catalogue itself: it goes as soon as the last operation that began with it ends.
        self.genre_lists = KeptByCard(partial(_list_genres, genres))
        self.genres_version = hash(tuple(genres.values()))
        self.index = index
        self._contents = contents
        self._likeness = likeness
        self._kids_genre = next((genre.id for genre in genres.values() if genre.slug == KIDS_GENRE), None)
        self._shelves: dict[Audience, Shelf] = {}
        self._earlier_shelves: dict[Audience, _EarlierShelf] = {}
        self._similar: dict[str, Sequence[str]] = {}

    @classmethod
    def build(cls, version: int, cards: Iterable[AnyTitleCard], genres: Iterable[Genre]) -> "Catalogue":
        """Takes 1 s for 9,000 titles: off the event loop, please."""
        contents = Contents(cards)
        by_id = {genre.id: genre for genre in genres}
        index = TitleIndex.build(contents.cards.values(), by_id)
        return cls(version, contents, by_id, index, Likeness(contents.cards.values()))

    def apply(
        self, version: int, changed: Iterable[AnyTitleCard], removed: Iterable[str], genres: Iterable[Genre]
    ) -> "Catalogue":
        """The catalogue after a change; this one stays as it is for the requests that hold it.

        Takes as long as what changed asks for, a few milliseconds for a title, which are for a thread, too.
        """
        changes = self._contents.find_changes(changed, removed)
        by_id = {genre.id: genre for genre in genres}
        contents = self._contents.replace(changes)
        if list(by_id.items()) != list(self.genres.items()) or len(changes) > len(contents.cards) * _MOST_CHANGES:
            return Catalogue.build(version, contents.cards.values(), by_id.values())
        cards = [after for _, after in changes if after is not None]
        gone = [before.id for before, after in changes if before is not None and after is None]
        index = self.index.update(cards, gone)
        later = Catalogue(version, contents, self.genres, index, self._likeness.replace(cards, gone))
        later.genre_lists = self.genre_lists
        later._earlier_shelves = self._list_shelves(changes)
        if all(before and after and is_same_likeness(before, after) for before, after in changes):
            later._similar = self._similar
        return later

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
        if shelf is None or not shelf.holds(now):
            shelf = self._put_up(audience, now)
            if len(self._shelves) >= SHELVES_KEPT:
                self._shelves.pop(next(iter(self._shelves)))
            self._shelves[audience] = shelf
        return shelf

    def similar_to(self, card: AnyTitleCard) -> tuple[AnyTitleCard, ...]:
        """The titles most like this one, best first, whoever may see them."""
        found = self._similar.get(card.id)
        if found is None:
            found = self._similar[card.id] = [other.id for other in self._likeness.rank(card, SIMILAR_KEPT)]
        return tuple([self.cards[identifier] for identifier in found])

    def _put_up(self, audience: Audience, now: datetime) -> Shelf:
        """As the last catalogue had it, but for what changed; else judged anew."""
        rules = ShelfRules(audience, self._kids_genre)
        earlier = self._earlier_shelves.pop(audience, None)
        if earlier is None or not earlier.shelf.holds(now):
            return rules.judge_all(self.by_popularity, now)
        changes = [Change(before, self.cards.get(title_id)) for title_id, before in earlier.before.items()]
        return rules.adjust(earlier.shelf, changes, self.by_popularity, now)

    def _list_shelves(self, changes: Iterable[Change]) -> "dict[Audience, _EarlierShelf]":
        """Those of this catalogue for the one after the changes. Requests go on meanwhile and put up others."""
        before = {card.id: change.before for change in changes if (card := change.before or change.after) is not None}
        earlier = {
            audience: _EarlierShelf(held.shelf, before | held.before)
            for audience, held in self._earlier_shelves.copy().items()
            if len(held.before) < len(self.cards) * _MOST_CHANGES
        }
        return earlier | {audience: _EarlierShelf(shelf, before) for audience, shelf in self._shelves.copy().items()}


class _EarlierShelf(Struct, frozen=True):
    """A shelf of an earlier catalogue; `before` are the titles that have changed since, as the shelf has them."""

    shelf: Shelf
    before: dict[str, AnyTitleCard | None]


def _list_genres(genres: Mapping[str, Genre], card: TitleCard) -> tuple[Genre, ...]:
    return tuple(genres[identifier] for identifier in card.genre_ids if identifier in genres)
