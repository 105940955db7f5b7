"""Reads inputs by rules that raise ValueError, and gathers what is wrong with them."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

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

    def read_given(self, path: str, read: Callable[[Any], T], given: Any) -> T | None:
        """None where nothing is given; an empty text is something."""
        return None if given is None or given is strawberry.UNSET else self.read(path, read, given)

    @property
    def refusal(self) -> InvalidInput | None:
        return self.write_refusal() if self.problems else None

    def write_refusal(self) -> InvalidInput:
        """All that is wrong."""
        return InvalidInput(" ".join(problem.message for problem in self.problems), tuple(self.problems))

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(FieldProblem(path, message))
