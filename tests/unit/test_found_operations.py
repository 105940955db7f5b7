"""Which requests share what was found of their operation: none see another's variables, and secrets are no keys."""

from typing import Any

import pytest

from bff.errors import TooExpensive
from bff.http.cost import CostRules
from bff.http.documents import Documents
from bff.http.operations import WALKED_COST, OperationFinder
from bff.http.requests import GraphQLRequest
from schema.build import build_schema
from schema.costs import COSTS

SCHEMA = build_schema()._schema
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { __typename } }"
SIGN_IN = "mutation ($a: String!, $b: String!) { login(input: {email: $a, password: $b}) { __typename } }"
ADD = """mutation ($id: ID!, $first: Int) {
    addToMyList(titleId: $id) { myList(first: $first) { edges { node {
        similar(first: 75) { edges { node { id } } }
    } } } }
}"""
TITLE = "query ($id: ID!) { title(id: $id) { name } }"
BROWSE = (
    "query ($filter: BrowseFilter, $first: Int) { browse(filter: $filter, first: $first) { edges { node { id } } } }"
)


@pytest.fixture
def finder() -> OperationFinder:
    documents = Documents(SCHEMA, development=False, login_fields=COSTS.login_fields)
    return OperationFinder(documents, CostRules(SCHEMA, COSTS))


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        (LOGIN, {"input": {"email": "a", "password": "secret"}}, {"input": {"email": "b", "password": "other"}}),
        (SIGN_IN, {"a": "a", "b": "secret"}, {"a": "b", "b": "other"}),
    ],
)
async def test_mutations_share_it_whatever_their_variables(
    finder: OperationFinder, text: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = await finder.find(GraphQLRequest(query=text, variables=one))
    assert found.is_for_all
    assert await finder.find(GraphQLRequest(query=text, variables=other)) is found
    assert "secret" not in str(list(finder._found))


async def test_queries_with_plain_variables_have_one_each(finder: OperationFinder) -> None:
    requests = [GraphQLRequest(query=TITLE, variables={"id": title_id}) for title_id in ("tit_a", "tit_b")]
    first, second = [await finder.find(request) for request in requests]
    assert first is not second
    assert not first.is_for_all
    assert [await finder.find(request) for request in requests] == [first, second]


async def test_what_costs_by_its_variables_is_judged_for_each(finder: OperationFinder) -> None:
    small = GraphQLRequest(query=ADD, variables={"id": "tit_a", "first": 1})
    found = await finder.find(small)
    assert not found.is_for_all
    assert await finder.find(small) is found
    with pytest.raises(TooExpensive, match=f"at most {WALKED_COST}"):
        await finder.find(GraphQLRequest(query=ADD, variables={"id": "tit_a", "first": 75}))
    costs = [
        (await finder.find(GraphQLRequest(query=BROWSE, variables={"filter": {}, "first": first}))).cost
        for first in (1, 50)
    ]
    assert costs[0] < costs[1]
