"""Operations that together ask for every field of the graph that a query can reach."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    parse,
)

Literals = Mapping[str, str]
"""What arguments are given, by `Type.field(name)`, or by name where that says it for all."""


@dataclass(frozen=True)
class Stop:
    """All fields of one object type at one place; what they hold is asked for its leaves."""

    place: str
    text: str
    coordinates: frozenset[str]


def plan_tour(
    schema: GraphQLSchema, literals: Literals, *, everywhere: Collection[str] = (), past: Collection[str] = ()
) -> list[Stop]:
    """A stop at every object type, over the shortest way from the root; at those of `everywhere` from every field.

    No way leads over the coordinates of `past`. Raises KeyError for a required argument that `literals` lacks.
    """
    writer = _Writer(schema, literals)
    assert schema.query_type is not None
    stops: dict[str, Stop] = {}
    seen: set[str] = set()
    waiting: deque[tuple[str, Any, str]] = deque([("", schema.query_type, "%s")])
    while waiting:
        place, named, way = waiting.popleft()
        if is_abstract_type(named):
            waiting.extend(
                (place, found, way % f"{{ ... on {found} %s }}") for found in schema.get_possible_types(named)
            )
            continue
        stop_place = f"{place}: {named.name}" if named.name in everywhere else named.name
        if stop_place not in stops and named is not schema.query_type:
            coordinates = frozenset(f"{named.name}.{name}" for name in named.fields)
            stops[stop_place] = Stop(f"{place}: {named.name}", way % writer.write_all(named), coordinates)
        if named.name in seen:
            continue
        seen.add(named.name)
        for name, field in named.fields.items():
            inner = get_named_type(field.type)
            if is_composite_type(inner) and f"{named.name}.{name}" not in past:
                head = writer.write_head(named.name, name, field)
                waiting.append((f"{named.name}.{name}", inner, way % f"{{ {head} %s }}"))
    return list(stops.values())


def join_stops(stops: Sequence[Stop], *, most_tokens: int, most_fields: int) -> list[Stop]:
    """The same in fewer operations: as many stops each as fit, a field of the root by a name of its own for each."""
    groups: list[list[Stop]] = []
    room = 0
    for stop in stops:
        tokens = parse(stop.text).token_count
        if tokens > room or len(groups[-1]) == most_fields:
            groups.append([])
            room = most_tokens
        groups[-1].append(stop)
        room -= tokens + 2  # the name and its colon
    return [_join(group) for group in groups]


def _join(stops: Sequence[Stop]) -> Stop:
    roots = " ".join(f"stop{number}: {stop.text[1:-1].strip()}" for number, stop in enumerate(stops))
    place = ", ".join(stop.place for stop in stops)
    return Stop(place, f"{{ {roots} }}", frozenset().union(*(stop.coordinates for stop in stops)))


@dataclass(frozen=True)
class _Writer:
    schema: GraphQLSchema
    literals: Literals

    def write_all(self, named: GraphQLObjectType) -> str:
        written = ["__typename"]
        for name, field in named.fields.items():
            below = get_named_type(field.type)
            head = self.write_head(named.name, name, field)
            written.append(f"{head} {self.write_leaves(below)}" if is_composite_type(below) else head)
        return f"{{ {' '.join(written)} }}"

    def write_leaves(self, named: Any) -> str:
        leaves = [
            self.write_head(named.name, name, field)
            for name, field in getattr(named, "fields", {}).items()
            if not is_composite_type(get_named_type(field.type))
        ]
        return f"{{ {' '.join(['__typename', *leaves])} }}"

    def write_head(self, type_name: str, name: str, field: GraphQLField) -> str:
        given = []
        for argument_name, argument in field.args.items():
            literal = self._find_literal(f"{type_name}.{name}({argument_name})", argument_name, argument)
            if literal is not None:
                given.append(f"{argument_name}: {literal}")
        return f"{name}({', '.join(given)})" if given else name

    def _find_literal(self, coordinate: str, name: str, argument: GraphQLArgument) -> str | None:
        literal = self.literals.get(coordinate, self.literals.get(name))
        if literal is None and is_required_argument(argument):
            raise KeyError(coordinate)
        return literal
