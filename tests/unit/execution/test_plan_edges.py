"""What drawn operations seldom meet: classes with two meanings, names that lie, depth, batches, shared futures."""

import asyncio
import enum
import gc
import linecache
import weakref
from collections import OrderedDict
from types import FunctionType
from typing import Annotated, Any

import msgspec
import pytest
import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from bff.execution import PlanCache, code, shows
from tests.unit.execution.comparison import Differential, Executed
from tests.unit.execution.corpus import CORPUS
from tests.unit.execution.zoo import build_zoo
from tests.unit.execution.zoo_models import Visit

ZOO = build_zoo()


class Box(msgspec.Struct, frozen=True):
    number: int
    boxes: "list[Box]" = []


class Crate(Box, frozen=True):
    pass


@strawberry.type(name="Box")
@shows(Box)
class BoxType:
    number: int
    boxes: list["BoxType"]


@strawberry.type(name="Parcel")
@shows(Crate, Box)
class ParcelType:
    number: int


@strawberry.enum
class Swapped(enum.Enum):
    LEFT = strawberry.enum_value("l", name="RIGHT")
    RIGHT = strawberry.enum_value("r", name="LEFT")


@strawberry.enum
class Tone(enum.Flag):
    HIGH = 1
    LOW = 2


class Turn(msgspec.Struct, frozen=True):
    way: Swapped
    tone: Tone
    size: int


@strawberry.type(name="Turn")
@shows(Turn)
class TurnType:
    way: Swapped
    tone: Tone
    size: int


@strawberry.type
class Leaf:
    name: str

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str:
        await asyncio.sleep(0.005)
        info.context.append(self.name)
        return self.name

    @strawberry.field
    async def below(self) -> list["Leaf"]:
        await asyncio.sleep(0)
        return [Leaf(name="c")]

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return ".".join(map(str, info.path.as_list()))


def make_boxes(depth: int) -> Box:
    return Box(depth, [make_boxes(depth - 1)] if depth else [])


def make_differential(query: type, *, compile_on: int = 1, **config: Any) -> Differential:
    schema = strawberry.Schema(query=query, types=[BoxType, ParcelType], config=StrawberryConfig(**config))
    return Differential(schema, PlanCache(compile_on=compile_on))


async def check_compiled(differential: Differential, text: str, variables: dict[str, Any] | None = None) -> Executed:
    """Both answer alike, and none of it went to graphql-core."""
    answer = await differential.check(text, variables or {}, Visit)
    assert [reason for reason in differential.plans.counts if reason.startswith("core: ")] == []
    return answer


async def test_values_are_of_the_first_type_that_claims_their_class() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def things(self) -> list[Annotated[BoxType | ParcelType, strawberry.union("Thing")]]:
            return [Box(1), Crate(2)]

        @strawberry.field
        def parcels_first(self) -> list[Annotated[ParcelType | BoxType, strawberry.union("Other")]]:
            return [Box(1), Crate(2)]

    answer = await check_compiled(
        make_differential(Query), "{ things { __typename } parcelsFirst { __typename ... on Parcel { number } } }"
    )
    assert [thing["__typename"] for thing in answer.data["parcelsFirst"]] == ["Parcel", "Parcel"]


async def test_lists_nest_deeper_than_python_nests_loops() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def box(self) -> BoxType:
            return make_boxes(40)

    text = "number"
    for _ in range(40):
        text = f"number boxes {{ {text} }}"
    await check_compiled(make_differential(Query), f"{{ box {{ {text} }} }}")


async def test_enums_are_written_by_their_names_in_the_graph() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def turns(self) -> list[TurnType]:
            return [Turn(Swapped.LEFT, Tone.HIGH, 1), Turn(Swapped.RIGHT, Tone.HIGH | Tone.LOW, 2)]

    answer = await check_compiled(
        make_differential(Query), "{ turns { way } bad: turns { way tone } }".replace("bad: ", "")
    )
    assert answer.data is None
    answer = await check_compiled(make_differential(Query), "{ turns { way size } }")
    assert [turn["way"] for turn in answer.data["turns"]] == ["RIGHT", "LEFT"]


async def test_resolvers_may_be_class_methods_and_bring_what_python_defaults_say() -> None:
    @strawberry.type
    class Query:
        base = 40

        @strawberry.field
        @classmethod
        def count(cls, more: int | None = strawberry.UNSET) -> str:
            return f"{cls.__name__} {more!r}"

        @strawberry.field
        @staticmethod
        def plain(*, more: int | None = None, mode: str = "m") -> str:
            return f"{more} {mode}"

    await check_compiled(make_differential(Query), '{ count a: count(more: 2) plain b: plain(mode: "x", more: 1) }')


async def test_an_awaited_value_is_not_awaited_again() -> None:
    class Promise:
        def __repr__(self) -> str:
            return "a promise"

        def __await__(self) -> Any:
            return asyncio.sleep(0).__await__()

    @strawberry.type
    class Query:
        @strawberry.field
        async def twice(self) -> str | None:
            return Promise()  # type: ignore[return-value]

    answer = await check_compiled(make_differential(Query), "{ twice }")
    assert answer.data == {"twice": "a promise"}


async def test_futures_are_shared_by_fields_and_none_is_cancelled_for_another() -> None:
    futures: list[asyncio.Future[str]] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def shared(self) -> str | None:
            return futures[0]  # type: ignore[return-value]

        @strawberry.field
        def also_shared(self) -> str:
            return futures[0]  # type: ignore[return-value]

        @strawberry.field
        async def fails(self) -> str:
            raise ValueError("at once")

    differential = make_differential(Query)
    futures.append(asyncio.get_running_loop().create_future())
    asyncio.get_running_loop().call_later(0.01, futures[0].set_result, "together")
    document = parse("{ shared alsoShared again: shared }")
    answer = await differential.run(differential.compiled, document, {}, None)
    assert answer.data == {"shared": "together", "alsoShared": "together", "again": "together"}
    futures[0] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.01, futures[0].set_result, "late")
    answer = await differential.run(differential.compiled, parse("{ shared fails }"), {}, None)
    assert (answer.data, [error[0] for error in answer.errors]) == (None, ["at once"])
    assert not futures[0].cancelled()


async def test_a_run_that_falls_back_in_the_middle_leaves_nothing_behind() -> None:
    finished: list[str] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def leaves(self) -> list[Leaf]:
            return [Leaf(name="a"), Leaf(name="b")]

    differential = make_differential(Query)
    document = parse("{ leaves { slow below { where slow } } }")
    for _ in range(4):
        answer = await differential.run(differential.compiled, document, {}, finished)
        assert [leaf["below"][0]["where"] for leaf in answer.data["leaves"]] == [
            "leaves.0.below.0.where",
            "leaves.1.below.0.where",
        ]
    await asyncio.sleep(0.02)
    assert differential.plans.counts["core: info.path"] == 4
    assert differential.plans.counts["plans made"] == 1
    # Three runs were given up with two leaves on the way; the fourth went to graphql-core at once.
    assert len(finished) == 4 * 4 + 3 * 2


async def test_batch_resolvers_answer_for_all_parents_at_once() -> None:
    calls: list[int] = []

    def weigh(root: strawberry.Parent[Any], factor: int = 1) -> str | None:
        return weigh_all([root], None, factor)[0]

    def weigh_all(parents: list[Any], _info: Any, factor: int = 1) -> list[Any]:
        calls.append(len(parents))
        if factor == 9:
            raise ValueError("too heavy")
        return [ValueError("odd") if root.number % 2 else f"{root.number * factor} kg" for root in parents][
            : 3 + (factor < 8)
        ]

    weigh.batch = weigh_all  # type: ignore[attr-defined]

    @strawberry.type
    class Thing:
        number: int
        weight: str | None = strawberry.field(resolver=weigh)

    @strawberry.type
    class Query:
        @strawberry.field
        def things(self) -> list[Thing]:
            return [Thing(number=number) for number in range(4)]

    differential = make_differential(Query)
    await check_compiled(differential, "{ things { weight heavy: weight(factor: 3) } }")
    await check_compiled(differential, "{ things { weight(factor: 9) } }")
    calls.clear()
    short = await differential.run(differential.compiled, parse("{ things { weight(factor: 8) } }"), {}, None)
    assert calls == [4]
    assert {error[0] for error in short.errors} == {"Thing.weight gave 3 values for 4 parents."}


async def test_a_plan_keeps_nothing_of_the_request_that_it_was_made_for() -> None:
    differential = Differential(ZOO, PlanCache(compile_on=1))
    document = parse(
        "query($b: Boolean!, $p: String!) { enclosures { label(prefix: $p) name @skip(if: $b) } crate { late } }"
    )
    visit = Visit()
    seen = weakref.ref(visit)
    await differential.run(differential.compiled, document, {"b": True, "p": "secret"}, visit)
    del visit
    gc.collect()
    assert seen() is None
    (plan,) = (plan for prepared in differential.plans._prepared.values() for plan in prepared.plans.values())
    assert plan.asked.variables.coerced == {"b": True}
    assert "secret" not in plan.source


async def test_operations_of_one_document_and_schemas_of_one_text_have_plans_of_their_own() -> None:
    differential = Differential(ZOO, PlanCache(compile_on=1))
    other = Differential(build_zoo(), differential.plans)
    document = parse("{ creatures { name } }")
    for one in (differential, other, differential):
        await one.check(document, {}, Visit)
    assert differential.plans.counts["plans made"] == 3  # the other schema took the first one's place, and back


async def test_the_cache_of_plans_is_bounded() -> None:
    differential = Differential(ZOO, PlanCache(compile_on=2, capacity=3, variants=2))
    documents = [
        parse(f"query($s: Boolean = true) {{ creatures {{ a{n}: name number @skip(if: $s) }} }}") for n in range(5)
    ]
    for _ in range(2):
        for document in documents[:3]:
            await differential.run(differential.compiled, document, {}, Visit())
    assert differential.plans.counts == {"core: first use": 3, "plans made": 3, "compiled": 3}
    await differential.run(differential.compiled, documents[0], {"s": False}, Visit())
    assert len(differential.plans) == 4
    for document in documents[3:]:
        await differential.run(differential.compiled, document, {}, Visit())
        await differential.run(differential.compiled, document, {}, Visit())
    assert len(differential.plans) == 4


async def test_the_cache_of_plans_is_bounded_by_their_fields_too() -> None:
    differential = Differential(ZOO, PlanCache(compile_on=1, most_fields=7))
    documents = [parse(f"{{ enclosures {{ a{number}: name number }} }}") for number in range(4)]
    for document in documents:
        await differential.run(differential.compiled, document, {}, Visit())
        plans = [plan for held in differential.plans._prepared.values() for plan in held.plans.values()]
        assert sum(plan.fields for plan in plans) <= 7
    assert [plan.asked.operation for plan in plans] == [document.definitions[0] for document in documents[-2:]]
    await differential.run(differential.compiled, documents[0], {}, Visit())
    assert differential.plans.counts == {"plans made": 5, "compiled": 5}


def test_a_text_is_compiled_once_and_leaves_linecache_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_kept", OrderedDict())
    monkeypatch.setattr(code, "_MOST_KEPT", 3)

    def load(number: int, answer: str) -> FunctionType:
        return code.load_function("tell", f"def tell():\n    return answer, {number}\n", {"answer": answer})

    first, again = load(0, "a"), load(0, "b")
    assert first.__code__ is again.__code__
    assert (first(), again()) == (("a", 0), ("b", 0))
    filename = first.__code__.co_filename
    assert linecache.getline(filename, 2) == "    return answer, 0\n"
    for number in range(1, 4):
        load(number, "c")
    assert filename not in linecache.cache
    assert load(0, "d").__code__ is not first.__code__
    for kept in list(code._kept.values()):
        linecache.cache.pop(kept.co_filename)


@pytest.mark.parametrize("name", [name for name in CORPUS if name not in ("paths", "conditions")])
async def test_compiled_runs_leave_no_coroutine_unawaited(name: str) -> None:
    """An unawaited coroutine is a warning, and warnings are errors."""
    example = CORPUS[name]
    differential = Differential(ZOO, PlanCache(compile_on=1))
    document = parse(example.text)
    for faults in example.faults:
        for variables in example.variables:
            await differential.run(differential.compiled, document, variables, Visit(faults))
    gc.collect()
    assert not [reason for reason in differential.plans.counts if reason.startswith("core: ")]
