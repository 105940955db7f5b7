"""What the words of the index belong to: titles, people and genres under small numbers, and who sees which.

An entity keeps its ordinal for as long as the process runs, also over updates.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from copy import copy

import numpy as np
import numpy.typing as npt

from bff.domain.search import MatchKind
from bff.domain.titles import AnyTitleCard, Genre
from bff.domain.words import fold, join_proper_names, join_words
from bff.stores.search.terms import Field, Ordinals, TermDocument

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

TITLE, PERSON, GENRE = 0, 1, 2
KIND_OF_ENTITY = (MatchKind.NAME, MatchKind.PERSON, MatchKind.GENRE)


class Entities:
    """Columns by ordinal, and the pairs of titles with their people and genres; never changed once gathered.

    `stale` are the ordinals whose words differ from those of the predecessor, `gone` those that left.
    """

    def __init__(self, genres: Mapping[str, Genre]) -> None:
        self.genres = genres
        self.ordinal_of: dict[str, int] = {}
        self.ids: list[str] = []
        self.names: list[str] = []
        self.folded: list[str] = []
        self.cards: dict[int, AnyTitleCard] = {}
        self.stale: set[int] = set()
        self.gone: frozenset[int] = frozenset()
        self.kinds: npt.NDArray[np.int8] = np.zeros(0, dtype=np.int8)
        self.popularity: Floats = np.zeros(0)
        self.credited_title, self.credited_person = _split_pairs([])
        self.classed_title, self.classed_genre = _split_pairs([])
        self._shares_names = False
        self._sorted_ids: list[str] = []
        self.id_order: Ordinals = np.zeros(0, dtype=np.int32)

    @property
    def size(self) -> int:
        """How many ordinals there are, also of what is gone."""
        return len(self.ids)

    def replace(self, changed: Iterable[AnyTitleCard], removed: Iterable[str]) -> "Entities":
        """Those of a later catalogue. All but copying goes by what changed; `changed` and `removed` share no title."""
        later = copy(self)
        later._shares_names = True
        later.cards = dict(self.cards)
        later._change(changed, removed)
        return later

    def _change(self, changed: Iterable[AnyTitleCard], removed: Iterable[str]) -> None:
        known = (self.ordinal_of.get(title_id) for title_id in removed)
        self.gone = frozenset(ordinal for ordinal in known if ordinal is not None and ordinal in self.cards)
        for ordinal in self.gone:
            del self.cards[ordinal]
        self.stale = set()
        touched = list(self.gone)
        kinds: list[int] = []
        credited: list[tuple[int, int]] = []
        classed: list[tuple[int, int]] = []
        for card in changed:
            title = self._enter(card.id, card.name, TITLE, kinds)
            touched.append(title)
            if _words_differ(self.cards.get(title), card):
                self.stale.add(title)
            self.cards[title] = card
            people = {credit.person_id: credit.name for credit in card.credits}
            credited += [(title, self._enter(person, name, PERSON, kinds)) for person, name in people.items()]
            genres = [self.genres[genre_id] for genre_id in dict.fromkeys(card.genre_ids) if genre_id in self.genres]
            classed += [(title, self._enter(genre.id, genre.name, GENRE, kinds)) for genre in genres]
        self._extend(kinds)
        for ordinal in touched:
            card_now = self.cards.get(ordinal)
            self.popularity[ordinal] = 0.0 if card_now is None else card_now.popularity
        others = ~self.mark(np.array(touched, dtype=np.int32))
        self.credited_title, self.credited_person = _replace_pairs(
            self.credited_title, self.credited_person, others, credited
        )
        self.classed_title, self.classed_genre = _replace_pairs(self.classed_title, self.classed_genre, others, classed)

    def _enter(self, identifier: str, name: str, kind: int, kinds: list[int]) -> int:
        """The ordinal of an entity; `kinds` tells of those that are new."""
        ordinal = self.ordinal_of.get(identifier)
        if ordinal is not None and self.names[ordinal] == name:
            return ordinal
        self._hold_names()
        if ordinal is None:
            ordinal = self.ordinal_of[identifier] = len(self.ids)
            self.ids.append(identifier)
            self.names.append(name)
            self.folded.append(fold(name))
            kinds.append(kind)
        else:
            self.names[ordinal] = name
            self.folded[ordinal] = fold(name)
        self.stale.add(ordinal)
        return ordinal

    def _hold_names(self) -> None:
        """Before any of them changes: most changes leave them to be shared with the predecessor."""
        if self._shares_names:
            self._shares_names = False
            self.ordinal_of = dict(self.ordinal_of)
            self.ids, self.names, self.folded = list(self.ids), list(self.names), list(self.folded)

    def _extend(self, kinds: list[int]) -> None:
        """Make room in the columns for the entities that were entered last, whose kinds these are."""
        self.kinds = np.append(self.kinds, np.array(kinds, dtype=np.int8))
        self.popularity = np.append(self.popularity, np.zeros(len(kinds)))
        if not kinds:
            return
        fresh = sorted(range(len(self.id_order), self.size), key=self.ids.__getitem__)
        fresh_ids = [self.ids[ordinal] for ordinal in fresh]
        before = [bisect_left(self._sorted_ids, identifier) for identifier in fresh_ids]
        order = np.empty(self.size, dtype=np.int32)
        order[: len(self.id_order)] = self.id_order + np.searchsorted(before, self.id_order, side="right")
        order[fresh] = np.arange(len(fresh)) + before
        self.id_order = order
        self._sorted_ids = sorted([*self._sorted_ids, *fresh_ids])

    def list_names(self, ordinal: int) -> tuple[str, ...]:
        """The folded names of an entity: a title may have an original name besides."""
        card = self.cards.get(ordinal)
        if card is None or not card.original_name:
            return (self.folded[ordinal],)
        return (self.folded[ordinal], fold(card.original_name))

    def write_document(self, ordinal: int) -> TermDocument:
        names = [tuple(name.split()) for name in self.list_names(ordinal)]
        fields = {
            Field.NAME: " ".join(word for words in names for word in words),
            Field.START: " ".join(words[0] for words in names if words),
            Field.JOINED_NAME: " ".join(word for words in names for word in join_words(words)),
        }
        card = self.cards.get(ordinal)
        if card is not None:
            fields[Field.SYNOPSIS] = fold(card.synopsis)
            fields[Field.JOINED_SYNOPSIS] = " ".join(join_proper_names(card.synopsis))
        return TermDocument(ordinal=ordinal, fields=fields)

    def mark(self, ordinals: Ordinals) -> Mask:
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[ordinals] = True
        return mask

    def all_of(self, masks: Iterable[Mask], kind: int) -> Mask:
        """The entities of a kind that every mask marks."""
        marked: Mask = self.kinds == kind
        for mask in masks:
            marked &= mask
        return marked

    def titles_with_people(self, people: Mask) -> Mask:
        return self.mark(self.credited_title[people[self.credited_person]])

    def titles_of_genres(self, genres: Mask) -> Mask:
        return self.mark(self.classed_title[genres[self.classed_genre]])


class View:
    """The entities that somebody sees: the titles given, and the people and genres of at least one of them.

    `prominence` is a title's popularity, and for people and genres the sum of that of their visible titles.
    """

    def __init__(self, entities: Entities, visible: frozenset[str]) -> None:
        known = (entities.ordinal_of.get(title_id) for title_id in visible)
        titles = [ordinal for ordinal in known if ordinal is not None and ordinal in entities.cards]
        self.titles = entities.mark(np.array(titles, dtype=np.int32))
        self.title_count = len(titles)
        self.entities = self.titles.copy()
        weight = np.where(self.titles, np.maximum(entities.popularity, 0.0), 0.0)
        self.prominence: Floats = weight.copy()
        for title, other in (
            (entities.credited_title, entities.credited_person),
            (entities.classed_title, entities.classed_genre),
        ):
            self.entities[other[self.titles[title]]] = True
            self.prominence += np.bincount(other, weights=weight[title], minlength=entities.size)


def _replace_pairs(
    titles: Ordinals, others: Ordinals, unchanged: Mask, fresh: list[tuple[int, int]]
) -> tuple[Ordinals, Ordinals]:
    """The pairs with those of other titles than the unchanged ones replaced by `fresh`."""
    kept = unchanged[titles]
    fresh_titles, fresh_others = _split_pairs(fresh)
    return np.concatenate([titles[kept], fresh_titles]), np.concatenate([others[kept], fresh_others])


def _split_pairs(pairs: list[tuple[int, int]]) -> tuple[Ordinals, Ordinals]:
    columns = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1])


def _words_differ(before: AnyTitleCard | None, now: AnyTitleCard) -> bool:
    return before is None or (before.name, before.original_name, before.synopsis) != (
        now.name,
        now.original_name,
        now.synopsis,
    )
