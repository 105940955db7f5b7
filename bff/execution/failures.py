"""What failed where: errors get their paths and null climbs to where it may stand, after all fields were executed.

So no resolver runs twice, and nothing is cancelled because of a sibling.
"""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from graphql.error import located_error

if TYPE_CHECKING:
    from bff.execution.positions import Position

Steps = tuple[tuple[Any, int], ...]
"""The segments of a path, each with its place among its siblings."""

_PIECE = 128
"""Steps between looks at the clock."""


class Failure:
    """`tick` counts the waits before it, `holder[key]` is the place in the answer."""

    __slots__ = ("error", "holder", "key", "position", "tick")

    def __init__(self, tick: int, position: "Position", holder: Any, key: Any, error: Exception) -> None:
        self.tick = tick
        self.position = position
        self.holder = holder
        self.key = key
        self.error = error


def settle_failures(
    data: dict[str, Any], failures: Sequence[Failure]
) -> Generator[None, None, tuple[dict[str, Any] | None, list[GraphQLError]]]:
    """Data with its nulls, and the errors that stand, in the order in which graphql-core would have met them; piece by
    piece, since there may be many thousands.

    An error at or below a place that is null by an earlier one is dropped.
    """
    paths = yield from _find_paths(data, {id(failure.holder) for failure in failures})
    met = []
    for count, failure in enumerate(failures):
        if count % _PIECE == _PIECE - 1:
            yield
        above = paths.get(id(failure.holder))
        if above is not None:
            steps = (*above, (failure.key, _place(failure.holder, failure.key)))
            met.append((failure.tick, tuple(place for _, place in steps), steps, failure))
    met.sort(key=lambda entry: entry[:2])
    errors: list[GraphQLError] = []
    nulled: set[tuple[Any, ...]] = set()
    root: dict[str, Any] | None = data
    for count, (_, _, steps, failure) in enumerate(met):
        if count % _PIECE == _PIECE - 1:
            yield
        path = tuple(key for key, _ in steps)
        climb = failure.position.climb
        boundary = () if climb is None else path[: len(path) - climb]
        if any(boundary[:length] in nulled for length in range(len(boundary) + 1)):
            continue
        error = located_error(failure.error, failure.position.field.nodes, list(path))
        nulled.add(boundary)
        errors.append(error)
        if not boundary:
            root = None
        elif root is not None:
            _set_null(root, boundary)
    return root, errors


def _set_null(data: Any, path: tuple[Any, ...]) -> None:
    for key in path[:-1]:
        data = data[key]
        if data is None:
            return
    data[path[-1]] = None


def _place(holder: Any, key: Any) -> int:
    return key if isinstance(holder, list) else list(holder).index(key)


def _find_paths(data: dict[str, Any], wanted: set[int]) -> Generator[None, None, dict[int, Steps]]:
    """Where the containers with these identities stand; one walk, ended when all are found."""
    walked = 0
    found: dict[int, Steps] = {}
    stack: list[tuple[Any, Steps]] = [(data, ())]
    while stack and len(found) < len(wanted):
        container, steps = stack.pop()
        walked += 1
        if walked % _PIECE == 0:
            yield
        if id(container) in wanted:
            found[id(container)] = steps
        children = container.items() if isinstance(container, dict) else enumerate(container)
        for place, (key, child) in enumerate(children):
            if isinstance(child, dict | list):
                stack.append((child, (*steps, (key, place))))
    return found
