"""What is made of titles alone, kept for all requests."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bff.domain.titles import TitleCard

C = TypeVar("C", bound=TitleCard)
V = TypeVar("V")
_MOST_KEPT = 4096


class KeptByCard(Generic[C, V]):
    """Values that `make` makes of cards, and of nothing that changes; a later version of a title is another card."""

    __slots__ = ("_cards", "_make", "_values")

    def __init__(self, make: Callable[[C], V]) -> None:
        self._make = make
        self._values: dict[int, V] = {}
        self._cards: list[C] = []  # no other object takes the identity of one that is held

    def list_values(self, cards: Sequence[C]) -> list[V]:
        """Of each card."""
        values = self._values
        try:
            return [values[id(card)] for card in cards]
        except KeyError:
            return [self.find(card) for card in cards]

    def find(self, card: C) -> V:
        value = self._values.get(id(card))
        if value is None:
            if len(self._cards) >= _MOST_KEPT:
                self._values.clear()
                self._cards.clear()
            value = self._values[id(card)] = self._make(card)
            self._cards.append(card)
        return value
