"""Operations and requests that are known to wear GraphQL servers out, against the real schema: each is refused before
it costs anything, or answered for little. How long each takes is for `make proof` to measure."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from graphql import DocumentNode, GraphQLError
from starlette.requests import Request

import bff.http.documents
from bff.domain.paging import CARDS_CAP, ROWS_CAP
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import choose_operation
from bff.http.graphql import GraphQLEndpoint
from bff.http.requests import MAX_BODY_BYTES
from schema.build import build_schema
from schema.costs import COSTS
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Demo

ACCEPT = {"accept": "application/graphql-response+json"}
CANARY = {"query": "{__typename}"}
LOGIN = 'login(input: {email: "a@example.com", password: "%s"}) {__typename}'


@dataclass
class Gate:
    """An endpoint over the real schema in production, and how far requests get in it: documents that were validated,
    operations that were let in."""

    client: httpx.AsyncClient
    validated: list[DocumentNode] = field(default_factory=list)
    opened: int = 0

    async def send(self, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        return await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=ACCEPT)


@pytest.fixture(scope="module")
async def gate() -> AsyncIterator[Gate]:
    opened = 0

    def open_context(_: Request) -> None:
        nonlocal opened
        gates[0].opened += 1

    validate = bff.http.documents.validate

    def note(schema: Any, document: DocumentNode, *arguments: Any, **options: Any) -> list[GraphQLError]:
        gates[0].validated.append(document)
        return validate(schema, document, *arguments, **options)

    gates: list[Gate] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bff.http.documents, "validate", note)
        async with serve_to_client(GraphQLEndpoint(build_schema(), open_context, costs=COSTS)) as client:
            gates.append(Gate(client))
            yield gates[0]


def nest(opening: str, closing: str, levels: int, inner: str) -> str:
    return opening * levels + inner + closing * levels


def fan_out(levels: int, selection: str) -> str:
    fragments = [
        f"fragment F{level} on Query {{{selection.replace('%', f'...F{level + 1} ...F{level + 1}')}}}"
        for level in range(levels)
    ]
    return f"{{...F0}} {' '.join(fragments)} fragment F{levels} on Query {{__typename}}"


SIMILAR = "similar(first: 75) {edges {node {"
SHAPES = {
    "31 aliases": "{title(id: 1) {" + " ".join(f"a{number}: name" for number in range(31)) + "}}",
    "passwords guessed by alias": "mutation {" + " ".join(f"a{number}: {LOGIN % number}" for number in range(10)) + "}",
    "two logins, one within a fragment": f"mutation {{{LOGIN % 1} ...More}} fragment More on Mutation "
    f'{{switchProfile(profileId: "a", pin: "1234") {{__typename}}}}',
    "51 directives on one field": "{__typename " + "@include(if: true) " * 51 + "}",
    "51 unknown directives": "{__typename " + "@aa " * 51 + "}",
    "60 duplicates of a field": "{" + "__typename " * 60 + "}",
    "overlapping fields with arguments": "{" + "".join(f"title(id: {number}) {{id}} " for number in range(90)) + "}",
    "fragments that fan out over 24 levels": fan_out(24, "%"),
    "fragments that fan out over 80 levels": fan_out(80, "%"),
    "fragments that chain and nest": fan_out(24, "node(id: 1) {... on Query {%}}"),
    "16 levels deep": "{title(id: 1) {" + nest("genres {titles {edges {node {", "}}}}", 4, "id") + "}}",
    "190 levels of braces, and 50 fragments within": "{"
    + nest("...{", "}", 190, "...F0")
    + "}"
    + "".join(f"fragment F{number} on Query{{...F{number + 1}}}" for number in range(50))
    + "fragment F50 on Query{__typename}",
    "a circle of similar titles": "{title(id: 1) {" + nest(SIMILAR, "}}}", 6, "id") + "}}",
    "11 operations": " ".join(f"query Q{number} {{__typename}}" for number in range(11)),
    "200 operations": "query a {__typename} " * 200,
    "51 variables": "query(" + " ".join(f"$v{number}: Int" for number in range(51)) + ") {__typename}",
    "21 root fields": "{" + " ".join(f'a: title(id: "{number}") {{id}}' for number in range(21)) + "}",
}


@pytest.mark.parametrize("name", SHAPES)
async def test_a_shape_past_the_limits_is_refused_before_it_is_validated(gate: Gate, name: str) -> None:
    validated, opened = len(gate.validated), gate.opened
    response = await gate.send(SHAPES[name])
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    assert error["extensions"]["code"] == "TOO_EXPENSIVE"
    assert error["extensions"]["cost"] > error["extensions"]["limit"] > 0
    assert (len(gate.validated), gate.opened) == (validated, opened)


COSTS_OF = {
    "titles like titles like titles": (
        "{browse(first: 75) {edges {node {" + nest(SIMILAR, "}}}", 2, "id") + "}}}}",
        {},
    ),
    "the same by a variable": (
        "query($n: Int) {browse(first: $n) {edges {node {"
        + nest("similar(first: $n) {edges {node {", "}}}", 3, "id")
        + "}}}}",
        {"n": 75},
    ),
    "the same by a default": (
        "query($n: Int = 75) {browse(first: $n) {edges {node {"
        + nest("similar(first: $n) {edges {node {", "}}}", 3, "id")
        + "}}}}",
        {},
    ),
    "the same by what a page holds by itself": (
        "{browse {edges {node {" + nest("similar {edges {node {", "}}}", 3, "id") + "}}}}",
        {},
    ),
    "a page size past every cap": (
        "{browse(first: 2147483647) {edges {node {" + nest(SIMILAR, "}}}", 2, "id") + "}}}}",
        {},
    ),
    "genres of titles of genres": (
        "{genres {" + nest("titles(first: 75) {edges {node {genres {", "}}}}", 2, "name") + "}}",
        {},
    ),
    "people of titles of people": (
        "{browse(first: 75) {edges {node {credits(first: 100) {person {titles(first: 75) {edges {node {id}}}}}}}}}",
        {},
    ),
    "a hundred ids with long pages": (
        "query($ids: [ID!]!) {titles(ids: $ids) {" + SIMILAR + "credits(first: 100) {character}}}}}}",
        {"ids": ["x"] * 4900},
    ),
    "a home of homes": (
        "{home {rows(first: 40) {edges {node {items(first: 75) {edges {node {title {similar(first: 75) "
        "{edges {node {id}}}}}}}}}}}}",
        {},
    ),
}


@pytest.mark.parametrize("name", COSTS_OF)
async def test_what_costs_too_much_is_refused_before_it_runs(gate: Gate, name: str) -> None:
    query, variables = COSTS_OF[name]
    opened = gate.opened
    response = await gate.send(query, variables)
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    assert error["extensions"]["code"] == "TOO_EXPENSIVE", error
    assert error["extensions"]["cost"] > error["extensions"]["limit"] == COST_LIMIT
    assert gate.opened == opened


TEXTS = {
    "20,000 tokens": "{" + "__typename " * 20_000 + "}",
    "1,500 fields with arguments": "{" + "title(id: 1) {id} " * 1500 + "}",
    "8,000 directives": "{" + "__typename @include(if: true) " * 8_000 + "}",
    "5,000 operations": "query a {__typename} " * 5000,
    "50,000 comments": "#\n" * 50_000 + "{__typename}",
    "100,000 braces": "{" * 100_000,
    "deep literals": "{browse(filter: " + "[" * 900 + "}",
    "deep types": "query($a: " + "[" * 400 + "Int" + "]" * 400 + ") {__typename}",
    "a field 300 times": "{browse(first: 1) {edges {node {" + "id " * 300 + "}}}}",
    "fields that overlap, in a fragment spread 35 times": "{browse(first: 1) {edges {node {"
    + "similar(first: 0) {totalCount} " * 45
    + "...F " * 35
    + "}}}} fragment F on Title {"
    + "similar(first: 0) {totalCount} " * 45
    + "}",
    "fragments that spread two others each": "{browse(first: 1) {edges {node {...F0 ...G0}}}}"
    + "".join(
        f" fragment F{level} on Title {{id name ...F{level + 1} ...G{level + 1}}}"
        f" fragment G{level} on Title {{id synopsis ...F{level + 1} ...G{level + 1}}}"
        for level in range(30)
    )
    + " fragment F30 on Title {id} fragment G30 on Title {name}",
    "a string of 200 kB": '{title(id: "' + "x" * 200_000 + '") {nope}}',
    "a fragment cycle": "{...A} fragment A on Query {...B} fragment B on Query {...A}",
    "introspection": "{__schema {types {fields {type {fields {type {name}}}}}}}",
    "a type by name": '{__type(name: "Account") {fields {name}}}',
    "names that a suggestion would tell": "{viewr {regin} hom {id} titel {id} plan {id} serch {id}}",
    "20 unknown fields": "{" + " ".join(f"nope{number}" for number in range(20)) + "}",
    "a mistake of 100 kB": "{" + "n" * 100_000 + "}",
    "a subscription": "subscription {homeChanged {changedRowIds}}",
}


@pytest.mark.parametrize("name", TEXTS)
async def test_a_hostile_text_is_refused_and_tells_little(gate: Gate, name: str) -> None:
    opened = gate.opened
    response = await gate.send(TEXTS[name])
    errors = response.json()["errors"]
    assert response.status_code == 400
    assert set(response.json()) == {"errors"}
    assert 1 <= len(errors) <= 5
    assert len(response.content) < 4000
    for error in errors:
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
        assert len(error["message"]) <= 200
        assert "Did you mean" not in error["message"]
    assert gate.opened == opened


@pytest.mark.parametrize(
    ("method", "headers", "content", "status"),
    [
        ("POST", {"content-type": "application/json"}, b'[{"query":"{__typename}"}]' * 1, 400),
        ("POST", {"content-type": "application/json"}, b"[" + b'{"query":"{__typename}"},' * 99 + b"{}]", 400),
        ("POST", {"content-type": "application/json"}, b"x" * (MAX_BODY_BYTES + 1), 413),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}, b"query={__typename}", 415),
        ("POST", {"content-type": "text/plain"}, b'{"query":"{__typename}"}', 415),
        ("POST", {"content-type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        ("POST", {"content-type": "application/json", "content-encoding": "gzip"}, b"\x1f\x8b", 415),
        ("GET", {}, b"", 400),
        ("DELETE", {}, b"", 405),
    ],
)
async def test_a_request_of_the_wrong_kind_is_refused(
    gate: Gate, method: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    opened = gate.opened
    response = await gate.client.request(
        method,
        "/graphql",
        params={"query": "{__typename}"} if method == "GET" else None,
        headers=ACCEPT | headers,
        content=content,
    )
    assert response.status_code == status
    assert response.json()["errors"]
    assert gate.opened == opened


async def test_other_clients_are_answered_while_all_attacks_run(gate: Gate) -> None:
    """A flood of everything above at once, and a client who goes on asking for little."""
    texts = [*SHAPES.values(), *TEXTS.values(), *(query for query, _ in COSTS_OF.values())]
    attacks = asyncio.gather(*(gate.send(text) for text in texts * 3))
    answered = 0
    while not attacks.done() or answered < 10:
        response = await gate.client.post("/graphql", json=CANARY, headers=ACCEPT)
        assert response.json() == {"data": {"__typename": "Query"}}
        answered += 1
    assert {response.status_code for response in await attacks} == {400}


@pytest.mark.parametrize("first", [-1, 101, 2**31 - 1])
@pytest.mark.parametrize(
    "query",
    [
        "query($n: Int) {page: browse(first: $n) {edges {cursor}}}",
        "query($n: Int) {page: trending(first: $n) {edges {cursor}}}",
        'query($n: Int) {page: search(query: "a", first: $n) {edges {cursor}}}',
        'query($n: Int) {page: suggest(prefix: "a", first: $n) {text}}',
        "query($n: Int) {page: continueWatching(first: $n) {edges {cursor}}}",
        "query($n: Int) {page: myList(first: $n) {edges {cursor}}}",
    ],
)
async def test_a_page_size_that_is_none_is_told_so(demo: Demo, query: str, first: int) -> None:
    viewer = await demo.make_viewer()
    answer = await viewer.run(query, {"n": first})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.body["data"] == {"page": None}


@pytest.mark.parametrize(("rows", "cards"), [(1, 1), (10, 20), (ROWS_CAP, CARDS_CAP)])
async def test_the_largest_home_is_served_and_brings_no_more_than_its_cost(demo: Demo, rows: int, cards: int) -> None:
    viewer = await demo.make_viewer()
    data = await viewer.fetch(OPERATIONS["home"], rows=rows, cards=cards)
    schema = build_schema()._schema
    document = bff.http.documents.Documents(schema, development=True).find(OPERATIONS["home"])
    operation = choose_operation(document, None)
    cost = CostRules(schema, COSTS).find(document, operation).fill_in({"rows": rows, "cards": cards})
    assert count_values(data) <= cost <= COST_LIMIT


async def test_a_visitor_is_served_less_at_once_than_a_viewer(demo: Demo) -> None:
    query = "{browse(first: 75) {edges {node {similar(first: 75) {edges {node {id name synopsis releaseYear}}}}}}}"
    refused = await demo.visitor.run(query)
    assert refused.codes == ["TOO_EXPENSIVE"]
    assert refused.response.status_code == 400
    limit = demo.services.settings.visitor_cost
    assert refused.body["errors"][0]["extensions"]["cost"] > refused.body["errors"][0]["extensions"]["limit"] == limit
    viewer = await demo.make_viewer()
    assert (await viewer.run(query)).data["browse"]["edges"]


def count_values(value: Any) -> int:
    """Fields that have a value, each as often as it comes."""
    if isinstance(value, dict):
        return sum(1 + count_values(below) for below in value.values())
    return sum(count_values(below) for below in value) if isinstance(value, list) else 0
