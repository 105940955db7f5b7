"""A mutation with one field runs by a plan, exactly once, and is answered as graphql-core answers it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pytest
import strawberry

from bff.execution import FragmentCache, PlanCache, shows
from tests.unit.execution.comparison import Differential, Executed


class ItemValue(msgspec.Struct, frozen=True):
    number: int


class OrderValue(msgspec.Struct, frozen=True):
    name: str
    items: list[ItemValue]


class Refusal(msgspec.Struct, frozen=True):
    message: str


@strawberry.type
@shows(ItemValue)
class Item:
    number: int

    @strawberry.field
    @staticmethod
    def path(info: strawberry.Info) -> str:
        return "/".join(map(str, info.path.as_list()))

    @strawberry.field
    @staticmethod
    def fault() -> str | None:
        raise ValueError("of an item")


@strawberry.type
@shows(OrderValue)
class Order:
    name: str
    items: list[Item]

    @strawberry.field
    @staticmethod
    async def streamed() -> list[Item]:
        async def stream() -> AsyncIterator[ItemValue]:
            yield ItemValue(7)

        return stream()

    @strawberry.field
    @staticmethod
    async def fault() -> str:
        raise ValueError("of an order")


@strawberry.type
@shows(Refusal)
class Refused:
    message: str


@strawberry.type
class Undeclared:
    name: str


@strawberry.input
class OrderInput:
    name: str
    numbers: list[int] = strawberry.field(default_factory=lambda: [1])


Outcome = Annotated[Order | Refused, strawberry.union("Outcome")]


@strawberry.type
class Query:
    nothing: str = ""


@strawberry.type
class Mutation:
    @strawberry.mutation
    @staticmethod
    async def order(info: strawberry.Info, wish: OrderInput, tags: list[str] | None = None) -> Outcome | None:
        info.context.append(f"order {wish.name} {wish.numbers} {tags}")
        await asyncio.sleep(0)
        if wish.name == "bad":
            raise ValueError("a bad name")
        if not wish.numbers:
            return Refusal("nothing to order")
        value = OrderValue(wish.name, [ItemValue(number) for number in wish.numbers])
        wish.numbers.clear()  # it must have been this call's own
        return value

    @strawberry.mutation
    @staticmethod
    def order_at_once(info: strawberry.Info, name: str = "at once") -> Order:
        info.context.append(name)
        if name == "bad":
            raise ValueError("a bad name")
        return OrderValue(name, [ItemValue(1), ItemValue(2)])

    @strawberry.mutation
    @staticmethod
    async def must(info: strawberry.Info) -> str:
        info.context.append("must")
        raise ValueError("it cannot")

    @strawberry.mutation
    @staticmethod
    def undeclared(info: strawberry.Info) -> Undeclared:
        info.context.append("undeclared")
        return Undeclared(name="x")

    @strawberry.mutation
    @staticmethod
    def several(info: strawberry.Info) -> list[Order]:
        info.context.append("several")
        return []


SCHEMA = strawberry.Schema(Query, mutation=Mutation)
ORDER = "mutation ($input: OrderInput!) { order(wish: $input) { __typename ... on Order { name items { number } } } }"
COMPILED = [
    (ORDER, {"input": {"name": "a"}}),
    (ORDER, {"input": {"name": "a", "numbers": [3, 4]}}),
    (ORDER, {"input": {"name": "a", "numbers": []}}),
    (ORDER, {"input": {"name": "bad"}}),
    ('mutation { mine: order(wish: {name: "a", numbers: [1, 2]}, tags: ["t"]) { ... on Order { name fault } } }', {}),
    ('mutation ($tags: [String!]) { order(wish: {name: "a"}, tags: $tags) { ... on Refused { message } } }', {}),
    ("mutation ($name: String!) { orderAtOnce(name: $name) { name } __typename }", {"name": "b"}),
    ('mutation { orderAtOnce(name: "bad") { name } }', {}),
    ("mutation { orderAtOnce { items { fault } name fault } }", {}),
    ("mutation { must }", {}),
    ("mutation ($no: Boolean = false) { must @include(if: $no) orderAtOnce { name } }", {}),
]
NOT_COMPILED = {
    'mutation { a: orderAtOnce(name: "a") { name fault } b: orderAtOnce(name: "b") { name } }': "several mutations",
    "mutation { __typename undeclared { name } }": "mutation of undeclared classes",
    "mutation { several { name } }": "mutation of undeclared classes",
}
GIVEN_UP = {
    'mutation { order(wish: {name: "a"}) { ... on Order { name streamed { number } } } }': "async iterable",
    "mutation { orderAtOnce { items { path } } }": "info.path",
    'mutation { order(wish: {name: "a"}) { ... on Order { streamed { path } fault } } }': "async iterable",
}


async def check(differential: Differential, text: str, variables: dict[str, Any]) -> Executed:
    """The answers are alike, and so is what was done."""
    done: list[list[str]] = []

    def make_context() -> list[str]:
        done.append([])
        return done[-1]

    executed = await differential.check(text, variables, make_context, times=3)
    assert done[0]
    assert all(each == done[0] for each in done)
    return executed


@pytest.mark.parametrize(("text", "variables"), COMPILED)
async def test_one_is_compiled(text: str, variables: dict[str, Any]) -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1), fragments=FragmentCache())
    await check(differential, text, variables)
    assert differential.plans.counts == {"plans made": 1, "compiled": 3}


@pytest.mark.parametrize("text", NOT_COMPILED)
async def test_others_are_not(text: str) -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    await check(differential, text, {})
    assert differential.plans.counts == {f"core: {NOT_COMPILED[text]}": 3}


@pytest.mark.parametrize("text", GIVEN_UP)
async def test_what_a_plan_cannot_end_is_ended_and_not_done_again(text: str) -> None:
    differential = Differential(SCHEMA, PlanCache(compile_on=1))
    executed = await check(differential, text, {})
    assert executed.data is not None or executed.errors
    assert differential.plans.counts == {"plans made": 1, f"core: {GIVEN_UP[text]}": 3}
