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
_PATIENCE = 100_000
"""Values that were compared before it is judged whether that pays."""


class SharedGroup(NamedTuple):
    """The values of one field within a list: of what, in which dicts by which key, and what it gave."""

    slot: int
    key: str
    parents: list[Any]
    holders: list[Any]
    values: list[Any]


class SharedList:
    """The data of one `KeptList`; never changed once others have it. `paths` lead to the dicts of its groups, by their
    identity; `size` counts the values of its groups.
    """

    __slots__ = ("data", "groups", "paths", "size")

    def __init__(self, data: list[Any], groups: Sequence[SharedGroup]) -> None:
        self.data = data
        self.groups = tuple(groups)
        self.size = sum(len(group.values) for group in groups)
        self.paths: dict[int, tuple[Any, ...]] = {}
        _find_paths(data, {id(holder) for group in groups for holder in group.holders}, (), self.paths)


class SharedLists:
    """What one place of a plan keeps, by what its fields say that they read: for others they would give something else
    every time. Where most of what is shared must be copied nevertheless, it gives up: `shared` counts values, `copied`
    those among them that differed.
    """

    __slots__ = ("_by_present", "copied", "reads", "shared")

    def __init__(self, reads: tuple[str, ...]) -> None:
        self.reads = reads
        self._by_present: dict[Any, KeptData] = {}
        self.shared = self.copied = 0

    def open(self, context: Any) -> KeptData:
        """What is kept for requests like this one."""
        present = context.read_for_fragments(self.reads) if self.reads else None
        kept = self._by_present.get(present)
        if kept is None:
            if len(self._by_present) >= _MOST_PRESENT:
                self._by_present.clear()
            kept = self._by_present[present] = KeptData()
        return kept

    @property
    def is_vain(self) -> bool:
        return self.shared > _PATIENCE and 2 * self.copied > self.shared


class Sharing:
    """The use of a shared list in one answer, where it stands in `holder[key]`."""

    __slots__ = ("_copies", "_holder", "_key", "_list", "_lists")

    def __init__(self, lists: SharedLists, shared: SharedList, holder: Any, key: Any) -> None:
        self._lists = lists
        self._list = shared
        self._holder = holder
        self._key = key
        self._copies: dict[int, Any] = {}
        lists.shared += shared.size

    def compare(self, group: SharedGroup, values: list[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """Where values go that are not those of the group, and these values."""
        if values == group.values:
            return (), ()
        pairs = enumerate(zip(values, group.values, strict=True))
        places = [place for place, (value, kept) in pairs if value is not kept and value != kept]
        self._lists.copied += len(places)
        return [self._open(group.holders[place], group.key) for place in places], [values[place] for place in places]

    def open_holes(self, group: SharedGroup) -> list[Any]:
        """Where values go that are to be completed one by one."""
        return [self._open(holder, group.key) for holder in group.holders]

    def _open(self, holder: Any, key: str) -> Any:
        """The copy of a dict, which takes its place together with copies of all that leads to it."""
        original: Any = self._list.data
        copy: Any = self._copies.get(id(original))
        if copy is None:
            copy = self._copies[id(original)] = self._holder[self._key] = original.copy()
        for step in self._list.paths[id(holder)]:
            original = original[step]
            inner = self._copies.get(id(original))
            if inner is None:
                inner = self._copies[id(original)] = copy[step] = original.copy()
            copy = inner
        copy[key] = None  # as it stands in what is built anew
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
        shared = SharedList(self.data, groups)
        self.kept.keep(self.value, shared, weight=shared.size)


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


def _find_paths(data: Any, holders: set[int], path: tuple[Any, ...], paths: dict[int, tuple[Any, ...]]) -> None:
    if id(data) in holders:
        paths[id(data)] = path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, dict | list):
            _find_paths(value, holders, (*path, key), paths)
