"""Arguments become what Strawberry makes of them."""

import enum
from typing import Annotated, Any

import pytest
import strawberry
from strawberry.types.arguments import convert_arguments

from bff.execution.inputs import find_conversion, make_conversion


@strawberry.enum
class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@strawberry.input
class Part:
    number: int
    size: Size = Size.SMALL
    name: str | None = strawberry.UNSET


@strawberry.input
class Whole:
    camel_case: str
    named: str = strawberry.field(name="called", default="nobody")
    part: Part | None = None
    parts: list[Part | None] | None = None
    rows: list[list[int]] = strawberry.field(default_factory=lambda: [[1]])
    extra: strawberry.scalars.JSON | None = None


@strawberry.input
class Nested:
    name: str
    inner: "Nested | None" = None


@strawberry.input
class Unsure:
    name: strawberry.Maybe[str]


@strawberry.type
class Query:
    @strawberry.field
    @staticmethod
    def known(
        whole: Whole,
        part: Part | None = None,
        names: list[str] | None = None,
        size: Annotated[Size, strawberry.argument(name="howLarge")] = Size.LARGE,
    ) -> str:
        return f"{whole}{part}{names}{size}"

    @strawberry.field
    @staticmethod
    def unknown(nested: Nested, unsure: Unsure | None = None, key: strawberry.relay.GlobalID | None = None) -> str:
        return f"{nested}{unsure}{key}"


SCHEMA = strawberry.Schema(Query)
SCALARS, CONFIG = SCHEMA.schema_converter.scalar_registry, SCHEMA.config
WHOLE: dict[str, Any] = {"camelCase": "a"}
PARTS = {"parts": [{"number": 1}, None, {"number": 2, "size": Size.LARGE, "name": None}]}
KNOWN = [
    {},
    {"whole": WHOLE, "part": None, "names": None},
    {"whole": {**WHOLE, "called": "b", "part": {"number": 1, "name": "c"}, "extra": {"any": ["thing"]}}},
    {
        "whole": {**WHOLE, **PARTS, "rows": [[], [1, 2]]},
        "part": strawberry.UNSET,
        "names": ["a"],
        "howLarge": Size.SMALL,
    },
    {"whole": {"part": None, "parts": None, "rows": None}},
]
UNKNOWN = [
    {"nested": {"name": "a", "inner": {"name": "b", "inner": {"name": "c"}}}, "unsure": {"name": "d"}, "key": None},
    {"nested": {"name": "a"}, "unsure": {}, "key": "UXVlcnk6MQ=="},
]


def list_arguments(name: str) -> list[Any]:
    definition = SCHEMA._schema.query_type.fields[name]
    return list(definition.extensions["strawberry-definition"].arguments)


@pytest.mark.parametrize(
    ("name", "given"), [*(("known", given) for given in KNOWN), *(("unknown", given) for given in UNKNOWN)]
)
def test_arguments_become_what_strawberry_makes_of_them(name: str, given: dict[str, Any]) -> None:
    arguments = list_arguments(name)
    expected = convert_arguments(given, arguments, scalar_registry=SCALARS, config=CONFIG)
    convert = make_conversion(arguments, SCALARS, CONFIG)
    assert [convert(given), convert(given)] == [expected, expected]
    assert repr(convert(given)) == repr(expected)


def test_lists_are_never_shared() -> None:
    convert = make_conversion(list_arguments("known"), SCALARS, CONFIG)
    names = ["a"]
    assert convert({"names": names})["names"] is not names


def test_only_some_are_left_to_strawberry() -> None:
    known = [find_conversion(argument.type, SCALARS, CONFIG) is not None for argument in list_arguments("known")]
    unknown = [find_conversion(argument.type, SCALARS, CONFIG) is not None for argument in list_arguments("unknown")]
    assert (known, unknown) == ([True] * 4, [False] * 3)
