"""Walks the served schema, so that a test can fail when a field is added that it has no case for."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
)

from bff.execution import READS
from schema.build import build_schema


class Place(NamedTuple):
    """A field with where it stands: `coordinate` is `Type.field`, by the interface that asks for it where one does."""

    coordinate: str
    parent: GraphQLObjectType | GraphQLInterfaceType
    field: GraphQLField


@cache
def served_schema() -> GraphQLSchema:
    return build_schema()._schema


def walk_fields() -> Iterator[Place]:
    """Every field of every object and interface, those of the three roots among them."""
    for named in served_schema().type_map.values():
        if is_introspection_type(named) or not (is_object_type(named) or is_interface_type(named)):
            continue
        for name, field in named.fields.items():
            owner = next((interface for interface in named.interfaces if name in interface.fields), named)
            yield Place(f"{owner.name}.{name}", named, field)


def yields_title(named: GraphQLNamedType) -> bool:
    """Whether a value of the type is a title, something of one title, a row of them, or a page of such."""
    if named.name in ("Node", "Title", "Playable", "RowItem", "Season", "HistoryEntry", "Row"):
        return True
    interfaces = {interface.name for interface in getattr(named, "interfaces", ())}
    if interfaces & {"Title", "Playable", "RowItem"}:
        return True
    return named.name.endswith("Connection") and yields_title(node_type(named))


def node_type(connection: GraphQLNamedType) -> GraphQLNamedType:
    """What the edges of a connection hold."""
    edge = get_named_type(connection.fields["edges"].type)  # type: ignore[attr-defined]
    return get_named_type(edge.fields["node"].type)


def list_title_coordinates() -> set[str]:
    """Coordinates of all fields that yield a title; edges and nodes go with the field that gives their page."""
    return {
        place.coordinate
        for place in walk_fields()
        if yields_title(get_named_type(place.field.type)) and not place.parent.name.endswith("Edge")
    }


def list_title_arguments() -> set[str]:
    """`mutation.argument` for all that name a title or a playable, in inputs, too."""
    mutation = served_schema().mutation_type
    assert mutation is not None
    found = set()
    for name, field in mutation.fields.items():
        for argument, value in field.args.items():
            named = get_named_type(value.type)
            names = named.fields if is_input_object_type(named) else {argument: value}
            found |= {f"{name}.{held}" for held in names if held in ("titleId", "beforeId", "playableId")}
    return found


def declare_reads(monkeypatch: pytest.MonkeyPatch, coordinate: str, reads: frozenset[str] | None) -> None:
    """Have a field declare something else until the test ends, in every schema that is built meanwhile."""
    type_name, _, field_name = coordinate.partition(".")
    named = served_schema().get_type(type_name)
    assert isinstance(named, GraphQLObjectType)
    definition = named.fields[field_name].extensions["strawberry-definition"]
    rest = {key: value for key, value in definition.metadata.items() if key != READS}
    monkeypatch.setattr(definition, "metadata", rest if reads is None else {**rest, READS: reads})
