"""What is too dear for graphql-core, which does it in one go, is compiled, answered whole, or refused."""

from typing import Any

import pytest
from graphql import ExecutionResult, parse

from bff.errors import TooExpensive
from bff.execution import PlanCache, plan
from bff.http.comparison import Shadow
from bff.http.documents import choose_operation
from bff.http.graphql import GraphQLEndpoint
from bff.http.incremental import IncrementalOperations
from bff.http.operations import DEAR, WALKED_COST, FoundOperation
from bff.http.requests import GraphQLRequest
from schema.build import build_schema
from schema.costs import COSTS
from tests.http_server import serve_to_client

DEFERRED = "{browse {edges {node {id ... @defer {name}}}}}"


def make_found(text: str, cost: int) -> FoundOperation:
    document = parse(text)
    return FoundOperation(document=document, operation=choose_operation(document, None), cost=cost)


def test_a_dear_operation_has_a_plan_at_its_first_use() -> None:
    assert make_found(DEFERRED, DEAR).is_worth_a_plan
    assert not make_found(DEFERRED, DEAR - 1).is_worth_a_plan


def test_only_what_costs_little_comes_in_parts() -> None:
    operations = IncrementalOperations()
    assert operations.comes_in_parts(make_found(DEFERRED, WALKED_COST))
    assert not operations.comes_in_parts(make_found(DEFERRED, WALKED_COST + 1))


async def test_only_what_costs_little_is_compared() -> None:
    shadow = Shadow(build_schema(), 1.0)
    found = make_found("{browse {edges {node {id}}}}", WALKED_COST + 1)
    shadow.follow(found, GraphQLRequest(query=""), None, ExecutionResult())
    assert shadow.counts == {"skipped": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{browse(first: 75) {edges {node {similar(first: 20) {edges {node {id}}}}}}}", "too many fields"),
        (
            'mutation {addToMyList(titleId: "a") {myList(first: 75) '
            "{edges {node {similar(first: 75) {edges {node {id}}}}}}}}",
            "at most",
        ),
    ],
)
async def test_what_would_be_done_in_one_go_is_refused(monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    """No plan may have a field here; a mutation never has one."""
    monkeypatch.setattr(plan, "MAX_FIELDS", 0)

    def open_context(_: Any) -> None:
        pass

    endpoint = GraphQLEndpoint(build_schema(), open_context, costs=COSTS, plans=PlanCache())
    async with serve_to_client(endpoint) as client:
        response = await client.post("/graphql", json={"query": text})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == TooExpensive.code
    assert error["extensions"]["cost"] > error["extensions"]["limit"] == WALKED_COST
    assert why in error["message"]
