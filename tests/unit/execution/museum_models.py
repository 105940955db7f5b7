"""What a museum shows: values that never change, some in lists that come again, and who comes to see them.

A fault of a work is part of the work; a fault of a visitor's own fields is part of the visitor.
"""

import asyncio
import enum
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

import msgspec
import strawberry
from aiodataloader import DataLoader

from bff.execution import KeptList
from tests.unit.execution.zoo_models import Fault, Faults


class Reads(enum.StrEnum):
    """What of a visit a work's fields depend on."""

    LANGUAGE = "language"
    REGION = "region"


@strawberry.enum
class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


class Artist(msgspec.Struct, frozen=True):
    number: int
    name: str
    faults: Faults

    @property
    def id(self) -> str:
        return f"artist-{self.number}"

    @property
    def born(self) -> int | None:
        value: int | None = spoil(self.faults, "Artist.born", self.number, 1600 + self.number)
        return value


class Frame(msgspec.Struct, frozen=True):
    """Has no name, so that none of it is kept but within what holds it."""

    number: int
    material: str
    is_gilded: bool


class Price(msgspec.Struct, frozen=True):
    amount: float
    currency: str


class Work(msgspec.Struct, frozen=True):
    id: str
    number: int
    name: str
    year: int | None
    mood: Mood
    tags: tuple[str, ...]
    artist: Artist
    faults: Faults


class Painting(Work, frozen=True):
    frame: Frame | None
    layers: tuple[tuple[Frame | None, ...], ...]


class Sculpture(Work, frozen=True):
    weight: float
    studies: tuple[Painting, ...]


class Replica(Painting, frozen=True):
    """A painting of a class that nobody declared: it is looked at like any other value."""


class Exhibit(msgspec.Struct, frozen=True):
    number: int
    work: Work


class Hall(msgspec.Struct, frozen=True):
    """`exhibits` is the same list in every answer."""

    id: str
    number: int
    name: str
    exhibits: KeptList
    faults: Faults


class Tour(msgspec.Struct, frozen=True):
    """Made anew for each visit, of lists that are not."""

    number: int
    stops: KeptList
    halls: tuple[Hall, ...]


@dataclass(frozen=True)
class Museum:
    """One version of everything: works of another have the same ids, and are others."""

    version: int
    faults: Faults = field(default_factory=Faults)

    @cached_property
    def artists(self) -> tuple[Artist, ...]:
        return tuple(Artist(number, f"Artist {number} v{self.version}", self.faults) for number in range(3))

    @cached_property
    def works(self) -> tuple[Work, ...]:
        return tuple(self._make_work(number) for number in range(8))

    @cached_property
    def halls(self) -> tuple[Hall, ...]:
        return tuple(
            Hall(
                id=f"hall-{number}",
                number=number,
                name=f"Hall {number} v{self.version}",
                exhibits=KeptList(Exhibit(place, work) for place, work in enumerate(self.works[number : number + 3])),
                faults=self.faults,
            )
            for number in range(4)
        )

    def _make_work(self, number: int) -> Work:
        known: dict[str, Any] = {
            "id": f"work-{number}",
            "number": number,
            "name": f'Work "{number}"\n{{v{self.version}}} é',
            "year": None if number % 3 == 2 else 1900 + number + 100 * self.version,
            "mood": list(Mood)[number % 2],
            "tags": ("old", "big", "")[: number % 4],
            "artist": self.artists[number % 3],
            "faults": self.faults,
        }
        frame = Frame(number, f"wood v{self.version}", number % 2 == 0) if number % 3 else None
        made = Replica if number == 5 else Painting
        painting = made(**known, frame=frame, layers=((frame, None), (), (Frame(number + 50, "gold", True),)))
        if number % 4 != 3:
            return painting
        return Sculpture(**known, weight=number / 4, studies=(painting,))


@dataclass
class Visit:
    """The context of one operation."""

    name: str
    museum: Museum
    region: str = "US"
    language: str = "en"
    faults: Faults = field(default_factory=Faults)
    batches: "dict[Hashable, DataLoader[Any, Any]]" = field(default_factory=dict)

    def read_for_fragments(self, reads: tuple[str, ...]) -> Hashable:
        return tuple(getattr(self, name) for name in reads)

    @property
    def number(self) -> int:
        return crc32(self.name.encode()) % 7

    def likes(self, work: Work) -> bool | None:
        return None if (self.number + work.number) % 5 == 4 else (self.number + work.number) % 2 == 0

    def spoil(self, coordinate: str, number: int, value: Any) -> Any:
        """The value, or what stands in its place when this visitor's field fails."""
        return spoil(self.faults, f"{self.name} {coordinate}", number, value)

    async def bring(self, coordinate: str, number: int, value: Any) -> Any:
        """The same, some turns of the loop later."""
        await wait(coordinate, number)
        return self.spoil(coordinate, number, value)


def spoil(faults: Faults, coordinate: str, number: int, value: Any) -> Any:
    """The value, or what stands in its place when the field fails: an exception, raised or as a value, or None."""
    how = faults.strikes(coordinate, number)
    if how is None:
        return value
    if how == 0:
        raise Fault(f"{coordinate} of {number}")
    return None if how == 1 else Fault(f"{coordinate} of {number} as a value")


def judge(faults: Faults, coordinate: str, number: int, value: Any) -> Any:
    """The same for one of many: what would be raised is a value."""
    try:
        return spoil(faults, coordinate, number, value)
    except Fault as fault:
        return fault


async def wait(coordinate: str, number: int) -> None:
    """Some turns of the loop, the same each time."""
    for _ in range(crc32(f"{coordinate} {number}".encode()) % 4):
        await asyncio.sleep(0)
