"""A schema with one of everything that the executor knows. It answers the same for the same operation and faults."""

import hypothesis.strategies as st
import strawberry
from strawberry.schema.config import StrawberryConfig

from tests.unit.execution.zoo_types import (
    SCALARS,
    Climate,
    Crate,
    CrateType,
    Creature,
    Diet,
    Enclosure,
    Info,
    Keeper,
    Lion,
    Page,
    Penguin,
    Resident,
    Stamp,
    Tortoise,
    Tree,
    Weight,
    load_keeper,
    make_creature,
    make_enclosure,
    make_lion,
    make_resident,
    make_tortoise,
)

NOON = Stamp("noon")
VALUES = {
    "Weight": st.sampled_from(["1", "2.5"]),
    "Tree": st.sampled_from([{"a": [1, None]}, [], "leaf", 0]),
    "number": st.integers(0, 5),
}
"""What operations may hand to arguments of these types and names."""


@strawberry.input
class Range:
    low: int = 0
    high: int | None = None


@strawberry.input
class Filter:
    word: str = "any"
    diet: Diet | None = None
    tags: list[str] = strawberry.field(default_factory=list)
    range: Range | None = None
    ranges: list[Range] | None = None


@strawberry.type
class Query:
    @strawberry.field
    def creatures(self, info: Info, first: int = 3) -> list[Creature]:
        return info.context.spoil("Query.creatures", 0, [make_creature(number, info) for number in range(first)])

    @strawberry.field
    async def residents(self, info: Info, first: int | None = None) -> list[Resident | None] | None:
        found = [make_resident(number, info) for number in range(first or 3)]
        return await info.context.bring("Query.residents", 0, found)

    @strawberry.field
    def enclosures(self, info: Info, first: int = 3) -> list[Enclosure] | None:
        return info.context.spoil("Query.enclosures", 0, [make_enclosure(number, info) for number in range(first)])

    @strawberry.field
    async def enclosure(self, info: Info, number: int = 1) -> Enclosure | None:
        return await info.context.bring("Query.enclosure", number, make_enclosure(number, info))

    @strawberry.field
    def keeper(self, info: Info, number: int) -> Keeper | None:
        return load_keeper(info, number)

    @strawberry.field
    def crate(self, info: Info) -> CrateType | None:
        return Crate(1, info.context)  # type: ignore[return-value]

    @strawberry.field
    async def crates(self, info: Info) -> list[CrateType]:
        return await info.context.bring("Query.crates", 0, [Crate(number, info.context) for number in range(2)])

    @strawberry.field
    def lions(self, info: Info) -> Page[Lion]:
        return info.context.spoil("Query.lions", 0, Page(items=[make_lion(1), make_lion(2)], total=2))

    @strawberry.field
    def tortoises(self, info: Info) -> Page[Tortoise] | None:
        return info.context.spoil("Query.tortoises", 0, Page(items=[make_tortoise(1, info)], total=1))

    @strawberry.field
    def matrix(self, info: Info) -> list[list[int | None]] | None:
        return info.context.spoil("Query.matrix", 0, [[1, None, 2**31], [], [True, 3]])

    @strawberry.field
    async def ragged(self, info: Info) -> list[list[Creature] | None]:
        found = [[make_creature(1, info), None], None, [make_creature(2, info)]]
        return await info.context.bring("Query.ragged", 0, found)

    @strawberry.field
    def tree(self, value: Tree | None = None) -> Tree | None:
        return value

    @strawberry.field
    def stamp(self, at: Stamp = NOON) -> Stamp:
        return at

    @strawberry.field
    def weight(self, of: Weight | None = None) -> Weight | None:
        return of

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return ".".join(map(str, info.path.as_list()))

    @strawberry.field
    def say(
        self,
        *,
        text: str,
        times: int | None = 2,
        diet: Diet = Diet.MEAT,
        climate: Climate | None = None,
        loud: bool = False,
        scale: float | None = None,
        ref: strawberry.ID | None = None,
    ) -> str:
        return repr((text, times, diet, climate, loud, scale, ref))

    @strawberry.field
    def need(self, optional: int | None) -> str:
        return f"needed {optional}"

    @strawberry.field
    async def choose(self, choice: Filter | None = None, tags: list[str] = ["a"]) -> str:  # noqa: B006
        chosen = repr((choice, tags))
        tags.append("taken")
        return chosen


def build_zoo() -> strawberry.Schema:
    return strawberry.Schema(query=Query, types=[Lion, Penguin, Tortoise], config=StrawberryConfig(scalar_map=SCALARS))
