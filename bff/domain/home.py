"""The home screen as values: rows of items, the document that pins a home, and the rules that order rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bff.domain.profile_state import Arrangement


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


class HomeDocument(Struct, frozen=True, kw_only=True):
    """A composed home. `basis` says what it was made from: while that holds, the document is served again.

    `hidden` holds the rows that the profile does not want, in the same form.
    """

    version: str
    basis: str
    generated_at: datetime
    hero_id: str | None
    rows: tuple[HomeRow, ...]
    hidden: tuple[HomeRow, ...] = ()


Rule = Callable[[Sequence[HomeRow]], list[HomeRow]]


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


def arrange(arrangement: Arrangement) -> Rule:
    """The profile's own order: named rows first, as named; the others behind in the server's order; hidden ones out."""
    places = {key: place for place, key in enumerate(arrangement.order)}
    hidden = frozenset(arrangement.hidden)

    def apply(rows: Sequence[HomeRow]) -> list[HomeRow]:
        shown = [row for row in rows if row.key not in hidden]
        return sorted(shown, key=lambda row: places.get(row.key, len(places)))

    return apply


def drop_adjacent_repeats(least: int) -> Rule:
    """No title in two adjacent rows: the lower row gives way, and goes when fewer than `least` items are left.

    Ranked rows, continue watching and My List say something about each item, so they keep theirs and the row beside
    them gives way, above or below.
    """
    fixed = {RowKind.CONTINUE_WATCHING, RowKind.MY_LIST, RowKind.TOP_TEN}

    def without(row: HomeRow, taken: set[str]) -> HomeRow:
        items = tuple(item for item in row.items or () if item.title_id not in taken)
        return row if row.items is None or len(items) == len(row.items) else replace(row, items=items)

    def titles_of(row: HomeRow) -> set[str]:
        return {item.title_id for item in row.items or ()}

    def apply(rows: Sequence[HomeRow]) -> list[HomeRow]:
        kept: list[HomeRow] = []
        for row in rows:
            if row.kind in fixed:
                while kept and kept[-1].kind not in fixed:
                    above = without(kept.pop(), titles_of(row))
                    if is_worth_showing(above):
                        kept.append(above)
                        break
            thinned = without(row, titles_of(kept[-1]) if kept else set())
            if is_worth_showing(thinned):
                kept.append(thinned)
        return kept

    def is_worth_showing(row: HomeRow) -> bool:
        return row.items is None or len(row.items) >= (1 if row.kind in fixed else least)

    return apply


def mix(rows: Sequence[HomeRow], rules: Sequence[Rule]) -> list[HomeRow]:
    """Run the rules over the rows in their order."""
    mixed = list(rows)
    for rule in rules:
        mixed = rule(mixed)
    return mixed
