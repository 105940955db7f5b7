"""The types of the zoo: dataclasses and read models that implement, unite and hold each other, and fields that fail."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, NewType, Optional, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from bff.execution import batched, gives_kept, shows
from tests.unit.execution import zoo_models as models
from tests.unit.execution.zoo_models import Fault, Visit

T = TypeVar("T")
Info = strawberry.Info[Visit, None]
Weight = NewType("Weight", Decimal)
Stamp = NewType("Stamp", str)
Tree = NewType("Tree", object)


def _write_weight(value: Any) -> str:
    if value == 1:
        raise ValueError("one is no weight")
    return f"{value} kg"


SCALARS: dict[object, Any] = {
    Weight: strawberry.scalar(name="Weight", serialize=_write_weight, parse_value=lambda text: Decimal(str(text))),
    Stamp: strawberry.scalar(name="Stamp", serialize=str, parse_value=str),
    Tree: strawberry.scalar(name="Tree", serialize=lambda value: value, parse_value=lambda value: value),
}

Climate = strawberry.enum(models.Climate, name="Climate")
Diet = models.Diet


class IsMember(BasePermission):
    message = "members only"

    def has_permission(self, _source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        return bool(info.context.is_member)


class IsMemberLater(BasePermission):
    message = "members only, it turns out"

    async def has_permission(self, _source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        await asyncio.sleep(0)
        return bool(info.context.is_member)


class Shout(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return str(next_(source, info, **kwargs)).upper()


class ShoutLater(FieldExtension):
    async def resolve_async(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return str(await next_(source, info, **kwargs)).upper()


@strawberry.interface
class Creature:
    """Dataclasses and a declared read model implement it."""

    number: int
    name: str

    @strawberry.field
    @staticmethod
    def id(root: Any) -> strawberry.ID:
        return strawberry.ID(f"creature-{root.number}")

    @strawberry.field
    @staticmethod
    def mate(root: Any, info: Info) -> Optional["Creature"]:
        return info.context.spoil("Creature.mate", root.number, make_creature(root.number + 1, info))

    @strawberry.field
    @staticmethod
    async def friends(root: Any, info: Info, first: int = 2) -> list["Creature"]:
        found = [make_creature(root.number + step, info) for step in range(min(first, 3))]
        return await info.context.bring("Creature.friends", root.number, found)


@strawberry.type
class Lion(Creature):
    diet: Diet
    mane: str | None

    @strawberry.field
    def roar(self, info: Info, volume: int = 3) -> str:
        return info.context.spoil("Lion.roar", self.number, "R" * min(volume, 5))

    @strawberry.field
    async def prey(self, info: Info) -> Optional["Lion"]:
        return await info.context.bring("Lion.prey", self.number, make_lion(self.number + 2))


@strawberry.type
class Penguin(Creature):
    swims: bool
    weight: Weight

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return ".".join(map(str, info.path.as_list()))


@strawberry.type
@shows(models.Tortoise)
class Tortoise(Creature):
    speed: float
    diet: Diet
    is_awake: bool
    nickname: str | None
    age: int | None

    @strawberry.field
    @staticmethod
    def title(root: strawberry.Parent[models.Tortoise], info: Info) -> str:
        return info.context.spoil("Tortoise.title", root.number, f"Sir {root.name}")

    @strawberry.field
    @staticmethod
    async def race(root: strawberry.Parent[models.Tortoise], info: Info) -> list["Tortoise"]:
        return await info.context.bring("Tortoise.race", root.number, [make_tortoise(root.number, info)])


@strawberry.type
class Keeper:
    number: int
    name: str

    @strawberry.field(permission_classes=[IsMember])
    def wage(self, info: Info) -> int | None:
        return info.context.spoil("Keeper.wage", self.number, self.number * 1000)

    @strawberry.field(permission_classes=[IsMemberLater])
    async def address(self, info: Info) -> str:
        return await info.context.bring("Keeper.address", self.number, f"{self.number} Zoo Lane")

    @strawberry.field(extensions=[Shout()])
    def shout(self, info: Info, word: str = "hey") -> str:
        return info.context.spoil("Keeper.shout", self.number, word)

    @strawberry.field(extensions=[ShoutLater()])
    async def echo(self, info: Info) -> str | None:
        return await info.context.bring("Keeper.echo", self.number, self.name)

    @strawberry.field
    def boss(self, info: Info) -> "Keeper":
        return load_keeper(info, self.number + 1)


Resident = Annotated[Lion | Tortoise | Keeper, strawberry.union("Resident")]


@strawberry.type
@shows(models.Sign)
class Sign:
    text: str
    height: int
    climate: Climate | None
    colours: list[str]


@batched
@gives_kept
def list_plaques(roots: Sequence[models.Enclosure], info: Info) -> Sequence[list[Sign] | None]:
    del info
    return [models.PLAQUES[root.number % len(models.PLAQUES)] for root in roots]


@strawberry.type
@shows(models.Enclosure)
class Enclosure:
    number: int
    name: str
    area: float
    climate: Climate
    is_open: bool
    capacity: int | None
    signs: list[Sign]
    grid: list[list[Sign | None]]
    gate: Sign | None
    annexe: Optional["Enclosure"]
    motto: str
    exits: list[Sign]
    plaques: list[Sign] | None = strawberry.field(resolver=list_plaques)

    @strawberry.field
    @staticmethod
    def label(root: strawberry.Parent[models.Enclosure], info: Info, prefix: str = "", size: int | None = None) -> str:
        return info.context.spoil("Enclosure.label", root.number, f"{prefix}{root.name}{size or ''}")

    @strawberry.field
    @staticmethod
    def residents(root: strawberry.Parent[models.Enclosure], info: Info) -> list[Resident | None]:
        found = [make_resident(root.number + step, info) for step in range(3)]
        return info.context.spoil("Enclosure.residents", root.number, found)

    @strawberry.field
    @staticmethod
    async def star(root: strawberry.Parent[models.Enclosure], info: Info) -> Resident:
        return await info.context.bring("Enclosure.star", root.number, make_resident(root.number, info))

    @strawberry.field
    @staticmethod
    def keeper(root: strawberry.Parent[models.Enclosure], info: Info) -> Keeper | None:
        return load_keeper(info, root.number % 2)

    @strawberry.field
    @staticmethod
    async def head_keeper(root: strawberry.Parent[models.Enclosure], info: Info) -> Keeper:
        return await load_keeper(info, root.number % 2)

    @strawberry.field
    @staticmethod
    async def next_door(root: strawberry.Parent[models.Enclosure], info: Info) -> list["Enclosure"] | None:
        found = [make_enclosure(root.number + 1, info), make_enclosure(root.number + 2, info)]
        return await info.context.bring("Enclosure.nextDoor", root.number, found)


@strawberry.type
class Page(Generic[T]):
    items: list[T]
    total: int


@dataclass
class Crate:
    """What attributes may hold, too: exceptions, awaitables, iterators, lists of awaitables."""

    number: int
    visit: Visit

    def __getattr__(self, name: str) -> Any:
        if name == "late":
            return self.visit.bring("Crate.late", self.number, f"late {self.number}")
        if name == "broken":
            return Fault(f"crate {self.number}") if self.visit.faults.rate else "whole"
        if name == "promised":
            return [self.visit.bring("Crate.promised", step, step) for step in range(3)]
        if name == "tower":
            return [[self._bring_crate(step)] for step in range(2)]
        if name == "once":
            return models.count_down(3)
        if name == "inner":
            return self._bring_crate(self.number + 1)
        raise AttributeError(name)

    async def _bring_crate(self, number: int) -> Any:
        return await self.visit.bring("Crate.inner", number, Crate(number, self.visit))


@strawberry.type(name="Crate")
class CrateType:
    number: int
    late: str | None
    broken: str | None
    promised: list[int]
    tower: list[list[Optional["CrateType"]]] | None
    once: list[int]
    inner: Optional["CrateType"]

    @strawberry.field
    @staticmethod
    def keeper(root: Any, info: Info) -> Keeper | None:
        return load_keeper(info, root.number)


def make_creature(number: int, info: Info) -> Any:
    if number % 3 == 0:
        return make_lion(number)
    if number % 3 == 1:
        return Penguin(number=number, name=f"Penguin {number}", swims=True, weight=Weight(models.weigh(number)))
    return make_tortoise(number, info)


def make_resident(number: int, info: Info) -> Any:
    if number % 4 == 3:
        return None
    if number % 4 == 2:
        return Keeper(number=number, name=f"Keeper {number}")
    return make_tortoise(number, info) if number % 4 else make_lion(number)


def make_lion(number: int) -> Lion:
    return Lion(number=number, name=f"Lion {number}", diet=list(Diet)[number % 3], mane=None if number % 2 else "long")


def make_tortoise(number: int, info: Info) -> Any:
    return models.make_tortoise(number, info.context.faults.rate > 0)


def make_enclosure(number: int, info: Info) -> Any:
    return models.make_enclosure(number, info.context.faults.rate > 0)


def load_keeper(info: Info, number: int) -> Any:
    """A future; shielded, since graphql-core cancels what siblings of a failed field wait for, whoever shares it."""
    return asyncio.shield(info.context.keepers.load(number))
