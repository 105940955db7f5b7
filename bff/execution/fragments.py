"""Parts of answers that do not depend on who asks, kept as JSON in one bounded cache, least recently used out first.

A fragment is one value of a type that `shows` declared to be cacheable, at one position of one plan, for one set of
variables and of what its fields say that they read. Fields that say nothing are computed for every request and spliced
in, so that forgetting to declare a field costs time and never leaks.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

NO_READS: frozenset[str] = frozenset()


class ReadsContext(Protocol):
    """What an operation's context must offer for its fragments to be kept."""

    def read_for_fragments(self, reads: frozenset[str]) -> Hashable:
        """The present values of what was declared to be read, as a key."""
        ...


class Fragment:
    """The JSON of one value, cut at the keys that are computed for each request.

    `value` is the value itself: a fragment holds for this very one and for no later version of it.
    """

    __slots__ = ("keys", "pieces", "size", "value", "whole")

    def __init__(self, value: Any, pieces: Sequence[bytes], keys: Sequence[str]) -> None:
        self.value = value
        self.keys = tuple(keys)
        self.pieces = tuple(pieces)
        self.whole = orjson.Fragment(pieces[0]) if not keys else None
        self.size = sum(map(len, pieces)) + 200

    def fill_in(self, computed: dict[str, Any]) -> orjson.Fragment:
        """The whole JSON, with what was computed for this request."""
        parts = [self.pieces[0]]
        for key, piece in zip(self.keys, self.pieces[1:], strict=True):
            value = computed[key]
            parts.append(_CONSTANTS[value] if value is None or value is True or value is False else orjson.dumps(value))
            parts.append(piece)
        return orjson.Fragment(b"".join(parts))


_CONSTANTS = {None: b"null", True: b"true", False: b"false"}


class Entry(NamedTuple):
    """Where a fragment is kept."""

    token: int
    identity: str


class FragmentCache:
    """One a schema; `capacity` in bytes. Counts what was found and what was not."""

    def __init__(self, *, capacity: int = 64 * 1024 * 1024) -> None:
        self.hits = 0
        self.misses = 0
        self.size = 0
        self._capacity = capacity
        self._fragments: OrderedDict[Entry, Fragment] = OrderedDict()
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

    def find(self, token: int, identity: str, value: Any) -> Fragment | None:
        entry = Entry(token, identity)
        fragment = self._fragments.get(entry)
        if fragment is None or fragment.value is not value:
            self.misses += 1
            return None
        self._fragments.move_to_end(entry)
        self.hits += 1
        return fragment

    def keep(self, token: int, identity: str, fragment: Fragment) -> None:
        entry = Entry(token, identity)
        held = self._fragments.pop(entry, None)
        if held is not None:
            self.size -= held.size
        self._fragments[entry] = fragment
        self.size += fragment.size
        while self.size > self._capacity:
            _, evicted = self._fragments.popitem(last=False)
            self.size -= evicted.size


def cut_fragment(value: Any, data: dict[str, Any], computed: Sequence[str]) -> Fragment:
    """Turn a completed value into a fragment; `computed` are its keys that belong to the request, in order."""
    pieces: list[bytes] = []
    text = bytearray(b"{")
    awaited = set(computed)
    for place, (key, item) in enumerate(data.items()):
        text += b"," if place else b""
        text += orjson.dumps(key) + b":"
        if key in awaited:
            pieces.append(bytes(text))
            text = bytearray()
        else:
            text += orjson.dumps(item)
    text += b"}"
    pieces.append(bytes(text))
    return Fragment(value, pieces, computed)
