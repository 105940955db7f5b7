"""What the words of the index belong to: titles, people and genres under small numbers, and who sees which.

An entity keeps its ordinal for as long as the process runs, also over updates.
"""

from collections.abc import Iterable, Mapping

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

    def __init__(self, cards: Iterable[AnyTitleCard], genres: Mapping[str, Genre], before: "Entities | None") -> None:
        self.genres = genres
        self.ordinal_of: dict[str, int] = dict(before.ordinal_of) if before else {}
        self.names: list[str] = list(before.names) if before else []
        self.folded: list[str] = list(before.folded) if before else []
        self.cards: dict[int, AnyTitleCard] = {}
        self.stale: set[int] = set()
        kinds = before.list_kinds() if before else []
        self._enter_all(cards, before, kinds)
        self.gone = frozenset(before.cards.keys() - self.cards.keys()) if before else frozenset()
        self.size = len(self.names)
        self.kinds: npt.NDArray[np.int8] = np.array(kinds, dtype=np.int8)
        self.popularity = np.zeros(self.size)
        for ordinal, card in self.cards.items():
            self.popularity[ordinal] = card.popularity
        self.ids = list(self.ordinal_of)
        self.id_order = np.empty(self.size, dtype=np.int32)
        self.id_order[np.argsort(np.array(self.ids, dtype=np.str_))] = np.arange(self.size, dtype=np.int32)

    def _enter_all(self, cards: Iterable[AnyTitleCard], before: "Entities | None", kinds: list[int]) -> None:
        credited: list[tuple[int, int]] = []
        classed: list[tuple[int, int]] = []
        for card in cards:
            title = self._enter(card.id, card.name, TITLE, kinds)
            self.cards[title] = card
            if before is None or _words_differ(before.cards.get(title), card):
                self.stale.add(title)
            credited += {
                (title, self._enter(credit.person_id, credit.name, PERSON, kinds)): None for credit in card.credits
            }
            classed += {
                (title, self._enter(genre_id, self.genres[genre_id].name, GENRE, kinds)): None
                for genre_id in card.genre_ids
                if genre_id in self.genres
            }
        self.credited_title, self.credited_person = _split_pairs(credited)
        self.classed_title, self.classed_genre = _split_pairs(classed)

    def _enter(self, identifier: str, name: str, kind: int, kinds: list[int]) -> int:
        ordinal = self.ordinal_of.get(identifier)
        if ordinal is None:
            ordinal = self.ordinal_of[identifier] = len(self.names)
            self.names.append(name)
            self.folded.append(fold(name))
            kinds.append(kind)
            self.stale.add(ordinal)
        elif self.names[ordinal] != name:
            self.names[ordinal] = name
            self.folded[ordinal] = fold(name)
            self.stale.add(ordinal)
        return ordinal

    def list_kinds(self) -> list[int]:
        return [int(kind) for kind in self.kinds]

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


def _split_pairs(pairs: list[tuple[int, int]]) -> tuple[Ordinals, Ordinals]:
    columns = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1])


def _words_differ(before: AnyTitleCard | None, now: AnyTitleCard) -> bool:
    return before is None or (before.name, before.original_name, before.synopsis) != (
        now.name,
        now.original_name,
        now.synopsis,
    )
