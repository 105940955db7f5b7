"""Compiled and interpreted, the served graph answers alike: the contract's queries and drawn ones, for any viewer."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import chain, product
from typing import Any

import hypothesis.strategies as st
import pytest
from graphql import parse, validate

from bff.auth.demo import open_demo_session
from bff.context import Caller, OperationContext
from bff.execution import FragmentCache, PlanCache
from schema.build import build_schema
from tests.live import OPERATIONS, Demo
from tests.unit.execution.comparison import Differential, share_compiled
from tests.unit.execution.exploring import explore_here
from tests.unit.execution.operations import Operation, operations

# graphql-core leaves coroutines unawaited when it gives up siblings of a field that failed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SCHEMA = build_schema()
SCREENS = ("browse", "home", "search", "title", "titles", "trending")
"""Fields of the root that have much below them that is kept."""
MakeContext = Callable[[], OperationContext]


async def list_viewers(demo: Demo) -> list[MakeContext]:
    """A visitor, and accounts in two regions; at one instant, each in a new context."""
    now = demo.services.now()
    services = replace(demo.services, now=lambda: now)
    callers = [Caller(token=None, region="US", address="192.0.2.1")]
    for email, region in (("premium@example.com", "US"), ("india@example.com", "IN")):
        session = await open_demo_session(services.authority, email, now)
        callers.append(Caller(token=session.claims, region=region, address="192.0.2.1", accept="image/webp"))
    return [lambda caller=caller: OperationContext(services, caller) for caller in callers]  # type: ignore[misc]


def list_values(demo: Demo) -> dict[str, st.SearchStrategy[Any]]:
    """Arguments that find something, but for some."""
    catalogue = demo.services.follower.catalogue
    nodes = [sorted(kind)[:: len(kind) // 4 + 1] for kind in (catalogue.genres, catalogue.people, catalogue.episodes)]
    titles = [card.id for card in catalogue.by_popularity[:400:20]]
    return {
        "first": st.integers(-1, 4),
        "last": st.integers(-1, 3),
        "ID": st.sampled_from([*titles, *chain(*nodes), "tit_00000000000000000000000000", "nonsense"]),
        "Seconds": st.sampled_from([0, 83.5, -1]),
        "DateTime": st.sampled_from(["2026-11-21T03:40:00Z"]),
        "URL": st.sampled_from(["/a"]),
        "query": st.sampled_from(["the", "love", "zzz", ""]),
        "prefix": st.sampled_from(["th", "lo"]),
        "width": st.sampled_from([200, 640, 5000]),
    }


def draw_operations(demo: Demo, roots: Collection[str] = ()) -> st.SearchStrategy[Operation]:
    return operations(SCHEMA._schema, list_values(demo), least=15, budget=40, roots=roots)


@pytest.mark.parametrize("has_fragments", [False, True])
async def test_drawn_operations_are_answered_alike(demo: Demo, has_fragments: bool) -> None:
    await compare_drawn_operations(demo, has_fragments=has_fragments, examples=70)


async def compare_drawn_operations(
    demo: Demo, *, has_fragments: bool, examples: int, is_repeatable: bool = True
) -> None:
    fragments = FragmentCache() if has_fragments else None
    differential = Differential(SCHEMA, PlanCache(compile_on=1), fragments=fragments)

    viewers = await list_viewers(demo)

    async def check(operation: Operation) -> None:
        document = parse(operation.text)
        assert validate(SCHEMA._schema, document) == []
        for make_context in viewers:
            await differential.check(document, operation.variables, make_context)

    drawn = draw_operations(demo, SCREENS if has_fragments else ())
    await explore_here(drawn, check, examples=examples, is_repeatable=is_repeatable)
    assert fragments is None or fragments.hits >= 2 * examples
    assert share_compiled(differential.plans) >= 0.9


async def test_operations_that_run_at_once_do_not_meet(demo: Demo) -> None:
    await compare_operations_at_once(demo, examples=12)


async def compare_operations_at_once(demo: Demo, *, examples: int, is_repeatable: bool = True) -> None:
    """Several operations, each asked by all viewers at once, cold and warm."""
    fragments = FragmentCache()
    differential = Differential(SCHEMA, PlanCache(compile_on=1), fragments=fragments)
    viewers = await list_viewers(demo)

    async def check(drawn: list[Operation]) -> None:
        asked = [
            (parse(operation.text), operation.variables, make_context)
            for operation, make_context in product(drawn, viewers)
        ]
        expected = [await differential.run(differential.core, *given[:2], given[2]()) for given in asked]
        for _ in range(2):
            answers = await asyncio.gather(
                *(differential.run(differential.compiled, *given[:2], given[2]()) for given in asked)
            )
            for given, core, answer in zip(asked, expected, answers, strict=True):
                await differential.compare(*given, core, answer)

    several = st.lists(draw_operations(demo, SCREENS), min_size=2, max_size=3)
    await explore_here(several, check, examples=examples, is_repeatable=is_repeatable)
    assert share_compiled(differential.plans) >= 0.9
    assert fragments.hits >= 4 * examples


@pytest.mark.parametrize("name", ["home", "search", "title"])
async def test_queries_of_the_contract_are_answered_alike(demo: Demo, name: str) -> None:
    titles = [card.id for card in demo.services.follower.catalogue.by_popularity[::1500]]
    variables: dict[str, list[dict[str, Any]]] = {
        "home": [{}],
        "search": [{"query": "love"}, {"query": "zzzz"}],
        "title": [{"id": title_id} for title_id in titles],
    }
    differential = Differential(SCHEMA, PlanCache(compile_on=1), fragments=FragmentCache())
    document = parse(OPERATIONS[name])
    for make_context in await list_viewers(demo):
        for given in variables[name]:
            await differential.check(document, given, make_context, times=3)
    assert share_compiled(differential.plans) == 1
