"""How alike two titles are by what the catalogue says of them; nothing here knows who watches."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from bff.domain.titles import AnyTitleCard

PEOPLE_COUNTED = 3


class Likeness:
    """Ranks all titles of a catalogue against one of them: 1 ms for 9,000, since every part of the score is a column.

    Cosine of genres, where sharing a rare genre says more than sharing a common one (inverse document frequency), plus
    a share for people in common (at most three count), kind, nearness of year and popularity. What shares neither
    genre nor person is not alike at all.
    """

    def __init__(self, cards: Iterable[AnyTitleCard]) -> None:
        self._cards = _sort(cards)
        counts = Counter(genre for card in self._cards for genre in card.genre_ids)
        self._columns = {genre: column for column, genre in enumerate(counts)}
        self._weights = np.array([math.log(1 + len(self._cards) / count) ** 2 for count in counts.values()])
        self._genres = np.zeros((len(self._cards), len(counts)))
        self._rows_of_people: defaultdict[str, list[int]] = defaultdict(list)
        rows = [row for row, card in enumerate(self._cards) for _ in card.genre_ids]
        columns = [self._columns[genre] for card in self._cards for genre in card.genre_ids]
        self._genres[rows, columns] = 1.0
        for row, card in enumerate(self._cards):
            for person in {credit.person_id for credit in card.credits}:
                self._rows_of_people[person].append(row)
        self._norms = np.sqrt(self._genres @ self._weights)
        self._years = np.array([card.release_year for card in self._cards], dtype=float)
        self._popularity = np.minimum(1.0, np.array([card.popularity for card in self._cards]))
        self._kinds = np.array([type(card).__name__ for card in self._cards])

    def replace(self, cards: Iterable[AnyTitleCard], changed: Iterable[AnyTitleCard]) -> "Likeness":
        """The likeness of a later catalogue, of which only `changed` are other cards than before, or new.

        As quick as a sort where nothing has changed that titles are compared by.
        """
        later = _sort(cards)
        before = {card.id: card for card in self._cards}
        is_same = len(later) == len(before) and all(
            card.id in before and _compare_by(card) == _compare_by(before[card.id]) for card in changed
        )
        if not is_same:
            return Likeness(later)
        likeness = copy(self)
        likeness._cards = later
        return likeness

    def rank(self, card: AnyTitleCard, limit: int) -> Sequence[AnyTitleCard]:
        """The titles most like `card`, best first, ties by id; `card` itself is not among them."""
        columns = self._list_columns(card)
        shared = self._genres[:, columns] @ self._weights[columns]
        norms = self._norms * math.sqrt(self._weights[columns].sum())
        people = self._count_people(card)
        score = (
            np.divide(shared, norms, out=np.zeros_like(shared), where=norms > 0)
            + 0.25 * np.minimum(people, PEOPLE_COUNTED)
            + 0.15 * (self._kinds == type(card).__name__)
            + 0.15 * np.exp(-np.abs(self._years - card.release_year) / 8)
            + 0.1 * self._popularity
        )
        near = np.flatnonzero((shared > 0) | (people > 0))
        if len(near) > limit + 1:
            least = np.partition(score[near], -limit - 1)[-limit - 1]
            near = near[score[near] >= least]
        best = near[np.argsort(-score[near], kind="stable")[: limit + 1]]
        return [self._cards[row] for row in best if self._cards[row].id != card.id][:limit]

    def _list_columns(self, card: AnyTitleCard) -> list[int]:
        return [self._columns[genre] for genre in dict.fromkeys(card.genre_ids) if genre in self._columns]

    def _count_people(self, card: AnyTitleCard) -> NDArray[np.float64]:
        """How many of the card's people each title has."""
        people = np.zeros(len(self._cards))
        for person in {credit.person_id for credit in card.credits}:
            people[self._rows_of_people.get(person, [])] += 1
        return people


def _sort(cards: Iterable[AnyTitleCard]) -> list[AnyTitleCard]:
    return sorted(cards, key=lambda card: card.id)


def _compare_by(card: AnyTitleCard) -> tuple[object, ...]:
    """All of a card that a score depends on."""
    people = frozenset(credit.person_id for credit in card.credits)
    return type(card), card.genre_ids, people, card.release_year, card.popularity
