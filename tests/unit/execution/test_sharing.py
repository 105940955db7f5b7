"""Without fragments, lists of the museum are shared by visitors for whom all fields gave the same, and by no others."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from graphql import parse, validate

from bff.execution import PlanCache, sharing
from bff.execution.building import Building
from bff.execution.sharing import SharedLists, Sharing
from tests.unit.execution.comparison import Differential, share_compiled
from tests.unit.execution.exploring import explore
from tests.unit.execution.museum import build_museum
from tests.unit.execution.museum_models import Museum, Visit
from tests.unit.execution.test_fragments import MakeVisit, list_visits
from tests.unit.execution.zoo_models import Faults

MUSEUM = build_museum()
OF_WORKS = ("__typename", "id", "name", "isLiked", "visits", "liked: isLiked", "artist { id name born }", "tags")
OF_EXHIBITS = ("number", "again: work { visits }", "work { mood ... on Sculpture { weight } isLiked }")
HOME = "{ halls { name exhibits { number work { __typename id name isLiked visits } } } }"


class Uses(list[SharedLists]):
    """All that was made meanwhile."""

    @property
    def shared(self) -> int:
        return sum(lists.shared for lists in self)

    @property
    def copied(self) -> int:
        return sum(lists.copied for lists in self)


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> Uses:
    made = Uses()

    def note(reads: tuple[str, ...]) -> SharedLists:
        made.append(SharedLists(reads))
        return made[-1]

    monkeypatch.setattr(sharing, "SharedLists", note)
    return made


async def check_visits(text: str, visits: list[MakeVisit]) -> Differential:
    """All visitors, there and back. Raises AssertionError where an answer is another than graphql-core's."""
    document = parse(text)
    assert validate(MUSEUM._schema, document) == []
    differential = Differential(MUSEUM, PlanCache(compile_on=1))
    for make_visit in (*visits, *visits[::-1]):
        await differential.check(document, {}, make_visit)
    return differential


async def test_visitors_who_like_the_same_share_and_others_get_a_copy(uses: Uses) -> None:
    await check_visits(HOME, list_visits(Museum(1), Faults()))
    assert 0 < uses.copied < uses.shared


async def test_what_fails_for_one_is_whole_for_the_next(uses: Uses) -> None:
    await check_visits(
        HOME,
        [
            *list_visits(Museum(1), Faults(), Faults(1, 12), Faults(2, 40)),
            *list_visits(Museum(2, Faults(3, 12)), Faults()),
        ],
    )
    assert uses.shared


@pytest.mark.parametrize(
    "below", ["work { rank }", "work { owner { name } }", "work { distance }", "ticket", "work { label }"]
)
async def test_lists_are_not_shared_where_a_field_cannot_be_compared(below: str, uses: Uses) -> None:
    await check_visits(f"{{ halls {{ exhibits {{ number {below} }} }} }}", list_visits(Museum(1), Faults()))
    assert not uses.shared


@pytest.mark.parametrize("rate", [0, 8])
def test_drawn_lists_are_answered_alike(rate: int, uses: Uses) -> None:
    plans = []

    async def check(drawn: tuple[list[str], list[str], int]) -> None:
        works, exhibits, seed = drawn
        below = f"work {{ {' '.join(works)} }} {' '.join(exhibits)}"
        text = f"{{ halls {{ id exhibits {{ {below} }} }} tour {{ stops {{ work {{ visits }} }} }} }}"
        visits = [
            *list_visits(Museum(1), Faults(), Faults(seed, rate)),
            *list_visits(Museum(2, Faults(seed, rate)), Faults()),
        ]
        plans.append((await check_visits(text, visits)).plans)

    some = st.tuples(
        st.lists(st.sampled_from(OF_WORKS), min_size=1, unique=True),
        st.lists(st.sampled_from(OF_EXHIBITS), unique=True),
        st.integers(0, 10_000),
    )
    explore(some, check, examples=15)
    assert all(share_compiled(each) == 1 for each in plans)
    assert uses.shared > 1000


async def test_sharing_ends_where_most_is_copied_nevertheless(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_PATIENCE", 50)
    museum = Museum(1)
    differential = Differential(MUSEUM, PlanCache(compile_on=1))
    document = parse("{ halls { exhibits { work { visits } } } }")
    compared = []
    for number in range(20):
        name = "x" * number
        await differential.check(document, {}, lambda name=name: Visit(name, museum), times=1)
        compared.append(uses.shared)
    assert 50 < compared[-1] == compared[10]


def take_none(*_given: object) -> tuple[tuple[()], tuple[()]]:
    return (), ()


def open_in_place(_sharing: Sharing, holder: Any, key: str) -> Any:
    holder[key] = None
    return holder


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "what is given is not compared": lambda patch: patch.setattr(Sharing, "compare", take_none),
    "what is shared is written over": lambda patch: patch.setattr(Sharing, "_open", open_in_place),
    "what was built by the way is not compared": lambda patch: patch.setattr(
        Building, "detours", property(lambda _self: 0, lambda _self, _count: None), raising=False
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_the_comparison_notices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    with pytest.raises(AssertionError):
        await check_visits(HOME, list_visits(Museum(1), Faults(), Faults(2, 40)))
