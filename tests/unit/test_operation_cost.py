"""The cost of an operation and the shape it may have, over a schema of no domain; and the map of the real one."""

from typing import Any, cast

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

import schema.build
from bff.domain.costs import CostMap, Size
from bff.errors import TooExpensive
from bff.http.cost import CostRules, work_out_cost
from bff.http.limits import MAX_TOLD, Limits, check_shape
from schema.costs import COSTS

SHELVES = build_schema(
    """
    interface Thing { id: ID! parts(first: Int = 3): [Thing!]! }
    type Book implements Thing { id: ID! parts(first: Int = 3): [Thing!]! pages: [Int!]! }
    type BookConnection { edges: [BookEdge!]! total: Int! }
    type BookEdge { cursor: String! node: Book! }
    type Query {
      books(first: Int): BookConnection
      some(ids: [ID!]!): [Thing]
      found: Thing
      dear: Int
    }
    """
)
DECLARED = CostMap(
    sizes={"Query.books": Size(10, 50), "Query.some": Size(100, 100, "ids"), "Thing.parts": Size(20, 100)},
    weights={"Query.dear": 500},
)


def find_cost(text: str, **variables: object) -> int:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return work_out_cost(SHELVES, DECLARED, document, operation).fill_in(variables)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{dear}", 500),
        ("{found {id}}", 2),
        ("{books {total}}", 2),
        ("{books {total edges {cursor}}}", 2 + 10 * 2),
        ("{books(first: 7) {total edges {node {id pages}}}}", 2 + 7 * 4),
        ("{books(first: null) {edges {cursor}}}", 1 + 10 * 2),
        ("{books(first: 2147483647) {edges {cursor}}}", 1 + 50 * 2),
        ("{books(first: -5) {edges {cursor}}}", 1 + 10 * 2),
        ('{some(ids: ["a", "b"]) {id}}', 1 + 2),
        ("{found {parts {id}}}", 1 + 1 + 3),
        ("{found {... on Book {parts(first: 5) {id}}}}", 1 + 1 + 5),
        ("{books {...A ...A} dear} fragment A on BookConnection {edges {cursor}}", 1 + 2 * 10 * 2 + 500),
        ("{nothing {of {this}}}", 3),
    ],
)
def test_every_value_counts_as_often_as_it_may_come(text: str, cost: int) -> None:
    assert find_cost(text) == cost


def test_variables_are_filled_in_with_their_defaults() -> None:
    text = "query($n: Int = 4, $ids: [ID!]!) {books(first: $n) {edges {cursor}} some(ids: $ids) {id}}"
    assert find_cost(text, ids=["a"]) == 1 + 4 * 2 + 1 + 1
    assert find_cost(text, ids=["a"] * 3, n=5) == 1 + 5 * 2 + 1 + 3
    assert find_cost(text, ids=["a"] * 3000, n=10**30) == 1 + 50 * 2 + 1 + 100
    assert find_cost(text, ids=[], n=None) == 1 + 10 * 2 + 1


@pytest.mark.parametrize("odd", ["many", {"a": 1}, True, 1e300, -1e300])
def test_a_variable_of_the_wrong_type_still_gets_a_cost(odd: object) -> None:
    assert 1 <= find_cost("query($n: Int) {books(first: $n) {edges {cursor}}}", n=odd) <= 1 + 50 * 2


@given(st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_nested_lists_multiply(sizes: list[int]) -> None:
    text, below = "id", 1
    for size in reversed(sizes):
        text = f"parts(first: {size}) {{{text}}}"
        below = 1 + size * below
    assert find_cost(f"{{found {{{text}}}}}") == 1 + below


def fan_out(levels: int, selection: str) -> str:
    """Fragments that spread the next one twice; `selection` holds `%` where the spreads go."""
    spread = [selection.replace("%", f"...F{level + 1} ...F{level + 1}") for level in range(levels)]
    fragments = " ".join(f"fragment F{level} on Thing {{{text}}}" for level, text in enumerate(spread))
    return f"{{found {{...F0}}}} {fragments} fragment F{levels} on Thing {{id}}"


@pytest.mark.parametrize("levels", [24, 60])
def test_a_fan_out_of_fragments_is_counted_without_being_walked(levels: int) -> None:
    """2^60 steps would never end."""
    assert find_cost(fan_out(levels, "%")) == 1 + 2**levels
    with pytest.raises(TooExpensive):
        check_shape(parse(fan_out(levels, "parts {%}")), Limits())


def test_a_cost_beyond_what_json_holds_is_told_as_a_bound() -> None:
    document = parse(fan_out(60, "%"))
    rules = CostRules(SHELVES, DECLARED)
    with pytest.raises(TooExpensive) as refusal:
        rules.check(document, document.definitions[0], None, 1000)  # type: ignore[arg-type]
    assert refusal.value.extensions == {"code": "TOO_EXPENSIVE", "cost": MAX_TOLD, "limit": 1000}


def test_a_cost_is_worked_out_once_an_operation() -> None:
    document = parse("{dear}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    rules = CostRules(SHELVES, DECLARED)
    assert rules.find(document, operation) is rules.find(document, operation)
    assert rules.check(document, operation, None, 500) == 500
    with pytest.raises(TooExpensive):
        rules.check(document, operation, None, 499)


def chain(length: int) -> str:
    """Fragments F0, F1, … each within the one before it."""
    links = [f" fragment F{number} on Query {{...F{number + 1}}}" for number in range(length)]
    return f"{''.join(links)} fragment F{length} on Query {{dear}}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{found {" + " ".join(f"a{number}: id" for number in range(31)) + "}}", "31 aliases"),
        ("{found {..." + "A}} fragment A on Thing {" + " ".join(f"a{n}: id" for n in range(31)) + "}", "31 aliases"),
        ("{dear " + "@include(if: true) " * 51 + "}", "51 directives"),
        ("query " + "@skip(if: true) " * 51 + "{dear}", "51 directives"),
        ("{found " + "{parts " * 15 + "{id}" + "}" * 15 + "}", "17 levels"),
        ("{" + "...{" * 100 + "dear" + "}" * 101, "101 levels"),
        ("{" + "...{" * 60 + "...F0" + "}" * 61 + chain(40), "101 levels"),
        ("{...F10} query Q {" + "...{" * 80 + "...F0" + "}" * 81 + chain(20), "101 levels"),
        (" ".join(f"query Q{number} {{dear}}" for number in range(11)), "11 operations"),
        ("{" + "dear " * 21 + "}", "21 fields at the root"),
        ("{...A ...A} fragment A on Query {" + "dear " * 11 + "}", "22 fields at the root"),
        ("query(" + " ".join(f"$v{number}: Int" for number in range(51)) + ") {dear}", "51 variables"),
        ("mutation {a: login b: login}", "2 fields that test a secret"),
        ("mutation {...A login} fragment A on Mutation {login}", "2 fields that test a secret"),
    ],
)
def test_a_shape_past_a_limit_is_refused_with_the_count_and_the_limit(text: str, what: str) -> None:
    with pytest.raises(TooExpensive, match=what) as refusal:
        check_shape(parse(text), Limits(), frozenset({"login"}))
    assert refusal.value.extensions["cost"] == int(what.split(maxsplit=1)[0])
    assert refusal.value.extensions["limit"] < refusal.value.extensions["cost"]


@pytest.mark.parametrize(
    "text",
    [
        "{" + " ".join(f"a{number}: dear" for number in range(20)) + "}",
        "{dear " + "@include(if: true) " * 50 + "}",
        "{found " + "{parts " * 13 + "{id}" + "}" * 13 + "}",
        "{__schema " + "{types " * 20 + "{name}" + "}" * 20 + "}",
        "{...A} fragment A on Query {...B} fragment B on Query {...A}",
        "{...Missing}",
        "{" + "...{" * 78 + "...F0" + "}" * 79 + chain(20),
    ],
)
def test_a_shape_within_the_limits_passes(text: str) -> None:
    check_shape(parse(text), Limits())


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return schema.build.build_schema()._schema


def test_every_list_of_the_graph_has_a_declared_size(served: GraphQLSchema) -> None:
    missing = []
    for named in served.type_map.values():
        if not (is_object_type(named) or is_interface_type(named)) or is_introspection_type(named):
            continue
        for name, field in named.fields.items():
            inner = field.type.of_type if is_non_null_type(field.type) else field.type
            below = get_named_type(field.type)
            is_edges = name == "edges" and named.name.endswith("Connection")
            counts = is_list_type(inner) and is_composite_type(below) and not is_edges
            if counts or below.name.endswith("Connection"):
                faces = [named.name, *(face.name for face in named.interfaces)]
                if not any(f"{face}.{name}" in COSTS.sizes for face in faces):
                    missing.append(f"{named.name}.{name}")
    assert missing == [], "declare their sizes in schema/costs.py"


def test_the_map_of_costs_names_fields_and_arguments_that_there_are(served: GraphQLSchema) -> None:
    for key in (*COSTS.sizes, *COSTS.weights):
        type_name, _, name = key.partition(".")
        field: Any = served.get_field(cast("Any", served.type_map[type_name]), name)
        assert field is not None
        size = COSTS.sizes.get(key)
        if size is not None:
            takes_first = "first" in field.args
            assert size.argument in ({"first"} if takes_first else {None, *field.args}), key
    mutation = served.mutation_type
    assert mutation is not None
    assert COSTS.login_fields <= set(mutation.fields)
