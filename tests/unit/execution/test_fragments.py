"""With parts of answers kept, the museum answers alike: visitors, regions and versions take turns at one cache."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import hypothesis.strategies as st
import pytest
from graphql import DocumentNode, OperationDefinitionNode, parse, print_ast, validate

from bff.execution import FragmentCache, PlanCache, writing
from bff.execution.plan import Plan
from tests.unit.execution.comparison import Differential, Executed, share_compiled
from tests.unit.execution.exploring import explore
from tests.unit.execution.museum import VALUES, build_museum
from tests.unit.execution.museum_corpus import MUSEUM_CORPUS, Example
from tests.unit.execution.museum_models import Museum, Visit
from tests.unit.execution.operations import Operation, operations
from tests.unit.execution.zoo_models import Faults

# graphql-core leaves coroutines unawaited when it gives up siblings of a field that failed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MUSEUM = build_museum()
MakeVisit = Callable[[], Visit]
AMPLE = 1 << 20
TINY = 6_000
"""Bytes that hold a few fragments, and not those of one answer."""


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that some texts of the museum are pieces of their own."""
    monkeypatch.setattr(writing, "LEAST_PIECE", 100)


@dataclass(frozen=True)
class Turn:
    """Who asks when, and with which variables."""

    make_visit: MakeVisit
    variables: dict[str, Any]


VISITORS = [("Ann", "US", "en"), ("Bo", "US", "en"), ("Cy", "IN", "en"), ("Ann", "US", "hi")]
"""Two that differ in nothing but who they are, one elsewhere, and one who reads otherwise."""


def list_visits(museum: Museum, *faults: Faults) -> list[MakeVisit]:
    """All visitors with each of the faults of their own."""
    return [
        lambda visitor=visitor, own=own: Visit(visitor[0], museum, visitor[1], visitor[2], own)
        for own in faults
        for visitor in VISITORS
    ]


class Keeping:
    """One cache of fragments over many operations."""

    def __init__(self, *, capacity: int = AMPLE) -> None:
        self.fragments = FragmentCache(capacity=capacity)
        self.differential = Differential(MUSEUM, PlanCache(compile_on=1), fragments=self.fragments)
        self.answers = 0
        self.spliced = 0
        """Answers for which fragments were found."""

    async def check(self, document: DocumentNode, turns: Sequence[Turn]) -> None:
        """All that is asked, in turns there and back, so that each finds what others left. Raises AssertionError where
        an answer is another than graphql-core's.
        """
        expected = [await self._run_core(document, turn) for turn in turns]
        asked = list(zip(turns, expected, strict=True))
        for turn, answer in (*asked, *asked[::-1]):
            hits = self.fragments.hits
            await self._check_turn(document, turn, answer)
            self.spliced += self.fragments.hits > hits

    async def check_at_once(self, document: DocumentNode, turns: Sequence[Turn]) -> None:
        """The same, of those who all come at once, twice."""
        expected = [await self._run_core(document, turn) for turn in turns]
        for _ in range(2):
            await asyncio.gather(*map(self._check_turn, repeat(document), turns, expected))

    async def _run_core(self, document: DocumentNode, turn: Turn) -> Executed:
        return await self.differential.run(self.differential.core, document, turn.variables, turn.make_visit())

    async def _check_turn(self, document: DocumentNode, turn: Turn, expected: Executed) -> None:
        differential = self.differential
        answer = await differential.run(differential.compiled, document, turn.variables, turn.make_visit())
        await differential.compare(document, turn.variables, turn.make_visit, expected, answer)
        self.answers += 1

    @property
    def share_spliced(self) -> float:
        return self.spliced / self.answers


async def check_example(example: Example) -> Keeping:
    """Raises AssertionError where an answer is another than graphql-core's."""
    keeping = Keeping()
    documents = [parse(text) for text in (example.text, example.then) if text is not None]
    assert [validate(MUSEUM._schema, document) for document in documents] == [[]] * len(documents)
    for faults in example.faults:
        visits = [
            *list_visits(Museum(1), Faults(), faults),
            *list_visits(Museum(2), Faults(), faults),
            *list_visits(Museum(3, faults), faults),
        ]
        turns = [Turn(make_visit, variables) for make_visit in visits for variables in example.variables]
        for document in documents:
            await keeping.check(document, turns)
    return keeping


@pytest.mark.parametrize("name", MUSEUM_CORPUS)
async def test_each_example_is_answered_alike(name: str) -> None:
    keeping = await check_example(MUSEUM_CORPUS[name])
    assert share_compiled(keeping.differential.plans) == 1
    assert keeping.share_spliced >= 0.5


def visits(rate: int) -> st.SearchStrategy[list[MakeVisit]]:
    """All who come in an example, to two versions of the museum; with a rate about so many of a hundred of their own
    fields fail, and of a third version fields that are the same for all.
    """
    return st.builds(
        lambda seed, other: [
            *list_visits(Museum(1), Faults(), Faults(seed, rate)),
            *list_visits(Museum(2), Faults()),
            *list_visits(Museum(3, Faults(other, rate)), Faults(), Faults(seed, rate)),
        ],
        st.integers(0, 10_000),
        st.integers(0, 10_000),
    )


@st.composite
def turns(draw: Any, rate: int, *, most: int = 10) -> tuple[Operation, list[Turn]]:
    """One operation, asked by several in turns, some of whom come again, with these or those variables."""
    operation = draw(operations(MUSEUM._schema, VALUES, least=20, budget=40))
    variables = change_variables(operation, 0), change_variables(operation, 1)
    visitors = draw(visits(rate))
    chosen = draw(st.lists(st.tuples(st.integers(0, len(visitors) - 1), st.booleans()), min_size=4, max_size=most))
    return operation, [Turn(visitors[number], variables[is_changed]) for number, is_changed in chosen]


def change_variables(operation: Operation, by: int) -> dict[str, Any]:
    """Others of the same types, or the very same; no condition is null, which is for graphql-core."""
    (definition,) = [one for one in parse(operation.text).definitions if isinstance(one, OperationDefinitionNode)]
    types = {one.variable.name.value: print_ast(one.type).rstrip("!") for one in definition.variable_definitions or ()}
    changes: dict[str, Callable[[Any], Any]] = {
        "Boolean": lambda value: bool(value) ^ bool(by),
        "Int": lambda value: value and value + by,
        "Float": lambda value: value and value * (1 - 2 * by),
        "String": lambda value: value and value + '"' * by,
        "Json": lambda value: [value] if by else value,
    }
    return {name: changes[types[name]](value) for name, value in operation.variables.items()}


@pytest.mark.parametrize(("rate", "capacity"), [(0, TINY), (4, AMPLE), (25, AMPLE)])
def test_drawn_operations_are_answered_alike(rate: int, capacity: int) -> None:
    compare_drawn_operations(rate, examples=40, capacity=capacity)


def compare_drawn_operations(rate: int, *, examples: int, capacity: int = AMPLE, is_repeatable: bool = True) -> None:
    keeping = Keeping(capacity=capacity)

    async def check(drawn: tuple[Operation, list[Turn]]) -> None:
        operation, asked = drawn
        document = parse(operation.text)
        assert validate(MUSEUM._schema, document) == []
        await keeping.check(document, asked)
        assert keeping.fragments.size <= capacity

    explore(turns(rate), check, examples=examples, is_repeatable=is_repeatable)
    assert share_compiled(keeping.differential.plans) >= 0.9
    assert keeping.share_spliced >= 0.25


def test_visitors_who_come_at_once_do_not_meet() -> None:
    compare_visitors_at_once(examples=15)


def compare_visitors_at_once(*, examples: int, is_repeatable: bool = True) -> None:
    keeping = Keeping()

    async def check(drawn: list[tuple[Operation, list[Turn]]]) -> None:
        asked = ((parse(operation.text), turns) for operation, turns in drawn)
        await asyncio.gather(*(keeping.check_at_once(*several) for several in asked))

    explore(st.lists(turns(4, most=5), min_size=2, max_size=3), check, examples=examples, is_repeatable=is_repeatable)
    assert share_compiled(keeping.differential.plans) >= 0.9
    assert keeping.fragments.hits >= keeping.answers


async def test_what_is_kept_keeps_no_plan_that_was_given_up() -> None:
    keeping = Keeping()
    differential = Differential(MUSEUM, PlanCache(compile_on=1, capacity=1), fragments=keeping.fragments)
    museum, plans = Museum(1), set[weakref.ref[Plan]]()
    for alias in "abc":
        document = parse(f"{{ works {{ {alias}: name isLiked }} }}")
        await differential.run(differential.compiled, document, {}, Visit("Ann", museum))
        plans |= {weakref.ref(plan) for made in differential.plans._prepared.values() for plan in made.plans.values()}
    gc.collect()
    assert len(keeping.fragments) == 3 * 4
    assert len([plan for plan in plans if plan() is not None]) == 1
