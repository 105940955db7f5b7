"""What is wrong with an input, told to the viewer as data."""

from msgspec import Struct


class FieldProblem(Struct, frozen=True):
    """`path` is the argument, with the field inside it: `input.email`."""

    path: str
    message: str


class InvalidInput(Struct, frozen=True):
    message: str
    fields: tuple[FieldProblem, ...]


def refuse_input(path: str, message: str) -> InvalidInput:
    """One field that cannot be taken."""
    return InvalidInput(message, (FieldProblem(path, message),))
