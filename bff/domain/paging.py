"""Pages of lists: keyset cursors that survive changes, caps, and the values that connections show."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from bff.errors import BadUserInput

T = TypeVar("T")
Key = tuple[int | float | str, ...]

CARDS_CAP = 75
ROWS_CAP = 40
LIST_CAP = 100

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int | float | str, ...]).decode


class Edge(Struct, Generic[T], frozen=True):
    """`scope` and `key` make the cursor, which few clients ask of every edge."""

    node: T
    scope: str
    key: Key

    @property
    def cursor(self) -> str:
        return encode_cursor(self.scope, self.key)


class PageInfo(Struct, frozen=True):
    """`first` and `last` are the keys of the edges at the ends of the page; None where there are none."""

    has_next_page: bool
    scope: str = ""
    first: Key | None = None
    last: Key | None = None
    has_previous_page: bool = False

    @property
    def start_cursor(self) -> str | None:
        return None if self.first is None else encode_cursor(self.scope, self.first)

    @property
    def end_cursor(self) -> str | None:
        return None if self.last is None else encode_cursor(self.scope, self.last)


class Page(Struct, Generic[T], frozen=True):
    """`total_count` is None where counting would cost a read of its own."""

    edges: tuple[Edge[T], ...]
    page_info: PageInfo
    total_count: int | None = None


def check_first(first: int | None, *, default: int, cap: int) -> int:
    """How many are wanted.

    Raises BadUserInput, naming the cap.
    """
    if first is None:
        return default
    if first < 0:
        raise BadUserInput("`first` must not be negative.")
    if first > cap:
        raise BadUserInput(f"`first` is at most {cap} here; page on with `after`.", limit=cap)
    return first


def check_ids(ids: Sequence[object], name: str = "ids") -> None:
    """Raises BadUserInput for more than a list may hold; `name` is the argument's."""
    if len(ids) > LIST_CAP:
        raise BadUserInput(f"`{name}` holds at most {LIST_CAP}; ask for the rest in another request.", limit=LIST_CAP)


def encode_cursor(scope: str, key: Key) -> str:
    """`scope` names the list and its order, so that a cursor is not taken for one of another list."""
    return _encode((scope, *key)).hex()


def decode_cursor(scope: str, cursor: str) -> Key:
    """The key that `encode_cursor` was given.

    Raises BadUserInput for what is no cursor of this list.
    """
    problem = BadUserInput("`after` is no cursor of this list; use an `endCursor` that this list gave.")
    if len(cursor) > 1024:
        raise problem
    try:
        decoded = _decode(bytes.fromhex(cursor))
    except (ValueError, msgspec.DecodeError) as error:
        raise problem from error
    if not decoded or decoded[0] != scope:
        raise problem
    return decoded[1:]


def decode_instant(scope: str, cursor: str) -> tuple[datetime, str]:
    """The key of a list by time, an instant and an id. Raises BadUserInput like `decode_cursor`."""
    try:
        instant, identifier = decode_cursor(scope, cursor)
        if not str(identifier).isprintable():
            raise ValueError("PostgreSQL takes no zero byte in a text")
        return datetime.fromisoformat(str(instant)).astimezone(UTC), str(identifier)
    except (ValueError, OverflowError) as error:
        raise BadUserInput("`after` is no cursor of this list; use an `endCursor` that this list gave.") from error


def take_page(
    items: Sequence[T],
    *,
    scope: str,
    key: Callable[[T], Key],
    first: int,
    after: str | None,
) -> Page[T]:
    """One page of a whole list that is in memory and sorted ascending by `key`, which must be unique.

    The page starts behind the cursor's key, whether or not the item it named is still there.
    """
    start = 0
    if after is not None:
        wanted = decode_cursor(scope, after)
        try:
            start = bisect_right(items, wanted, key=key)
        except TypeError as error:
            raise BadUserInput("`after` is no cursor of this list; use an `endCursor` that this list gave.") from error
    chosen = items[start : start + first]
    edges = [Edge(node=item, scope=scope, key=key(item)) for item in chosen]
    return make_page(edges, has_next=start + len(chosen) < len(items), total_count=len(items))


def make_page(edges: Sequence[Edge[T]], *, has_next: bool, total_count: int | None = None) -> Page[T]:
    info = PageInfo(has_next, edges[0].scope, edges[0].key, edges[-1].key) if edges else PageInfo(has_next)
    return Page(edges=tuple(edges), page_info=info, total_count=total_count)
