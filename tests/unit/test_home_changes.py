from hypothesis import given
from hypothesis import strategies as st

from bff.domain.home import PinnedRow, RowKind, RowLayout
from bff.domain.home_changes import find_changed_rows

rows = st.lists(
    st.builds(
        PinnedRow,
        key=st.sampled_from("abcdef"),
        kind=st.just(RowKind.GENRE),
        layout=st.just(RowLayout.WIDE),
        name=st.just("Row"),
        title_ids=st.sampled_from(["x", "y"]),
    ),
    unique_by=lambda row: row.key,
)


@given(rows)
def test_the_same_home_has_no_changed_rows(home):
    assert find_changed_rows(home, home) == ()


@given(rows, rows)
def test_a_row_is_named_once_and_only_if_it_is_not_where_and_what_it_was(before, after):
    changed = find_changed_rows(before, after)
    assert len(set(changed)) == len(changed)
    held, holds = ({row.key: (place, row) for place, row in enumerate(home)} for home in (before, after))
    assert set(changed) == {key for key in "abcdef" if held.get(key) != holds.get(key)}


@given(rows, rows)
def test_what_is_shown_stands_in_its_order_before_what_is_gone(before, after):
    changed = find_changed_rows(before, after)
    shown = [row.key for row in after if row.key in changed]
    assert list(changed[: len(shown)]) == shown
