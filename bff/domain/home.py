"""The home screen as values: rows of items, the document that pins a home, and the rules that order rows."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import zip_longest

from msgspec import Struct
from msgspec.structs import replace

from bff.domain.titles import MaturityRating


class RowKind(StrEnum):
    CONTINUE_WATCHING = "CONTINUE_WATCHING"
    MY_LIST = "MY_LIST"
    TOP_PICKS = "TOP_PICKS"
    TRENDING = "TRENDING"
    TOP_TEN = "TOP_TEN"
    NEW_RELEASES = "NEW_RELEASES"
    BECAUSE_YOU_WATCHED = "BECAUSE_YOU_WATCHED"
    GENRE = "GENRE"
    WATCH_AGAIN = "WATCH_AGAIN"
    TIME_OF_DAY = "TIME_OF_DAY"
    LEAVING_SOON = "LEAVING_SOON"
    COMMUNITY = "COMMUNITY"


PERSONAL_KINDS = frozenset(
    {
        RowKind.CONTINUE_WATCHING,
        RowKind.MY_LIST,
        RowKind.TOP_PICKS,
        RowKind.BECAUSE_YOU_WATCHED,
        RowKind.WATCH_AGAIN,
    }
)
"""Rows of these kinds are made for one profile; the others are much the same for all of an audience."""


class RowLayout(StrEnum):
    BOXART = "BOXART"
    WIDE = "WIDE"
    RANKED = "RANKED"


class HomeItem(Struct, frozen=True, array_like=True):
    """`playable_id` on continue-watching rows, `rank` (from 1) on ranked ones."""

    title_id: str
    playable_id: str | None = None
    rank: int | None = None


class HomeRow(Struct, frozen=True, kw_only=True):
    """`key` names the row within the profile from day to day: `genre:gen_…`; `items` is None when they failed."""

    key: str
    kind: RowKind
    layout: RowLayout
    name: str
    because_id: str | None = None
    is_stale: bool = False
    items: tuple[HomeItem, ...] | None


class PinnedRow(Struct, frozen=True, kw_only=True, array_like=True, cache_hash=True):
    """A row as it is kept: ids joined by blanks, since splitting the few that are asked for is quicker than decoding
    them all. `title_ids` is None where the items failed; `ranks` belong to ranked rows only.

    Homes share it, so that it can be a key: its hash is made once, and it is soon found equal to itself.
    """

    key: str
    kind: RowKind
    layout: RowLayout
    name: str
    because_id: str | None = None
    is_stale: bool = False
    title_ids: str | None
    ranks: tuple[int, ...] = ()

    def split(self) -> list[str] | None:
        """The ids of its titles, in their order."""
        return None if self.title_ids is None else self.title_ids.split()

    def unpack(self) -> HomeRow:
        """The row as it was proposed, but for what continue watching goes on with."""
        ids = self.split()
        items = None
        if ids is not None:
            items = tuple(HomeItem(title_id, rank=rank) for title_id, rank in zip_longest(ids, self.ranks))
        return HomeRow(
            key=self.key,
            kind=self.kind,
            layout=self.layout,
            name=self.name,
            because_id=self.because_id,
            is_stale=self.is_stale,
            items=items,
        )


class PastRow(Struct, frozen=True):
    """A row that is not shown any more, without items; until `until` a client may page on through its last version."""

    row: PinnedRow
    until: datetime


class HomeBasis(Struct, frozen=True, kw_only=True, array_like=True):
    """What a home was made from: the versions of the profile's state and of the catalogue, the moment to which titles
    were judged, who may see how much, the day (UTC), and the `setting`: region and part of the day.
    """

    state: int
    catalogue: int
    until: datetime | None
    ceiling: MaturityRating
    day: date
    setting: str


class PinnedHome(Struct, frozen=True, kw_only=True):
    """A composed home, as it is kept. While its `basis` holds, it is served again; None never holds.

    `hidden` holds the rows that the profile does not want, in the same form; `past` those that earlier homes had.
    """

    version: str
    basis: HomeBasis | None
    generated_at: datetime
    hero_id: str | None
    rows: tuple[PinnedRow, ...]
    hidden: tuple[PinnedRow, ...] = ()
    past: tuple[PastRow, ...] = ()


def pin(row: HomeRow) -> PinnedRow:
    """A row in the form in which it is kept."""
    return PinnedRow(
        key=row.key,
        kind=row.kind,
        layout=row.layout,
        name=row.name,
        because_id=row.because_id,
        is_stale=row.is_stale,
        title_ids=None if row.items is None else " ".join(item.title_id for item in row.items),
        ranks=tuple(item.rank for item in row.items or () if item.rank is not None),
    )


Rule = Callable[[Sequence[HomeRow]], list[HomeRow]]

_STRENGTH = {RowKind.CONTINUE_WATCHING: 3, RowKind.TOP_TEN: 2, RowKind.MY_LIST: 1}
"""Rows that say something about each item keep theirs, the stronger first; the rows beside them give way."""


def hide(unwanted: Collection[str]) -> Rule:
    """Rows of these keys out."""
    return lambda rows: [row for row in rows if row.key not in unwanted]


def cap_kinds(caps: Mapping[RowKind, int]) -> Rule:
    """At most so many rows of a kind; a kind that is not named is not capped."""

    def apply(rows: Sequence[HomeRow]) -> list[HomeRow]:
        seen: Counter[RowKind] = Counter()
        kept = []
        for row in rows:
            seen[row.kind] += 1
            if seen[row.kind] <= caps.get(row.kind, len(rows)):
                kept.append(row)
        return kept

    return apply


def spread(rows: Sequence[HomeRow]) -> list[HomeRow]:
    """Rows of one kind apart, and strong rows that share a title: the next row that fits comes in between.

    Rows of a kind keep their order. Where none is left that fits, the order stays as it was.
    """
    waiting, placed = list(rows), list[HomeRow]()

    def fits(place: int, row: HomeRow) -> bool:
        if placed and _jars(placed[-1], row):
            return False
        return all(passed.kind is not row.kind for passed in waiting[:place])

    while waiting:
        place = next((place for place, row in enumerate(waiting) if fits(place, row)), 0)
        placed.append(waiting.pop(place))
    return placed


def arrange(order: Sequence[str]) -> Rule:
    """The profile's own order: rows of these keys first, as named; the others behind in the server's order."""
    places = {key: place for place, key in enumerate(order)}
    return lambda rows: sorted(rows, key=lambda row: places.get(row.key, len(places)))


def drop_adjacent_repeats(least: int) -> Rule:
    """No title in two adjacent rows: one of them gives way, and goes when fewer than `least` items are left.

    The weaker row gives way to a strong one, which may be left with a single item; of two ordinary rows the lower one
    does, unless too little would be left of it and the upper one can do without.
    """

    def apply(rows: Sequence[HomeRow]) -> list[HomeRow]:
        kept: list[HomeRow] = []
        for row in filter(is_worth_showing, rows):
            lower = row
            while kept:
                upper, lower = part(kept[-1], row)
                if is_worth_showing(upper):
                    kept[-1] = upper
                    break
                kept.pop()
            if is_worth_showing(lower):
                kept.append(lower)
        return kept

    def part(upper: HomeRow, lower: HomeRow) -> tuple[HomeRow, HomeRow]:
        shared = _list_titles(upper) & _list_titles(lower)
        thin_upper, thin_lower = _without(upper, shared), _without(lower, shared)
        strengths = _STRENGTH.get(upper.kind, 0), _STRENGTH.get(lower.kind, 0)
        if strengths[0] == strengths[1]:
            upper_yields = not is_worth_showing(thin_lower) and is_worth_showing(thin_upper)
        else:
            upper_yields = strengths[0] < strengths[1]
        return (thin_upper, lower) if upper_yields else (upper, thin_lower)

    def is_worth_showing(row: HomeRow) -> bool:
        return row.items is None or len(row.items) >= (1 if row.kind in _STRENGTH else least)

    return apply


def mix(rows: Sequence[HomeRow], rules: Sequence[Rule]) -> list[HomeRow]:
    """Run the rules over the rows in their order."""
    mixed = list(rows)
    for rule in rules:
        mixed = rule(mixed)
    return mixed


def draw(seed: str, title_ids: Iterable[str], count: int) -> list[str]:
    """So many of the titles, at random but the same for the same seed, whichever others are there or go."""

    def shuffle(title_id: str) -> bytes:
        return hashlib.blake2b(f"{seed}:{title_id}".encode(), digest_size=8).digest()

    return heapq.nsmallest(count, title_ids, key=shuffle)


def _jars(upper: HomeRow, lower: HomeRow) -> bool:
    are_strong = upper.kind in _STRENGTH and lower.kind in _STRENGTH
    return upper.kind is lower.kind or (are_strong and bool(_list_titles(upper) & _list_titles(lower)))


def _list_titles(row: HomeRow) -> set[str]:
    return {item.title_id for item in row.items or ()}


def _without(row: HomeRow, taken: Collection[str]) -> HomeRow:
    if row.items is None or not taken:
        return row
    return replace(row, items=tuple(item for item in row.items if item.title_id not in taken))
