"""Where a title of My List goes: the order that was asked for, by as few new positions as can be."""

from hypothesis import given
from hypothesis import strategies as st

from bff.domain.list_order import place_before

Listed = list[tuple[str, float]]


@st.composite
def lists_with_a_move(draw: st.DrawFn) -> tuple[Listed, str, str | None]:
    positions = draw(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8, unique=True))
    listed = [(f"tit_{number}", position) for number, position in enumerate(sorted(positions))]
    ids = [title_id for title_id, _ in listed]
    return listed, draw(st.sampled_from(ids)), draw(st.sampled_from([*ids, None]))


def order_after(listed: Listed, changes: dict[str, float]) -> list[str]:
    moved = [(changes.get(title_id, position), title_id) for title_id, position in listed]
    return [title_id for _, title_id in sorted(moved)]


@given(lists_with_a_move())
def test_stands_before_the_one_named_and_leaves_the_rest_in_order(move: tuple[Listed, str, str | None]) -> None:
    listed, title_id, before_id = move
    before = [held for held, _ in listed]
    after = order_after(listed, place_before(listed, title_id, before_id))
    assert [held for held in after if held != title_id] == [held for held in before if held != title_id]
    if before_id == title_id:
        assert after == before
    elif before_id is None:
        assert after[-1] == title_id
    else:
        assert after.index(title_id) == after.index(before_id) - 1


def test_only_the_moved_title_gets_a_new_position() -> None:
    assert place_before([("a", 1.0), ("b", 2.0), ("c", 3.0)], "c", "b") == {"c": 1.5}


def test_numbers_all_anew_where_no_number_is_left_between_two() -> None:
    above, below = 1.0, 1.0000000000000002
    changes = place_before([("a", above), ("b", below), ("c", 9.0)], "c", "b")
    assert changes == {"a": 1.0, "c": 2.0, "b": 3.0}


def test_a_title_that_is_not_listed_any_more_changes_nothing() -> None:
    assert place_before([("a", 1.0)], "b", "a") == {}
    assert place_before([], "b", None) == {}
