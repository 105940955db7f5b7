"""Executors of one operation that are made after another: none sees what another did."""

import gc
import weakref
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from bff.execution import PlanCache
from bff.http.documents import choose_operation
from bff.http.errors import InvalidOperation
from bff.http.execution import DeadlineExecutor, bind_executor, build_executor
from bff.http.operations import FoundOperation
from bff.http.requests import GraphQLRequest

CONSTANT = {
    *("schema", "fragment_definitions", "fragments", "operation", "variable_values"),
    *("field_resolver", "type_resolver", "subscribe_field_resolver", "is_awaitable", "is_async_iterable"),
    *("enable_early_execution", "middleware_manager", "error_propagation", "hide_suggestions"),
    *("abort_signal", "hooks", "async_work_finished_hook_task", "defer_usage_set"),
    *("root_value", "comes_again", "must_compile", "cost", "own_state", "prototype", "kept_tokens"),
}
"""What never changes, or is set anew by whoever changes it."""


@strawberry.input
class Word:
    text: str


@strawberry.type
class Query:
    @strawberry.field
    def echo(self, word: Word) -> str:
        return word.text

    @strawberry.field
    def asked_by(self, info: strawberry.Info) -> str:
        return str(info.context)

    @strawberry.field
    def fault(self) -> str | None:
        raise ValueError("as it should")


class Maker:
    def __init__(
        self, plans: PlanCache | None = None, text: str = "{askedBy fault}", *, is_for_all: bool = False
    ) -> None:
        config = StrawberryConfig(enable_experimental_incremental_execution=True)
        self._schema = strawberry.Schema(Query, config=config)
        self._executor = bind_executor(self._schema, plans)
        document = parse(text)
        operation = choose_operation(document, None)
        self._found = FoundOperation(document=document, operation=operation, cost=1, is_for_all=is_for_all)

    def make(self, context: str, variables: dict[str, Any] | None = None) -> DeadlineExecutor:
        request = GraphQLRequest(query="", variables=variables, extensions={"of": context})
        return build_executor(
            self._executor,
            self._schema,
            self._found.document,
            request,
            context,
            hide_suggestions=True,
            found=self._found,
        )


def test_they_share_only_what_does_not_change() -> None:
    maker = Maker()
    first, second = vars(maker.make("one")), vars(maker.make("two"))
    assert first.keys() == second.keys() > CONSTANT
    assert {name for name in first if first[name] is second[name]} <= CONSTANT
    assert (second["context_value"], second["operation_extensions"]) == ("two", {"of": "two"})


def test_each_answers_its_own_request_with_its_own_errors() -> None:
    maker = Maker()
    for context in ("one", "two", "three"):
        result = maker.make(context).execute_operation()
        assert result.data == {"askedBy": context, "fault": None}
        assert len(result.errors) == 1


def test_they_run_by_the_plan_of_the_first_until_it_is_given_up() -> None:
    plans = PlanCache(compile_on=1)
    maker = Maker(plans)
    for context in ("one", "two", "three"):
        assert maker.make(context).execute_operation().data == {"askedBy": context, "fault": None}
    assert plans.counts == {"plans made": 1, "compiled": 3}
    prepared, _ = maker.make("four").find_plan(plans)
    prepared.reason = "given up"
    assert maker.make("five").execute_operation().data == {"askedBy": "five", "fault": None}
    assert plans.counts["core: given up"] == 1


def test_they_hold_no_plan_that_the_cache_gave_up() -> None:
    """An endpoint has hundreds of them: else they would hold what is bounded."""
    plans = PlanCache(compile_on=1, most_fields=3)
    first, second = Maker(plans), Maker(plans)
    prepared, plan = first.make("one").find_plan(plans)
    seen = weakref.ref(plan)
    del prepared, plan
    assert second.make("two").execute_operation().data == {"askedBy": "two", "fault": None}
    gc.collect()
    assert (seen(), len(plans)) == (None, 1)
    assert first.make("three").execute_operation().data == {"askedBy": "three", "fault": None}
    assert plans.counts == {"plans made": 3, "compiled": 2}


ECHO = "query ($word: Word!, $more: Boolean = false) {echo(word: $word) askedBy @include(if: $more)}"


def test_each_has_variables_of_its_own_where_they_are_for_all() -> None:
    plans = PlanCache(compile_on=1)
    maker = Maker(plans, ECHO, is_for_all=True)
    for number in range(3):
        for more in (True, False):
            executor = maker.make("me", {"word": {"text": f"secret {number}"}, "more": more})
            asked_by = {"askedBy": "me"} if more else {}
            assert executor.execute_operation().data == {"echo": f"secret {number}", **asked_by}
            assert maker._found.prototype.variable_values.coerced == {}
            assert maker._found.prototype.variable_values.sources == {}
    assert plans.counts == {"plans made": 2, "compiled": 6}


def test_variables_that_do_not_fit_are_told_alike_the_first_time_and_later() -> None:
    maker = Maker(None, ECHO, is_for_all=True)
    told = set()
    for _ in range(2):
        with pytest.raises(InvalidOperation) as raised:
            maker.make("me", {"word": {"text": 1}})
        told.add(tuple(error.message for error in raised.value.errors))
        assert maker.make("me", {"word": {"text": "yes"}}).execute_operation().data == {"echo": "yes"}
    ((message,),) = told
    assert "$word" in message
