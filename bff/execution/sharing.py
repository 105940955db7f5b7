"""Whole lists of data that requests share. All fields are called for each of them; where these gave what they gave when
the list was built, nothing of it is built again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bff.execution.kept_data import KeptData
from bff.execution.models import is_kept_in_lists, read_leaf
from bff.execution.plan import FieldPlan, Plan
from bff.execution.positions import Kind, Position
from bff.execution.sources import Source
from bff.execution.survey import READS, is_read_whole

_MOST_PRESENT = 16
_PATIENCE = 8


class SharedGroup(NamedTuple):
    """The values of one field within a list: of what, in which dicts by which key, and what it gave."""

    slot: int
    key: str
    parents: list[Any]
    holders: list[Any]
    values: list[Any]


class SharedList:
    """The data of one `KeptList`; never changed once others have it. `inner` are the containers that lead to what was
    called. `uses` and `differences` count who wanted it, and for whom it had to be copied.
    """

    __slots__ = ("data", "differences", "groups", "inner", "uses")

    def __init__(self, data: list[Any], groups: Sequence[SharedGroup]) -> None:
        self.data = data
        self.groups = tuple(groups)
        self.inner: set[int] = set()
        self.uses = self.differences = 0
        _find_inner(data, {id(holder) for group in groups for holder in group.holders}, self.inner)

    @property
    def is_odd(self) -> bool:
        """Whether it differs for most: another one may stand for them better."""
        return self.differences > _PATIENCE and 2 * self.differences > self.uses


class SharedLists:
    """What one place of a plan keeps, by what its fields say that they read: for others they would give something else
    every time.
    """

    __slots__ = ("_by_present", "reads")

    def __init__(self, reads: tuple[str, ...]) -> None:
        self.reads = reads
        self._by_present: dict[Any, KeptData] = {}

    def open(self, context: Any) -> KeptData:
        """What is kept for requests like this one."""
        present = context.read_for_fragments(self.reads) if self.reads else None
        kept = self._by_present.get(present)
        if kept is None:
            if len(self._by_present) >= _MOST_PRESENT:
                self._by_present.clear()
            kept = self._by_present[present] = KeptData()
        return kept


class Sharing:
    """The use of a shared list in one answer, where it stands in `holder[key]`."""

    __slots__ = ("_copies", "_holder", "_key", "_list")

    def __init__(self, shared: SharedList, holder: Any, key: Any) -> None:
        self._list = shared
        self._holder = holder
        self._key = key
        self._copies: dict[int, Any] = {}
        shared.uses += 1

    def accept(self, group: SharedGroup, values: list[Any], leaves: object, start: int) -> bool:
        """Whether the values from this place on are those of the group."""
        del leaves
        return values[start : start + len(group.parents)] == group.values

    def open_holes(self, group: SharedGroup) -> list[Any]:
        """Where values go that are not those of the group: into a copy, which takes the place of the list."""
        if not self._copies:
            self._list.differences += 1
            self._holder[self._key] = self._copy(self._list.data)
        opened = [self._copies[id(holder)] for holder in group.holders]
        for copy in opened:
            copy[group.key] = None  # as it stands in what is built anew
        return opened

    def _copy(self, data: Any) -> Any:
        inner = self._list.inner
        copy = self._copies[id(data)] = data.copy()
        for key, value in copy.items() if type(copy) is dict else enumerate(copy):
            if id(value) in inner:
                copy[key] = self._copy(value)
        return copy


class Noted(NamedTuple):
    """A list that was built, and may be shared when all is done; `queued` are the slots, parents and holders of what is
    called below it.
    """

    kept: KeptData
    value: Any
    data: list[Any]
    queued: tuple[tuple[Sequence[int], list[Any], list[Any]], ...]

    def keep(self, fields: Sequence[FieldPlan], given: dict[int, dict[int, Any]]) -> None:
        """`given` has by slot what was given for each holder; what had to be waited for is missing. `fields` are those
        of the slots.
        """
        groups = []
        for slots, parents, holders in self.queued:
            for slot in slots:
                values = given.get(slot, {})
                if not all(id(holder) in values for holder in holders):
                    return
                given_here = [values[id(holder)] for holder in holders]
                groups.append(SharedGroup(slot, fields[slot].key, parents, holders, given_here))
        self.kept.keep(self.value, SharedList(self.data, groups), weight=sum(len(group.holders) for group in groups))


def plan_shared_lists(plan: Plan, items: Position) -> SharedLists | None:
    """How to share lists whose items stand at this place; None where not all that is called below can be compared."""
    if plan.may_cache or not any(is_kept_in_lists(object_type) for object_type in items.models.values()):
        return None
    reads: set[str] = set()
    return SharedLists(tuple(sorted(reads))) if _can_compare(items, reads) else None


def _can_compare(position: Position, reads: set[str]) -> bool:
    """Adds to `reads` what the fields say that they read."""
    if position.kind is Kind.LEAF:
        return True
    if position.item is not None:
        return _can_compare(position.item, reads)
    selections = [position.select(object_type) for object_type in position.models.values()]
    return bool(selections) and all(_can_compare_field(field, reads) for each in selections for field in each.fields)


def _can_compare_field(field: FieldPlan, reads: set[str]) -> bool:
    """Values that are equal must make the same data; so only well-known leaves, and what never changes."""
    if field.slot is None:
        return _can_compare(field.position, reads)
    if field.source is not Source.BATCH or field.strawberry_field is None:
        return False
    reads |= field.strawberry_field.metadata.get(READS, frozenset())
    if getattr(field.resolver, "gives_kept", False):
        return is_read_whole(field.position)
    leaf = read_leaf(field.position.type) if field.position.kind is Kind.LEAF else None
    return leaf is not None and leaf.model is not float


def _find_inner(data: Any, holders: set[int], inner: set[int]) -> bool:
    """Adds the containers that are holders, or lead to some."""
    values = data.values() if isinstance(data, dict) else data
    # All of them are looked at: `any` would stop at the first.
    leads = [_find_inner(value, holders, inner) for value in values if isinstance(value, dict | list)]
    if id(data) in holders or any(leads):
        inner.add(id(data))
        return True
    return False
