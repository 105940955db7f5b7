"""Reads inputs by rules that raise ValueError, and gathers what is wrong with them."""

from collections.abc import Callable
from typing import Any, TypeVar

from bff.domain.problems import FieldProblem, InvalidInput

T = TypeVar("T")


class Reading:
    """Reads inputs, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def read(self, path: str, read: Callable[[Any], T], given: Any) -> T | None:
        try:
            return read(given)
        except ValueError as error:
            self.problems.append(FieldProblem(path, str(error)))
            return None

    @property
    def refusal(self) -> InvalidInput | None:
        return InvalidInput(self.problems[0].message, tuple(self.problems)) if self.problems else None

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(FieldProblem(path, message))
