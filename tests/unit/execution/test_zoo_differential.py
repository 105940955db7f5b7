"""Compiled and interpreted, the zoo answers alike: drawn operations and a fixed corpus, with faults and without."""

import asyncio
from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from graphql import parse, validate

from bff.execution import PlanCache
from tests.unit.execution.comparison import Differential, share_compiled
from tests.unit.execution.corpus import CORPUS, Example
from tests.unit.execution.exploring import explore
from tests.unit.execution.operations import Operation, operations
from tests.unit.execution.zoo import VALUES, build_zoo
from tests.unit.execution.zoo_models import Faults, Visit

# graphql-core leaves coroutines unawaited when it gives up siblings of a field that failed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ZOO = build_zoo()


def visits(rate: int) -> st.SearchStrategy[Callable[[], Visit]]:
    """Makers of contexts; with a rate, about so many of a hundred fields fail."""
    return st.builds(
        lambda seed, is_member: lambda: Visit(Faults(seed, rate), is_member=is_member),
        st.integers(0, 10_000),
        st.booleans(),
    )


def drawn_operations() -> st.SearchStrategy[Operation]:
    return operations(ZOO._schema, VALUES)


@pytest.mark.parametrize("rate", [0, 6, 30])
def test_drawn_operations_are_answered_alike(rate: int) -> None:
    compare_drawn_operations(rate, examples=150)


def compare_drawn_operations(rate: int, *, examples: int, is_repeatable: bool = True) -> None:
    differential = Differential(ZOO, PlanCache(compile_on=1))

    async def check(drawn: tuple[Operation, Callable[[], Visit]]) -> None:
        operation, make_visit = drawn
        assert validate(ZOO._schema, parse(operation.text)) == []
        await differential.check(operation.text, operation.variables, make_visit)

    explore(st.tuples(drawn_operations(), visits(rate)), check, examples=examples, is_repeatable=is_repeatable)
    assert share_compiled(differential.plans) >= 0.8


def test_operations_that_run_at_once_do_not_meet() -> None:
    compare_operations_at_once(examples=30)


def compare_operations_at_once(*, examples: int, is_repeatable: bool = True) -> None:
    differential = Differential(ZOO, PlanCache(compile_on=1, capacity=5))

    async def check(drawn: list[tuple[Operation, Callable[[], Visit], Callable[[], Visit]]]) -> None:
        pending = []
        for operation, make_visit, make_another in drawn:
            document = parse(operation.text)
            for make in (make_visit, make_another):
                expected = await differential.run(differential.core, document, operation.variables, make())
                pending += [(document, operation.variables, make, expected)] * 2
        answers = await asyncio.gather(
            *(differential.run(differential.compiled, asked[0], asked[1], asked[2]()) for asked in pending)
        )
        for asked, answer in zip(pending, answers, strict=True):
            await differential.compare(*asked, answer)

    several = st.lists(st.tuples(drawn_operations(), visits(0), visits(10)), min_size=2, max_size=5)
    explore(several, check, examples=examples, is_repeatable=is_repeatable)
    assert share_compiled(differential.plans) >= 0.8


@pytest.mark.parametrize("name", CORPUS)
async def test_each_example_is_answered_alike(name: str) -> None:
    plans = await check_example(CORPUS[name])
    assert name == "paths" or share_compiled(plans) >= 0.9


async def check_example(example: Example) -> PlanCache:
    """Raises AssertionError where the executors differ, cold or warm."""
    differential = Differential(ZOO, PlanCache(compile_on=1))
    document = parse(example.text)
    for faults in example.faults:
        for variables in example.variables:
            for is_member in (True, False):
                await differential.check(document, variables, lambda: Visit(faults, is_member=is_member))  # noqa: B023
    return differential.plans
