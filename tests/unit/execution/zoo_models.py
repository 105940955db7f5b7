"""What lives in the zoo: values that are the same in every run, some of them read models, and faults by plan."""

import asyncio
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zlib import crc32

import msgspec
import strawberry
from aiodataloader import DataLoader


class Fault(Exception):
    """What a struck field raises; the message says where."""


@strawberry.enum
class Diet(enum.Enum):
    """Not all are written by their members' names."""

    MEAT = strawberry.enum_value("m", name="CARNIVORE")
    PLANTS = strawberry.enum_value("p", name="HERBIVORE")
    BOTH = "b"


class Climate(enum.Enum):
    COLD = "cold"
    WARM = "warm"


class Sign(msgspec.Struct, frozen=True):
    text: str
    height: int
    climate: Climate | None = None
    colours: tuple[str, ...] = ()


class Mended(Sign, frozen=True):
    """A sign of a class that nobody declared: it is looked at like any other value."""


PLAQUES: tuple[Any, ...] = (
    (Sign("of brass", 1, Climate.COLD, ("gold",)), Sign("of wood", 2)),
    (Sign("too high", 2**31),),
    None,
    (Sign("whole", 3), None),
    (Mended("mended", 4),),
    Fault("no plaques"),
    (),
    7,
)
"""The same in every run, good and bad."""


class Tortoise(msgspec.Struct, frozen=True):
    number: int
    name: str
    speed: float
    diet: Diet
    is_awake: bool
    nickname: str | None
    may_fail: bool

    @property
    def id(self) -> str:
        return f"tortoise-{self.number}"

    @property
    def age(self) -> int | None:
        return fail_at(self.may_fail, self.number, 160 + self.number)


class Enclosure(msgspec.Struct, frozen=True):
    number: int
    name: str
    area: float
    climate: Climate
    is_open: bool
    capacity: int | None
    signs: tuple[Sign, ...]
    grid: list[list[Sign | None]]
    gate: Sign | None
    may_fail: bool
    annexe: "Enclosure | None" = None

    @property
    def motto(self) -> str:
        return fail_at(self.may_fail, self.number, f"motto {self.number}")

    @property
    def exits(self) -> list[Sign]:
        return fail_at(self.may_fail, self.number + 1, [Sign("exit", 2_000), Sign("way out", 2**31 + self.number)])


def fail_at(may_fail: bool, number: int, value: Any) -> Any:
    if may_fail and number % 3 == 0:
        raise Fault(f"property of {number}")
    return value


@dataclass(frozen=True)
class Faults:
    """Which fields fail, the same ones in every run: about `rate` in a hundred. 0 strikes none."""

    seed: int = 0
    rate: int = 0

    def strikes(self, coordinate: str, number: int) -> int | None:
        """0 to 2 where the field of this parent fails: how."""
        if not self.rate:
            return None
        dice = crc32(f"{self.seed} {coordinate} {number}".encode())
        return dice // 100 % 3 if dice % 100 < self.rate else None


@dataclass
class Visit:
    """The context of one operation. Every asynchronous field waits for a few turns of the loop, the same each time."""

    faults: Faults = field(default_factory=Faults)
    is_member: bool = True
    calls: int = 0
    keepers: "KeeperLoader" = field(init=False)

    def __post_init__(self) -> None:
        self.keepers = KeeperLoader(self)

    def spoil(self, coordinate: str, number: int, value: Any) -> Any:
        """The value, or what stands in its place when the field fails: an exception, raised or as a value, or None."""
        self.calls += 1
        how = self.faults.strikes(coordinate, number)
        if how is None:
            return value
        if how == 0:
            raise Fault(f"{coordinate} of {number}")
        return None if how == 1 else Fault(f"{coordinate} of {number} as a value")

    async def bring(self, coordinate: str, number: int, value: Any) -> Any:
        """The same, some turns of the loop later."""
        for _ in range(crc32(f"{coordinate} {number}".encode()) % 4):
            await asyncio.sleep(0)
        return self.spoil(coordinate, number, value)


@dataclass
class KeeperRecord:
    """Nobody declared it."""

    number: int
    name: str


class KeeperLoader(DataLoader[int, Any]):
    """Several fields may hold the same future."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._visit = visit

    async def batch_load_fn(self, keys: list[int]) -> list[Any]:
        await asyncio.sleep(0)
        return [self._make(key) for key in keys]

    def _make(self, key: int) -> Any:
        try:
            return self._visit.spoil("loader", key, KeeperRecord(key, f"Keeper {key}"))
        except Fault as fault:
            return fault


def make_tortoise(number: int, may_fail: bool = False) -> Tortoise:
    return Tortoise(
        number=number,
        name=f"Tortoise {number}",
        speed=number / 4,
        diet=Diet.PLANTS if number % 2 else Diet.BOTH,
        is_awake=number % 2 == 0,
        nickname=None if number % 3 else "Shelly",
        may_fail=may_fail,
    )


def make_enclosure(number: int, may_fail: bool = False, *, has_annexe: bool = True) -> Enclosure:
    sign = Sign(f"sign {number}", number, Climate.COLD if number % 2 else None, ("red", "green")[: number % 3])
    return Enclosure(
        number=number,
        name=f"Enclosure {number}",
        area=float("inf") if number == 4 else number * 1.5,
        climate=Climate.WARM,
        is_open=number % 2 == 1,
        capacity=None if number % 2 else 2**31 if number == 6 else number,
        signs=(sign, Mended("mended", number)) if number % 2 else (sign,),
        grid=[[sign, None], [], [Sign("corner", -1)]],
        gate=sign if number % 2 else None,
        may_fail=may_fail,
        annexe=make_enclosure(number + 1, may_fail, has_annexe=False) if has_annexe and number % 2 else None,
    )


def count_down(number: int) -> Iterator[int]:
    """An iterator that can be read once."""
    yield from range(number, 0, -1)


def weigh(number: int) -> Decimal:
    return Decimal(number) / 8
