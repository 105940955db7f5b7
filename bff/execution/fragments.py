"""Parts of answers that do not depend on who asks, kept as JSON in one bounded cache, least recently used out first.

A fragment is one value of a type that `shows` declared to be cacheable, or one `KeptList`, at one position of one plan,
for one set of variables and of what its fields say that they read. Fields that say nothing are holes in it, computed
for every request, so that forgetting to declare a field costs time and never leaks.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple, Protocol

import orjson

from bff.execution.plan import FieldPlan
from bff.execution.writing import MARK, MARK_BYTES, KeptText, Written, keep_text, write_data

_numbers = count(1)


class ReadsContext(Protocol):
    """What an operation's context must offer for its fragments to be kept."""

    def read_for_fragments(self, reads: tuple[str, ...]) -> Hashable:
        """The present values of what was declared to be read, as a key."""
        ...


class KeptList(tuple[Any, ...]):
    """A list that comes again as the very same object, of values that never change: its JSON may be kept."""

    number: int

    def __new__(cls, items: Iterable[Any]) -> "KeptList":
        kept = super().__new__(cls, items)
        kept.number = next(_numbers)
        return kept


class Hole(dict[str, Any]):
    """Holds one value that belongs to the request, until all is done; it then goes to its place in `target`."""

    __slots__ = ("field", "parent", "target")

    def __init__(self, field: FieldPlan, parent: Any, target: Any) -> None:
        self[field.key] = None
        self.field = field
        self.parent = parent
        self.target = target

    @property
    def value(self) -> Any:
        return self[self.field.key]

    def settle(self) -> None:
        """Put the value in its place."""
        self.target[self.field.key] = self.value

    unfold = settle


class Gap(NamedTuple):
    """Where a fragment lacks a value: the slot of the field, the slot that answers it there, and what it is a field of.

    Knows slots by their numbers alone: what is kept must not keep plans that were given up.
    """

    slot: int
    group: int
    parent: Any


class Group(NamedTuple):
    """The holes of a fragment that one slot answers: the values that they are fields of, and which holes they are.
    `number` counts the fragment's groups.
    """

    number: int
    slot: int
    parents: list[Any]
    places: list[int]


class Fragment:
    """The JSON of one value, cut at its gaps: places of what belongs to each request.

    `value` is the value itself: a fragment holds for this very one and for no later version of it.
    """

    __slots__ = ("_filled", "_filled_with", "gaps", "groups", "pieces", "size", "value", "whole")

    def __init__(self, value: Any, pieces: Sequence[bytes], gaps: Sequence[Gap]) -> None:
        self.value = value
        self.pieces = tuple(pieces)
        self.gaps = tuple(gaps)
        groups: dict[int, Group] = {}
        for place, gap in enumerate(gaps):
            group = groups.setdefault(gap.group, Group(len(groups), gap.group, [], []))
            group.parents.append(gap.parent)
            group.places.append(place)
        self.groups = tuple(groups.values())
        self.whole = keep_text(pieces[0]) if not gaps else None
        self.size = 2 * sum(map(len, pieces)) + 100 * len(gaps) + 500
        self._filled: Written | None = None
        self._filled_with: list[list[Any]] | None = None

    def fill_in(self, values: list[list[Any]]) -> Written:
        """The whole JSON; `values` are completed leaves, a list for each group. Two requests in a row often share
        them, and then the text.
        """
        if self._filled is None or values != self._filled_with:
            texts = [b"null"] * len(self.gaps)
            for group, given in zip(self.groups, values, strict=True):
                for place, value in zip(group.places, given, strict=True):
                    texts[place] = write_value(value)
            self._filled = keep_text(self.join(texts))
            self._filled_with = values
        return self._filled

    def join(self, texts: Sequence[bytes]) -> bytes:
        """The JSON with a text for each gap."""
        parts = [b""] * (2 * len(texts) + 1)
        parts[::2] = self.pieces
        parts[1::2] = texts
        return b"".join(parts)


class Filling:
    """A fragment that was found, while its gaps are filled: by `values`, the good leaves of each group, or each by a
    `Hole`. `slots` are those of its plan.
    """

    __slots__ = ("fragment", "holder", "holes", "key", "slots", "values")

    def __init__(self, fragment: Fragment, slots: Sequence[FieldPlan], holder: Any, key: Any) -> None:
        self.fragment = fragment
        self.slots = slots
        self.holder = holder
        self.key = key
        self.values: list[list[Any]] = [[]] * len(fragment.groups)
        self.holes: dict[int, Hole] = {}

    def open_holes(self, group: Group) -> list[Hole]:
        """A place for each value of a group that is not known to hold nothing but good leaves."""
        gaps = self.fragment.gaps
        opened = [Hole(self.slots[gaps[place].slot], gaps[place].parent, None) for place in group.places]
        self.holes.update(zip(group.places, opened, strict=True))
        return opened

    def settle(self) -> None:
        """Put the JSON in its place."""
        if self.holes:
            texts = [write_value(value) for value in self._list_values()]
            self.holder[self.key] = keep_text(self.fragment.join(texts))
        else:
            self.holder[self.key] = self.fragment.fill_in(self.values)

    def unfold(self) -> None:
        """Put the data in its place instead, where errors find their paths."""
        texts = [f'"{MARK}{place}"'.encode() for place in range(len(self.fragment.gaps))]
        data = orjson.loads(self.fragment.join(texts))
        values = self._list_values()
        for target, key, place in list(_find_marks(data)):
            target[key] = values[place]
            hole = self.holes.get(place)
            if hole is not None:
                hole.target = target
        self.holder[self.key] = data
        if type(self.holder) is Hole:
            self.holder.settle()

    def _list_values(self) -> list[Any]:
        values: list[Any] = [None] * len(self.fragment.gaps)
        for group, given in zip(self.fragment.groups, self.values, strict=True):
            for place, value in zip(group.places, given, strict=False):
                values[place] = value
        for place, hole in self.holes.items():
            values[place] = hole.value
        return values


def _find_marks(data: Any) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Where the marks of holes stand in unfolded data, and which they are."""
    stack = [data]
    while stack:
        container = stack.pop()
        if isinstance(container, list):
            stack += [item for item in container if isinstance(item, dict | list)]
            continue
        for key, item in container.items():
            if isinstance(item, dict | list):
                stack.append(item)
            elif isinstance(item, str) and item.startswith(MARK):
                yield container, key, int(item[len(MARK) :])


def write_value(value: Any) -> bytes:
    if value is True:
        return b"true"
    if value is False:
        return b"false"
    return b"null" if value is None else write_data(value)


class FragmentCache:
    """One a schema; `capacity` in bytes. Counts what was found and what was not."""

    def __init__(self, *, capacity: int = 64 * 1024 * 1024) -> None:
        self.hits = 0
        self.misses = 0
        self.size = 0
        self._capacity = capacity
        self._fragments: OrderedDict[tuple[int, Hashable], Fragment] = OrderedDict()
        self._tokens: OrderedDict[Hashable, int] = OrderedDict()
        self._next_token = 0

    def __len__(self) -> int:
        return len(self._fragments)

    def find_token(self, key: Hashable) -> int:
        """A small number for a long key, the same as long as it is in use."""
        token = self._tokens.get(key)
        if token is None:
            token = self._tokens[key] = self._next_token
            self._next_token += 1
            if len(self._tokens) > 10_000:
                self._tokens.popitem(last=False)
        else:
            self._tokens.move_to_end(key)
        return token

    def find(self, token: int, identity: Hashable, value: Any) -> Fragment | None:
        entry = (token, identity)
        fragment = self._fragments.get(entry)
        if fragment is None or fragment.value is not value:
            self.misses += 1
            return None
        self._fragments.move_to_end(entry)
        self.hits += 1
        return fragment

    def keep(self, token: int, identity: Hashable, fragment: Fragment) -> None:
        entry = (token, identity)
        held = self._fragments.pop(entry, None)
        if held is not None:
            self.size -= held.size
        self._fragments[entry] = fragment
        self.size += fragment.size
        while self.size > self._capacity:
            _, evicted = self._fragments.popitem(last=False)
            self.size -= evicted.size


def cut_fragment(value: Any, data: Any) -> Fragment | None:
    """Turn a completed value into a fragment, before its holes are settled; None for data that JSON does not hold as
    it is.
    """
    gaps: list[Gap] = []

    def mark(item: object) -> orjson.Fragment:
        if type(item) is Hole:
            assert item.field.slot is not None  # noqa: S101 - what is no attribute is called
            gaps.append(Gap(item.field.slot, item.field.group, item.parent))
            return orjson.Fragment(MARK_BYTES)
        if type(item) is Filling:
            gaps.extend(item.fragment.gaps)
            return orjson.Fragment(MARK_BYTES.join(item.fragment.pieces))
        if type(item) is KeptText:
            return orjson.Fragment(item.text)
        raise TypeError

    try:
        text = orjson.dumps(data, default=mark, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        return None
    return Fragment(value, text.split(MARK_BYTES), gaps)
