"""What is too dear for graphql-core, which does it in one go, is compiled, answered whole, or refused."""

from typing import Any

import pytest
from graphql import ExecutionResult, parse

from bff.errors import TooExpensive
from bff.execution import FragmentCache, PlanCache, Uncompilable, plan
from bff.http.comparison import Shadow
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import Documents, choose_operation
from bff.http.execution import bind_executor, build_executor
from bff.http.graphql import GraphQLEndpoint
from bff.http.incremental import IncrementalOperations
from bff.http.operations import DEAR, WALKED_COST, FoundOperation
from bff.http.requests import GraphQLRequest
from bff.settings import Secret, Settings
from schema.build import build_schema
from schema.costs import COSTS
from tests.http_server import serve_to_client
from tests.proof.dear_operations import FOR_VIEWERS, FOR_VISITORS, IN_DEVELOPMENT, TEXTS

SCHEMA = build_schema()
VISITOR_COST = Settings(database_url=Secret(""), redis_url=Secret(""), key_encryption_key=Secret("")).visitor_cost
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
    """No plan may have a field here; what a mutation may cost is the same with one."""
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


DEAR_ONES = {
    **{name: (dear, COST_LIMIT, False) for name, dear in FOR_VIEWERS.items()},
    **{name: (dear, VISITOR_COST, False) for name, dear in (FOR_VISITORS | TEXTS).items()},
    **{name: (dear, VISITOR_COST, True) for name, dear in IN_DEVELOPMENT.items()},
}


@pytest.mark.parametrize("name", DEAR_ONES)
def test_each_of_the_dearest_operations_is_let_through(name: str) -> None:
    """What is refused would hold nobody up, whatever it asks for."""
    (text, variables), limit, development = DEAR_ONES[name]
    document = Documents(SCHEMA._schema, development=development, login_fields=COSTS.login_fields).find(text)
    operation = choose_operation(document, None)
    assert CostRules(SCHEMA._schema, COSTS).check(document, operation, variables, limit) <= limit


def compile_text(text: str) -> plan.Plan:
    executor_class = bind_executor(SCHEMA, PlanCache(compile_on=1), FragmentCache())
    executor = build_executor(
        executor_class, SCHEMA, parse(text), GraphQLRequest(query=text), None, hide_suggestions=True
    )
    return executor.find_plan(executor_class.plans)[1]  # type: ignore[arg-type]


def test_the_widest_plan_is_as_wide_as_may_be() -> None:
    assert compile_text(TEXTS["the widest plan"][0]).fields > 0.9 * plan.MAX_FIELDS
    text, _ = TEXTS["what is too wide for a plan"]
    with pytest.raises(Uncompilable, match="too many fields"):
        compile_text(text)
    document = parse(text)
    operation = choose_operation(document, None)
    assert CostRules(SCHEMA._schema, COSTS).find(document, operation).fill_in({}) > 0.9 * WALKED_COST
