"""What takes long is done in turns: others are served in between, and the answer stays the same."""

import asyncio
from collections.abc import Awaitable, Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
import strawberry
from graphql import parse

from bff.execution import CompilingExecutor, PlanCache, runtime, shows, turns
from bff.execution.calling import Caller
from bff.execution.plan import FieldPlan, Stage
from tests.unit.execution.comparison import Differential, Executed
from tests.unit.execution.corpus import CORPUS
from tests.unit.execution.test_zoo_differential import check_example

COUNT = 40


class Shelf(msgspec.Struct, frozen=True):
    number: int


@strawberry.type(name="Shelf")
@shows(Shelf)
class ShelfType:
    number: int

    @strawberry.field
    def books(root: strawberry.Parent[Shelf]) -> "list[ShelfType]":  # noqa: N805
        return [Shelf(root.number * 10 + place) for place in range(3)]  # type: ignore[misc]

    @strawberry.field
    def length(root: strawberry.Parent[Shelf]) -> int | None:  # noqa: N805
        if root.number % 7 == 5:
            raise ValueError("no length")
        return root.number


@strawberry.type
class Query:
    @strawberry.field
    def shelves() -> list[ShelfType]:  # type: ignore[misc]
        return [Shelf(number) for number in range(COUNT)]  # type: ignore[misc]

    @strawberry.field
    async def awaited() -> list[ShelfType]:  # type: ignore[misc]
        await asyncio.sleep(0)
        return [Shelf(number) for number in range(COUNT)]  # type: ignore[misc]


SCHEMA = strawberry.Schema(Query)
LIBRARY = "{shelves {number length books {length}} awaited {books {number length}}}"


@pytest.fixture
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every turn is over as soon as something was done, and a stage begins with one parent."""
    monkeypatch.setattr(CompilingExecutor, "takes_turns", True)
    monkeypatch.setattr(turns, "SHARE", -1.0)
    monkeypatch.setattr(runtime, "_PIECE", 1)


@pytest.mark.usefixtures("_short_turns")
@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_turns_change_no_answer(name: str) -> None:
    await check_example(CORPUS[name])


async def count_turns_of_others(differential: Differential, text: str) -> tuple[Executed, int]:
    """How often somebody else, who never waits for anything, came to their turn during an operation."""
    turns_taken = 0

    async def take_turns() -> None:
        nonlocal turns_taken
        while True:
            await asyncio.sleep(0)
            turns_taken += 1

    other = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    turns_taken = 0
    executed = await differential.run(differential.compiled, parse(text), {}, None)
    told = turns_taken
    other.cancel()
    return executed, told


@pytest.mark.usefixtures("_short_turns")
async def test_others_are_served_between_the_pieces_of_each_stage() -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    expected = await differential.run(differential.core, parse(LIBRARY), {}, None)
    executed, turns_of_others = await count_turns_of_others(differential, LIBRARY)
    assert executed.text == expected.text
    assert executed.errors == expected.errors
    # Stages of 40 or 120 values, the first of one and each of twice as many, one turn each at least.
    assert turns_of_others >= 6


def note_pieces(patch: pytest.MonkeyPatch) -> list[int]:
    """How many parents fields are called for, at each call."""
    pieces: list[int] = []
    call = Caller.call

    def note(self: Caller, field: FieldPlan, stage: Stage | None, parents: list[Any]) -> list[Any]:
        pieces.append(len(parents))
        return call(self, field, stage, parents)

    patch.setattr(Caller, "call", note)
    return pieces


async def test_no_piece_is_so_large_that_the_clock_is_looked_at_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs next to nothing for the first may cost much for those after them."""
    monkeypatch.setattr(runtime, "_PIECE", 2)
    pieces = note_pieces(monkeypatch)
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    await differential.run(differential.compiled, parse("{shelves {length}}"), {}, None)
    assert (pieces[:4], sum(pieces), max(pieces)) == ([1, 2, 4, 8], 1 + COUNT, 8)


async def test_pieces_grow_no_more_once_half_of_a_share_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr(turns, "perf_counter", lambda: next(seconds))
    monkeypatch.setattr(turns, "SHARE", 4)
    monkeypatch.setattr(CompilingExecutor, "takes_turns", True)
    monkeypatch.setattr(runtime, "_PIECE", 2)
    pieces = note_pieces(monkeypatch)
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    await differential.run(differential.compiled, parse("{shelves {length}}"), {}, None)
    # A second passes at every look: after three of them half of a share of four is over.
    assert (pieces[:6], sum(pieces)) == ([1, 2, 4, 4, 4, 2], 1 + COUNT)


async def test_what_takes_little_has_no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompilingExecutor, "takes_turns", True)
    monkeypatch.setattr(turns, "SHARE", 1e9)
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    executed, turns_of_others = await count_turns_of_others(differential, "{shelves {number length}}")
    assert executed.is_immediate
    assert turns_of_others == 0


async def test_who_wants_the_answer_at_once_gets_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SHARE", -1.0)
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    executed, turns_of_others = await count_turns_of_others(differential, "{shelves {number length books {number}}}")
    assert executed.is_immediate
    assert turns_of_others == 0


@pytest.mark.usefixtures("_short_turns")
async def test_operations_take_their_turns_one_after_the_other() -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    expected = await differential.run(differential.core, parse(LIBRARY), {}, None)
    every = await asyncio.gather(*(differential.run(differential.compiled, parse(LIBRARY), {}, None) for _ in range(5)))
    assert {executed.text for executed in every} == {expected.text}


@pytest.mark.usefixtures("_short_turns")
@pytest.mark.parametrize("turns_in_time", range(0, 12, 3))
async def test_past_the_deadline_all_that_is_missing_is_told(turns_in_time: int) -> None:
    """Each null has its error, though stages were left in the middle."""
    differential = Differential(SCHEMA, PlanCache(compile_on=1))

    class Late(differential.compiled):  # type: ignore[name-defined,misc]
        waits = 0

        async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
            self.waits += 1
            if self.waits > turns_in_time:
                close: Any = awaitable
                close.close()
                raise TimeoutError("late")
            return await awaitable

    text = LIBRARY.replace("length", "number")
    executed = await differential.run(Late, parse(text.replace("awaited", "again: shelves")), {}, None)
    assert {error[0] for error in executed.errors} == {"late"}
    nulls = set(find_nulls(executed.data))
    assert {error[1] for error in executed.errors} >= nulls or executed.data is None
    assert executed.data is None or nulls


def find_nulls(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if data is None:
        yield path
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from find_nulls(value, (*path, key))


@pytest.mark.usefixtures("_short_turns")
async def test_whoever_gives_up_leaves_the_turn_to_others() -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    run = asyncio.create_task(differential.run(differential.compiled, parse(LIBRARY), {}, None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    executed, _ = await count_turns_of_others(differential, LIBRARY)
    assert executed.data is not None
