"""A schema whose values may be kept: works that show the same to all, with what belongs to each visitor in between."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, NewType, Optional

import hypothesis.strategies as st
import strawberry
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from bff.execution import READS, batched, shows
from tests.unit.execution import museum_models as models
from tests.unit.execution.museum_models import Mood, Reads, Visit, judge, spoil, wait

Info = strawberry.Info[Visit, None]
Json = NewType("Json", object)
SCALARS: dict[object, Any] = {
    Json: strawberry.scalar(name="Json", serialize=lambda value: value, parse_value=lambda value: value)
}
VALUES = {
    "number": st.integers(0, 4),
    "first": st.integers(1, 4),
    "Json": st.sampled_from([1, True, "1", 1.0, None, {"a": [True]}]),
}
"""What operations may hand to arguments of these names and types."""


def field(resolver: Callable[..., Any], *, reads: Iterable[Reads] | None = None, **settings: Any) -> Any:
    """`reads` is all that the value depends on; without it the value belongs to the visitor."""
    metadata = {} if reads is None else {READS: frozenset(reads)}
    return strawberry.field(resolver=resolver, metadata=metadata, **settings)


class IsFriend(BasePermission):
    message = "friends only"

    def has_permission(self, _source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        return bool(info.context.name != "Cy")


def write_label(root: strawberry.Parent[models.Work], info: Info, size: int | None = None, prefix: str = "") -> str:
    label = f"{prefix}{root.name} [{info.context.language}]"
    return spoil(root.faults, f"label {info.context.language} {size}", root.number, label[: size or 99])


def get_price(root: strawberry.Parent[models.Work], info: Info) -> Optional["Price"]:
    price = models.Price(root.number / 4, f"{info.context.region}D")
    return spoil(root.faults, f"price {info.context.region}", root.number, price)


async def tell_origin(root: strawberry.Parent[models.Work], info: Info) -> str | None:
    await wait("origin", root.number)
    where = f"{info.context.region} {info.context.language}"
    return spoil(root.faults, f"origin {where}", root.number, f"{root.name} of {where}")


def echo(value: Json | None = None) -> Json | None:
    return value


def write_scale(scale: float = 1.0) -> str:
    return repr(scale)


def find_subject(root: strawberry.Parent[models.Work], info: Info) -> Optional["Thing"]:
    return make_thing(info.context.museum, root.number)


def find_topic(root: strawberry.Parent[models.Work], info: Info) -> "Topic":
    museum = info.context.museum
    topic = museum.works[(root.number + 1) % 8 // 4 * 4] if root.number % 2 else museum.artists[root.number % 3]
    return spoil(root.faults, "topic", root.number, topic)


def list_details(root: strawberry.Parent[models.Work], info: Info) -> list[Optional["Work"]]:
    works = info.context.museum.works
    return spoil(root.faults, "details", root.number, [works[(root.number + 1) % 8], None])


@batched
def find_likes(roots: Sequence[models.Work], info: Info) -> Sequence[bool | None]:
    visit = info.context
    return [judge(visit.faults, f"{visit.name} isLiked", root.number, visit.likes(root)) for root in roots]


@batched
async def load_ranks(roots: Sequence[models.Work], info: Info, base: int = 0) -> Sequence[int | None]:
    visit = info.context
    await wait("rank", len(visit.name))
    return [judge(visit.faults, f"{visit.name} rank", root.number, base + root.number + visit.number) for root in roots]


@batched
def count_visits(roots: Sequence[models.Work], info: Info) -> Sequence[int]:
    """Not null; what a visitor with faults broke is."""
    visit = info.context
    if visit.faults.strikes("all visits", 0) is not None:
        raise models.Fault("nobody counted")
    return [judge(visit.faults, f"{visit.name} visits", root.number, visit.number * root.number) for root in roots]


def write_note(root: strawberry.Parent[models.Work], info: Info, prefix: str | None = None) -> str | None:
    return info.context.spoil("note", root.number, f'{prefix}: "{info.context.name}"\\ \n é {root.number}')


def find_mood(root: strawberry.Parent[models.Work], info: Info) -> Mood:
    return info.context.spoil("mood", root.number, list(Mood)[(root.number + info.context.number) % 2])


def measure_distance(root: strawberry.Parent[models.Work], info: Info) -> float | None:
    return info.context.spoil("distance", root.number, -0.0 if info.context.number % 2 else 0.0)


def find_owner(root: strawberry.Parent[models.Work], info: Info) -> "Person":
    return info.context.spoil("owner", root.number, Person(name=f"{info.context.name} owns {root.number}"))


async def list_similar(root: strawberry.Parent[models.Work], info: Info, first: int = 2) -> list["Work"] | None:
    works = info.context.museum.works
    found = [works[(root.number + info.context.number + step) % 8] for step in range(first)]
    return await info.context.bring("similar", root.number, found)


def list_nearby(root: strawberry.Parent[models.Work], info: Info) -> list["Exhibit"]:
    return info.context.museum.halls[(root.number + info.context.number) % 4].exhibits  # type: ignore[return-value]


@strawberry.type
class Person:
    """Nobody declared its values."""

    name: str

    @strawberry.field
    def greeting(self, info: Info) -> str:
        return info.context.spoil("greeting", len(self.name), f"{self.name} greets {info.context.name}")

    @strawberry.field
    def favourite(self, info: Info) -> Optional["Work"]:
        return info.context.museum.works[info.context.number]  # type: ignore[return-value]


@strawberry.type
@shows(models.Artist, cached_by="id")
class Artist:
    id: strawberry.ID
    name: str
    born: int | None

    @strawberry.field
    @staticmethod
    def is_followed(root: strawberry.Parent[models.Artist], info: Info) -> bool:
        return info.context.spoil("isFollowed", root.number, (root.number + info.context.number) % 2 == 0)


@strawberry.type
@shows(models.Frame)
class Frame:
    material: str
    is_gilded: bool

    @strawberry.field
    @staticmethod
    def offer(root: strawberry.Parent[models.Frame], info: Info) -> str:
        return info.context.spoil("offer", root.number, f"{info.context.name} gives {root.number}")

    @strawberry.field
    @staticmethod
    async def bid(root: strawberry.Parent[models.Frame], info: Info) -> int | None:
        return await info.context.bring("bid", root.number, info.context.number)


@strawberry.type
@shows(models.Price)
class Price:
    amount: float
    currency: str


@strawberry.interface
class Work:
    id: strawberry.ID
    name: str
    year: int | None
    mood: Mood
    tags: list[str]
    artist: Artist
    label: str = field(write_label, reads=[Reads.LANGUAGE])
    price: Price | None = field(get_price, reads=[Reads.REGION])
    origin: str | None = field(tell_origin, reads=[Reads.REGION, Reads.LANGUAGE])
    echo: Json | None = field(echo, reads=[])
    scale: str = field(write_scale, reads=[])
    subject: Optional["Thing"] = field(find_subject, reads=[])
    topic: "Topic" = field(find_topic, reads=[])
    details: list[Optional["Work"]] = field(list_details, reads=[])
    secret: str = field(write_label, reads=[Reads.LANGUAGE], permission_classes=[IsFriend])
    is_liked: bool | None = field(find_likes)
    rank: int | None = field(load_ranks)
    visits: int = field(count_visits)
    note: str | None = field(write_note)
    own_mood: Mood = field(find_mood)
    distance: float | None = field(measure_distance)
    owner: Person = field(find_owner)
    similar: list["Work"] | None = field(list_similar)
    nearby: list["Exhibit"] = field(list_nearby)


@strawberry.type
@shows(models.Painting, cached_by="id")
class Painting(Work):
    frame: Frame | None
    layers: list[list[Frame | None]]


@strawberry.type
@shows(models.Sculpture, cached_by="id")
class Sculpture(Work):
    weight: float
    studies: list[Painting]


Topic = Annotated[Painting | Artist, strawberry.union("Topic")]
Thing = Annotated[Painting | Artist | Person, strawberry.union("Thing")]


@strawberry.type
@shows(models.Exhibit, kept_in_lists=True)
class Exhibit:
    number: int
    work: Work

    @strawberry.field
    @staticmethod
    def ticket(root: strawberry.Parent[models.Exhibit], info: Info) -> int:
        return info.context.spoil("ticket", root.number, info.context.number * 10 + root.number)


@strawberry.type
@shows(models.Hall, cached_by="id")
class Hall:
    id: strawberry.ID
    name: str
    exhibits: list[Exhibit]

    @strawberry.field
    @staticmethod
    def guide(root: strawberry.Parent[models.Hall], info: Info) -> str | None:
        return info.context.spoil("guide", root.number, f"{info.context.name} in {root.name}")


@strawberry.type
@shows(models.Tour)
class Tour:
    number: int
    stops: list[Exhibit]
    halls: list[Hall]


def make_thing(museum: models.Museum, number: int) -> Any:
    if number % 3 == 2:
        return Person(name=f"Person {number} v{museum.version}")
    return museum.artists[number % 3] if number % 3 else museum.works[number % 3]


@strawberry.type
class Query:
    @strawberry.field
    def works(self, info: Info, first: int = 4) -> list[Work]:
        return list(info.context.museum.works[:first])  # type: ignore[arg-type]

    @strawberry.field
    async def work(self, info: Info, number: int = 1) -> Work | None:
        return await info.context.bring("Query.work", number, info.context.museum.works[number])

    @strawberry.field
    def halls(self, info: Info) -> list[Hall] | None:
        return info.context.spoil("Query.halls", 0, list(info.context.museum.halls))

    @strawberry.field
    def exhibits(self, info: Info, number: int = 0) -> list[Exhibit] | None:
        return info.context.museum.halls[number % 4].exhibits  # type: ignore[return-value]

    @strawberry.field
    async def tour(self, info: Info, number: int = 2) -> Tour:
        halls = info.context.museum.halls
        found = models.Tour(info.context.number, halls[number % 4].exhibits, halls[: number + 1])
        return await info.context.bring("Query.tour", number, found)

    @strawberry.field
    def things(self, info: Info) -> list[Thing | None]:
        return [*(make_thing(info.context.museum, number) for number in range(4)), None]

    @strawberry.field
    def artists(self, info: Info) -> list[Artist]:
        return list(info.context.museum.artists)  # type: ignore[arg-type]


def build_museum() -> strawberry.Schema:
    return strawberry.Schema(query=Query, types=[Sculpture], config=StrawberryConfig(scalar_map=SCALARS))
