"""Every text that the root of the graph takes may be meant for something behind it - SQL, a search engine, a header, a
folder, a template - and is no more than a text.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from tests.api.account_holder import forget_tries
from tests.live import Client, Demo
from tests.root_fields import AT, FORBIDDEN, NO_TITLE, ROOT_FIELDS, UNAVAILABLE
from tests.schema_walk import served_schema

HOSTILE = {
    "SQL": 'x\'; DROP TABLE title CASCADE; -- " OR ""=" %_\\',
    "search": 'name:[a TO z] AND (* OR "',
    "headers, folders and templates": "a\r\nSet-Cookie: a=b\r\n../../../etc/passwd {{7*7}}${7*7}",
    "what is shown": "\u202e<script>alert(1)</script>\u0301\u0301",
    "a page of text": "x" * 20_000,
    "nothing": "",
}
SAMPLES: dict[str, Any] = {
    "String": "x", "ID": NO_TITLE.strip('"'), "URL": "https://example.com/x", "DateTime": AT.strip('"'),
    "Int": 1, "Float": 1.0, "Seconds": 1.0, "Boolean": True,
}  # fmt: skip
TEXTS = frozenset({"String", "ID", "URL", "DateTime"})
REFUSALS = frozenset({"BAD_USER_INPUT", "NOT_FOUND", "FORBIDDEN", "CONFLICT", "RATE_LIMITED"})


def find_root(name: str) -> GraphQLField:
    parent, _, field = name.partition(".")
    found: GraphQLField = served_schema().type_map[parent].fields[field]  # type: ignore[attr-defined]
    return found


def make_sample(given: Any) -> Any:
    """A value that fits; of an object what it must have, and ids that name nothing."""
    given = get_nullable_type(given)
    if is_list_type(given):
        return [make_sample(given.of_type)]
    if is_enum_type(given):
        return next(iter(given.values))
    if not is_input_object_type(given):
        return SAMPLES[given.name]
    return {
        name: make_sample(field.type)
        for name, field in given.fields.items()
        if is_required_input_field(field) or get_named_type(field.type).name == "ID"
    }


def put_text(given: Any, text: str) -> Iterator[Any]:
    """Values that fit, each with the text in another place."""
    given = get_nullable_type(given)
    if is_list_type(given):
        yield from ([value] for value in put_text(given.of_type, text))
    elif is_input_object_type(given):
        for name, field in given.fields.items():
            yield from (make_sample(given) | {name: value} for value in put_text(field.type, text))
    elif given.name in TEXTS:
        yield text


def write_operations(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations with their variables, each with the text at another place of a root field's arguments."""
    parent, _, field_name = name.partition(".")
    field = find_root(name)
    below = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    required = {key: make_sample(given.type) for key, given in field.args.items() if is_required_argument(given)}
    for key, given in field.args.items():
        for value in put_text(given.type, text):
            variables = required | {key: value}
            declared = ", ".join(f"${variable}: {field.args[variable].type}" for variable in variables)
            passed = ", ".join(f"{variable}: ${variable}" for variable in variables)
            yield f"{parent.lower()} ({declared}) {{ {field_name}({passed}) {below} }}", variables


@pytest.fixture(scope="module")
async def operator(demo: Demo) -> Client:
    return await demo.sign_in("operator@example.com")


@pytest.mark.parametrize("name", [name for name in ROOT_FIELDS if next(write_operations(name, ""), None)])
async def test_a_text_is_no_more_than_a_text(demo: Demo, operator: Client, name: str) -> None:
    asker = operator if ROOT_FIELDS[name].adult == FORBIDDEN else await demo.make_viewer()
    allowed = REFUSALS | {UNAVAILABLE} if ROOT_FIELDS[name].adult == UNAVAILABLE else REFUSALS
    await forget_tries(demo)
    for text in HOSTILE.values():
        for operation, variables in write_operations(name, text):
            answer = await asker.run(operation, variables)
            assert answer.response.status_code == 200, answer.body
            assert set(answer.codes) <= allowed, (operation, variables, answer.body)
            assert "set-cookie" not in answer.response.headers
    await forget_tries(demo)
    assert (await demo.visitor.fetch("{ genres { id } }"))["genres"]


def test_there_are_many_places_for_a_text() -> None:
    assert sum(1 for name in ROOT_FIELDS for _ in write_operations(name, "x")) > 100
