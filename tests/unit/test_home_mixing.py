"""The rules that order the rows of a home, over any rows that sections could propose."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.domain.home import (
    HomeItem,
    HomeRow,
    RowKind,
    RowLayout,
    arrange,
    cap_kinds,
    draw,
    drop_adjacent_repeats,
    hide,
    mix,
    pin,
    spread,
)

LEAST = 3
STRONG = (RowKind.CONTINUE_WATCHING, RowKind.TOP_TEN, RowKind.MY_LIST)


def make_row(key: str, kind: RowKind = RowKind.GENRE, titles: str | None = "") -> HomeRow:
    """A row whose titles have ids of a single letter; None for one that failed."""
    items = None if titles is None else tuple(HomeItem(title) for title in titles)
    return HomeRow(key=key, kind=kind, layout=RowLayout.BOXART, name=key, items=items)


def titles_of(row: HomeRow) -> str:
    return "".join(item.title_id for item in row.items or ())


def keys_of(rows: list[HomeRow]) -> list[str]:
    return [row.key for row in rows]


titles = st.none() | st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8).map("".join)
home_rows = st.lists(st.tuples(st.sampled_from(RowKind), titles), max_size=12).map(
    lambda rows: [make_row(f"{kind}:{place}", kind, held) for place, (kind, held) in enumerate(rows)]
)
keys = st.lists(st.builds("{}:{}".format, st.sampled_from(RowKind), st.integers(0, 12)), unique=True, max_size=6)
caps = st.dictionaries(st.sampled_from(RowKind), st.integers(0, 3))

drop_repeats = drop_adjacent_repeats(LEAST)


@given(home_rows)
def test_no_title_stands_in_two_adjacent_rows(rows: list[HomeRow]) -> None:
    for upper, lower in pairwise(drop_repeats(rows)):
        assert not set(titles_of(upper)) & set(titles_of(lower))


@given(home_rows)
def test_rows_only_lose_titles_and_keep_their_order(rows: list[HomeRow]) -> None:
    before = {row.key: row for row in rows}
    kept = drop_repeats(rows)
    assert keys_of(kept) == [row.key for row in rows if row.key in set(keys_of(kept))]
    for row in kept:
        remaining = set(titles_of(row))
        assert titles_of(row) == "".join(title for title in titles_of(before[row.key]) if title in remaining)
        assert replace(row, items=()) == replace(before[row.key], items=())


@given(home_rows)
def test_no_row_is_too_short_to_show(rows: list[HomeRow]) -> None:
    for row in drop_repeats(rows):
        assert row.items is None or len(row.items) >= (1 if row.kind in STRONG else LEAST)


@given(home_rows)
def test_rows_that_failed_stay(rows: list[HomeRow]) -> None:
    failed = [row for row in rows if row.items is None]
    assert [row for row in drop_repeats(rows) if row.items is None] == failed


@given(home_rows)
def test_continue_watching_loses_nothing_to_other_kinds(rows: list[HomeRow]) -> None:
    continued = [row for row in rows if row.kind is RowKind.CONTINUE_WATCHING and titles_of(row)]
    if len(continued) == 1:
        assert continued[0] in drop_repeats(rows)


@given(home_rows)
def test_dropping_repeats_twice_changes_nothing_more(rows: list[HomeRow]) -> None:
    once = drop_repeats(rows)
    assert drop_repeats(once) == once


def test_the_lower_of_two_ordinary_rows_gives_way() -> None:
    rows = drop_repeats([make_row("upper", titles="abcd"), make_row("lower", titles="cdefg")])
    assert [titles_of(row) for row in rows] == ["abcd", "efg"]


def test_the_upper_row_gives_way_when_too_little_of_the_lower_would_be_left() -> None:
    rows = drop_repeats([make_row("long", titles="abcdefg"), make_row("short", titles="abc")])
    assert [titles_of(row) for row in rows] == ["defg", "abc"]


def test_a_row_goes_when_neither_can_give_way() -> None:
    rows = drop_repeats([make_row("upper", titles="abcd"), make_row("lower", titles="abc")])
    assert keys_of(rows) == ["upper"]


def test_strong_rows_keep_theirs_above_and_below() -> None:
    top = make_row("top", RowKind.TOP_TEN, "abcd")
    rows = drop_repeats([make_row("above", titles="axyz"), top, make_row("below", titles="bxyz")])
    assert [titles_of(row) for row in rows] == ["xyz", "abcd", "xyz"]


def test_a_row_between_goes_and_its_neighbours_are_compared() -> None:
    continued = make_row("continue", RowKind.CONTINUE_WATCHING, "ab")
    rows = drop_repeats([continued, make_row("between", titles="abc"), make_row("below", titles="bdef")])
    assert [titles_of(row) for row in rows] == ["ab", "def"]


@given(home_rows, keys)
def test_named_rows_come_first_as_named_and_the_rest_behind_as_it_was(rows: list[HomeRow], order: list[str]) -> None:
    arranged = keys_of(arrange(order)(rows))
    present = set(keys_of(rows))
    assert arranged == [key for key in order if key in present] + [key for key in keys_of(rows) if key not in order]
    assert keys_of(arrange(order)(arrange(order)(rows))) == arranged


@given(home_rows, keys)
def test_hidden_rows_are_out(rows: list[HomeRow], unwanted: list[str]) -> None:
    assert hide(unwanted)(rows) == [row for row in rows if row.key not in unwanted]


@given(home_rows, caps)
def test_a_kind_has_at_most_its_cap_and_its_first_rows_stay(rows: list[HomeRow], limits: dict[RowKind, int]) -> None:
    kept = cap_kinds(limits)(rows)
    for kind in RowKind:
        proposed = [row for row in rows if row.kind is kind]
        assert [row for row in kept if row.kind is kind] == proposed[: limits.get(kind, len(rows))]
    assert cap_kinds(limits)(kept) == kept


@given(home_rows)
def test_spreading_loses_no_row_and_twice_changes_nothing_more(rows: list[HomeRow]) -> None:
    placed = spread(rows)
    assert sorted(keys_of(placed)) == sorted(keys_of(rows))
    assert spread(placed) == placed


@given(home_rows)
@example(
    [make_row("c", RowKind.CONTINUE_WATCHING, "a"), make_row("1", RowKind.MY_LIST, "a"), make_row("2", RowKind.MY_LIST)]
)
def test_rows_of_a_kind_keep_their_order_and_touch_only_where_no_other_fits(rows: list[HomeRow]) -> None:
    placed = spread(rows)
    for kind in RowKind:
        assert [row for row in placed if row.kind is kind] == [row for row in rows if row.kind is kind]
    for place, (upper, lower) in enumerate(pairwise(placed), start=1):
        if upper.kind is lower.kind:
            next_of_kinds = {row.kind: row for row in reversed(placed[place:])}
            assert all(row.kind is upper.kind or clash(upper, row) for row in next_of_kinds.values())


def clash(upper: HomeRow, lower: HomeRow) -> bool:
    return upper.kind in STRONG and lower.kind in STRONG and bool(set(titles_of(upper)) & set(titles_of(lower)))


def test_strong_rows_that_share_a_title_are_kept_apart() -> None:
    continued = make_row("continue", RowKind.CONTINUE_WATCHING, "ab")
    top = make_row("top", RowKind.TOP_TEN, "bcd")
    genre = make_row("genre", titles="xyz")
    assert keys_of(spread([continued, top, genre])) == ["continue", "genre", "top"]
    assert keys_of(spread([continued, replace(top, items=()), genre])) == ["continue", "top", "genre"]


@given(home_rows, keys, keys, caps)
def test_all_rules_together(
    rows: list[HomeRow], order: list[str], unwanted: list[str], limits: dict[RowKind, int]
) -> None:
    mixed = mix(rows, (hide(unwanted), cap_kinds(limits), spread, arrange(order), drop_repeats))
    assert not set(keys_of(mixed)) & set(unwanted)
    assert all(sum(row.kind is kind for row in mixed) <= limit for kind, limit in limits.items())
    named = [row.key for row in mixed if row.key in order]
    assert keys_of(mixed)[: len(named)] == named == [key for key in order if key in set(named)]
    assert all(not set(titles_of(upper)) & set(titles_of(lower)) for upper, lower in pairwise(mixed))


@given(st.text(), st.sets(st.text()), st.integers(0, 20))
def test_a_draw_depends_on_nothing_but_the_seed(seed: str, ids: set[str], count: int) -> None:
    drawn = draw(seed, ids, count)
    assert drawn == draw(seed, sorted(ids, reverse=True), count)
    assert len(drawn) == len(set(drawn)) == min(count, len(ids))
    assert set(drawn) <= ids


@given(st.text(), st.sets(st.text(), min_size=1))
def test_what_goes_from_a_draw_moves_nothing_else(seed: str, ids: set[str]) -> None:
    whole = draw(seed, ids, len(ids))
    for gone in ids:
        assert draw(seed, ids - {gone}, len(ids)) == [title_id for title_id in whole if title_id != gone]


def test_other_seeds_draw_otherwise() -> None:
    ids = [f"tit_{number}" for number in range(100)]
    assert len({tuple(draw(f"day {day}", ids, 5)) for day in range(50)}) == 50


@given(home_rows, st.booleans(), st.none() | st.text())
def test_a_pinned_row_is_the_row_again(rows: list[HomeRow], is_stale: bool, because: str | None) -> None:
    for row in rows:
        kept = replace(row, is_stale=is_stale, because_id=because)
        assert pin(kept).unpack() == kept


def test_a_pinned_row_keeps_its_ranks() -> None:
    row = replace(make_row("top"), items=tuple(HomeItem(title, rank=rank) for rank, title in enumerate("abc", start=1)))
    assert pin(row).unpack() == row
