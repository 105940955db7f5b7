"""The served schema against the contract: nothing removed, renamed or narrowed, and everything explained."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputField,
    GraphQLNamedType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
    is_union_type,
)
from graphql.utilities.find_schema_changes import (
    BreakingChange,
    DangerousChange,
    DangerousChangeType,
    find_schema_changes,
)

import schema.build

CONTRACT = build_schema((Path(__file__).parent / "schema.graphql").read_text())
PRINTED = Path(schema.build.__file__).parent / "schema.graphql"
ADDITIONS = {
    DangerousChangeType.OPTIONAL_ARG_ADDED,
    DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED,
    DangerousChangeType.VALUE_ADDED_TO_ENUM,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
    DangerousChangeType.TYPE_ADDED_TO_UNION,
}
"""What the contract lets the served schema add, though clients must be ready for it."""


@pytest.fixture(scope="module")
def printed() -> str:
    return schema.build.build_schema().as_str()


@pytest.fixture(scope="module")
def served(printed: str) -> GraphQLSchema:
    return build_schema(printed)


def test_breaks_nothing_of_the_contract(served: GraphQLSchema) -> None:
    changes = find_schema_changes(CONTRACT, served)
    assert [change.description for change in changes if isinstance(change, BreakingChange)] == []
    dangerous = [change for change in changes if isinstance(change, DangerousChange)]
    assert [change.description for change in dangerous if change.type not in ADDITIONS] == []


def test_adds_nothing_but_problems_to_unions(served: GraphQLSchema) -> None:
    problem = served.type_map["Problem"]
    for named in filter(is_union_type, list_own_types(CONTRACT)):
        known = {member.name for member in named.types}
        added = [member for member in served.type_map[named.name].types if member.name not in known]
        assert [member.name for member in added if problem not in member.interfaces] == []


def test_defaults_print_as_in_the_contract(printed: str) -> None:
    assert "browse(filter: BrowseFilter = {  }, sort: BrowseSort = POPULARITY, first: Int, after: String)" in printed
    assert "= null" not in printed


def test_explains_every_type(served: GraphQLSchema) -> None:
    assert [named.name for named in list_own_types(served) if not named.description] == []


def test_explains_every_field_that_the_contract_explains(served: GraphQLSchema) -> None:
    unexplained = [
        f"{named.name}.{name}"
        for named in list_own_types(CONTRACT)
        for name, field in list_fields(named).items()
        if field.description and not list_fields(served.type_map[named.name])[name].description
    ]
    assert unexplained == []


def test_the_printed_schema_is_current(printed: str) -> None:
    message = "The schema has changed: run `.venv/bin/python -m schema.build > schema/schema.graphql`."
    assert PRINTED.read_text() == printed + "\n", message


def list_own_types(of: GraphQLSchema) -> list[GraphQLNamedType]:
    return [
        named
        for named in of.type_map.values()
        if not is_introspection_type(named) and not is_specified_scalar_type(named)
    ]


def list_fields(named: GraphQLNamedType) -> dict[str, GraphQLField | GraphQLInputField]:
    return getattr(named, "fields", {})
