"""Whole lists of data that requests share. All fields are called for each of them; where these gave what they gave when
the list was built, nothing of it is built again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bff.execution.kept_data import KeptData
from bff.execution.models import read_leaf
from bff.execution.plan import FieldPlan
from bff.execution.positions import Kind, Position
from bff.execution.sources import Source
from bff.execution.survey import READS, keeps_data, may_be_kept_list

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


def plan_shared_lists(position: Position) -> SharedLists | None:
    """How to share lists at this place; None where not all that is called below can be compared."""
    if position.shared is None and not position.plan.may_cache and may_be_kept_list(position):
        assert position.item is not None  # noqa: S101 - lists have items
        reads: set[str] = set()
        if find_obstacle(position.item, reads) is None:
            position.shared = SharedLists(tuple(sorted(reads)))
    return position.shared


def find_obstacle(position: Position, reads: set[str]) -> str | None:
    """Why not all that is called below a place can be compared, None where it can: values that are equal must make the
    same data, so only well-known leaves do, and what never changes. Adds to `reads` what the fields say that they read.
    """
    if position.kind is Kind.LEAF:
        return None
    if position.item is not None:
        return find_obstacle(position.item, reads)
    if not position.models:
        return f"nobody declared the classes of {position.field.name}"
    fields = [field for object_type in position.models.values() for field in position.select(object_type).fields]
    return next((found for field in fields if (found := _find_obstacle_of(field, reads)) is not None), None)


def _find_obstacle_of(field: FieldPlan, reads: set[str]) -> str | None:
    if field.slot is None:
        return find_obstacle(field.position, reads)
    if field.source is not Source.BATCH or field.strawberry_field is None:
        return f"{field.name} is not called once for all parents"
    reads |= field.strawberry_field.metadata.get(READS, frozenset())
    if getattr(field.resolver, "gives_kept", False):
        return None if keeps_data(field) else f"{field.name} has fields that are called"
    leaf = read_leaf(field.position.type) if field.position.kind is Kind.LEAF else None
    return None if leaf is not None and leaf.model is not float else f"what {field.name} gives cannot be compared"


def _find_paths(data: Any, holders: set[int], path: tuple[Any, ...], paths: dict[int, tuple[Any, ...]]) -> None:
    if id(data) in holders:
        paths[id(data)] = path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, dict | list):
            _find_paths(value, holders, (*path, key), paths)
