"""Data that plans built of values that never change and come again as the very same objects."""

from typing import Any, ClassVar
from weakref import WeakSet

MOST_KEPT = 65_536
"""Values over all plans of a process; when there are more, everything is forgotten."""


class KeptData:
    """What one stage keeps, by the identity of its values."""

    __slots__ = ("__weakref__", "_data", "_values", "_weight", "find")

    total: ClassVar[int] = 0

    def __init__(self) -> None:
        self._data: dict[int, Any] = {}
        self._weight = 0
        self._values: list[Any] = []  # no other object takes the identity of one that is held
        self.find = self._data.get
        _all.add(self)

    def __del__(self) -> None:
        self.forget()

    def keep(self, value: Any, data: Any, *, weight: int = 1) -> None:
        """In the place of what was kept of the value before. `weight` is how many values this counts for."""
        if KeptData.total + weight > MOST_KEPT:
            for kept in _all:
                kept.forget()
        KeptData.total += weight
        self._weight += weight
        self._data[id(value)] = data
        self._values.append(value)

    def forget(self) -> None:
        KeptData.total -= self._weight
        self._weight = 0
        self._data.clear()
        self._values.clear()


_all: WeakSet[KeptData] = WeakSet()
