"""What is said of a plan: what of it is kept or shared, what is not, and why."""

from typing import Any

import msgspec
import pytest
import strawberry
from graphql import parse

from bff.execution import FragmentCache, PlanCache, shows
from bff.execution.explain import explain
from bff.execution.generator import generate
from tests.unit.execution.comparison import Differential
from tests.unit.execution.museum import build_museum

MUSEUM = build_museum()
NAMELESS = "not kept: its type names nothing that identifies a value"
AROUND = "called as graphql-core calls it, with what stands around it"
ON_REQUEST = "for every request, within what is kept"
UNDECLARED = f"{ON_REQUEST}: it does not say what it reads"
WHO = "nobody declared its classes"


def tell(text: str, schema: strawberry.Schema = MUSEUM, *, keeps: bool = True) -> list[str]:
    """The lines below the first."""
    differential = Differential(schema, PlanCache(), fragments=FragmentCache() if keeps else None)
    executor = differential.compiled.build(schema._schema, parse(text))
    assert not isinstance(executor, list), executor
    return [line.strip() for line in explain(executor)][1:]


def test_what_is_kept_says_by_what_and_what_of_it_is_not() -> None:
    assert tell("{ artists { name isFollowed } }") == [
        f"artists  -- {AROUND}",
        "on Artist  -- kept by id, reads nothing",
        "name",
        f"isFollowed  -- called for each parent, {UNDECLARED}",
    ]


def test_a_list_that_comes_again_is_said_to_be_kept_whole() -> None:
    assert tell("{ tour { number stops { number ticket work { price { currency } } } } }") == [
        f"tour  -- {AROUND}",
        f"on Tour  -- {NAMELESS}",
        "number",
        "stops  -- kept as a whole list, reads region",
        "on Exhibit",
        "number",
        f"ticket  -- called for each parent, {UNDECLARED}",
        "work",
        *(
            line
            for kind in ("Sculpture", "Painting")
            for line in (
                f"on {kind}  -- kept by id, reads region",
                "price  -- called for each parent",
                "on Price",
                "currency",
            )
        ),
    ]


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ("artists { isFollowed }", "on Artist  -- not kept: every field belongs to the request"),
        ("works { id owner { name } }", f"owner  -- called for each parent, {UNDECLARED}, looked at one by one: {WHO}"),
        ("works { id subject { __typename } }", f"subject  -- called for each parent, {ON_REQUEST}: {WHO}"),
        (
            "works { id secret }",
            f"secret  -- {AROUND}, {ON_REQUEST}: something stands around it",
        ),
    ],
)
def test_what_is_not_kept_says_why(selection: str, told: str) -> None:
    assert told in tell(f"{{ {selection} }}")


def test_what_stands_too_deep_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(generate.__globals__, "_MAX_DEPTH", 2)
    assert "stops  -- looked at one by one: it stands too deep" in tell("{ tour { stops { number } } }")


class Shelf(msgspec.Struct, frozen=True):
    id: str
    vase: Any


@strawberry.type
class Vase:
    colour: str


@strawberry.type
@shows(Shelf, cached_by="id", kept_in_lists=True)
class ShelfView:
    id: str
    vase: Vase


@strawberry.type
class Store:
    @strawberry.field
    @staticmethod
    def shelves() -> list[ShelfView]:
        return []


def test_what_has_an_attribute_of_classes_that_nobody_declared_is_not_kept() -> None:
    store = strawberry.Schema(query=Store)
    assert tell("{ shelves { id vase { colour } } }", store) == [
        f"shelves  -- called for each parent, not kept as a list: in it, {WHO}",
        f"on ShelfView  -- not kept: vase, {WHO}",
        "id",
        f"vase  -- looked at one by one: {WHO}",
    ]
    assert tell("{ shelves { id vase { colour } } }", store, keeps=False)[0] == (
        "shelves  -- called for each parent, not shared: nobody declared the classes of vase"
    )


def test_without_fragments_lists_are_said_to_be_shared_or_why_not() -> None:
    liked = tell("{ exhibits { number work { name isLiked visits } } }", keeps=False)
    assert liked[0] == f"exhibits  -- {AROUND}, one list for all answers whose fields give the same, reads nothing"
    assert not any("not kept" in line for line in liked)
    for field, why in {
        "ticket": "ticket is not called once for all parents",
        "work { distance }": "distance is not called once for all parents",
        "work { subject { __typename } }": "subject is not called once for all parents",
    }.items():
        assert f"exhibits  -- {AROUND}, not shared: {why}" == tell(f"{{ exhibits {{ {field} }} }}", keeps=False)[0]
