"""Sums over an operation's variables, which requests fill in."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bff.domain.costs import Size


class Factor(Struct, frozen=True):
    """A list's length: fixed, or a variable's to say."""

    size: Size
    variable: str | None = None
    fixed: int = 1

    def fill_in(self, variables: Mapping[str, Any]) -> int:
        return self.fixed if self.variable is None else count_values(variables.get(self.variable), self.size)


class Sum:
    """A constant, and terms: a factor times another sum."""

    __slots__ = ("constant", "terms")

    def __init__(self) -> None:
        self.constant = 0
        self.terms: list[tuple[Factor | int, Sum]] = []

    def add(self, factor: "Factor | int", other: "Sum") -> None:
        if isinstance(factor, Factor) and factor.variable is None:
            factor = factor.fixed
        if isinstance(factor, int) and not other.terms:
            self.constant += factor * other.constant
            return
        self.terms.append((factor, other))

    def fill_in(self, variables: Mapping[str, Any], known: "dict[int, int]") -> int:
        if not self.terms:
            return self.constant
        total = known.get(id(self))
        if total is None:
            total = self.constant
            for factor, other in self.terms:
                times = factor if isinstance(factor, int) else factor.fill_in(variables)
                total += times * other.fill_in(variables, known)
            known[id(self)] = total
        return total


class Part(Struct, frozen=True):
    """A selection set's cost: what counts once, and what counts for each edge of the connection it stands in."""

    once: Sum
    each: Sum


def count_values(value: Any, size: Size) -> int:
    """The length of a list that is asked for by a number, or by the values themselves."""
    if isinstance(value, list):
        return min(len(value), size.cap)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return size.default  # a length that is refused brings an error, which costs no less than values
    return int(min(value, size.cap))
