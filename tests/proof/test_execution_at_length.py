"""The differential tests of the compiled executor, far longer than CI runs them and with other examples each time."""

import pytest

from tests.api.test_graph_differential import compare_drawn_operations as compare_over_the_graph
from tests.api.test_graph_differential import compare_operations_at_once as compare_over_the_graph_at_once
from tests.live import Demo
from tests.unit.execution.test_fragments import AMPLE, TINY, compare_visitors_at_once
from tests.unit.execution.test_fragments import compare_drawn_operations as compare_over_the_museum
from tests.unit.execution.test_zoo_differential import compare_drawn_operations as compare_over_the_zoo
from tests.unit.execution.test_zoo_differential import compare_operations_at_once

pytestmark = [
    pytest.mark.proof,
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(1800),
]


@pytest.mark.parametrize("rate", [0, 2, 6, 15, 30, 60])
def test_the_zoo_is_answered_alike(rate: int) -> None:
    compare_over_the_zoo(rate, examples=5000, is_repeatable=False)


def test_operations_over_the_zoo_do_not_meet() -> None:
    compare_operations_at_once(examples=1000, is_repeatable=False)


@pytest.mark.parametrize("capacity", [TINY, AMPLE])
@pytest.mark.parametrize("rate", [0, 4, 15, 40])
def test_the_museum_is_answered_alike(rate: int, capacity: int) -> None:
    compare_over_the_museum(rate, examples=2000, capacity=capacity, is_repeatable=False)


def test_visitors_of_the_museum_do_not_meet() -> None:
    compare_visitors_at_once(examples=500, is_repeatable=False)


@pytest.mark.parametrize("has_fragments", [False, True])
async def test_the_graph_is_answered_alike(demo: Demo, has_fragments: bool) -> None:
    await compare_over_the_graph(demo, has_fragments=has_fragments, examples=2000, is_repeatable=False)


async def test_operations_over_the_graph_do_not_meet(demo: Demo) -> None:
    await compare_over_the_graph_at_once(demo, examples=300, is_repeatable=False)
