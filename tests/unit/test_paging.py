"""Pages by keyset: whatever changes between two pages, and whatever is given as a cursor."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bff.domain.paging import LIST_CAP, Key, check_first, check_ids, decode_cursor, encode_cursor, take_page
from bff.errors import BadUserInput

key_parts = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=40)
cursor_keys = st.lists(key_parts, max_size=4).map(tuple)
numbers = st.sets(st.integers(0, 40))


def by_itself(number: int) -> Key:
    return (number,)


def read_all(first: int, *versions: set[int]) -> list[list[int]]:
    """The pages of a list that changes to the next version before every page; the last version stays."""
    pages: list[list[int]] = []
    after = None
    for turn in range(len(versions[-1]) + len(versions) + 1):
        items = sorted(versions[min(turn, len(versions) - 1)])
        page = take_page(items, scope="numbers", key=by_itself, first=first, after=after)
        pages.append([edge.node for edge in page.edges])
        assert page.page_info.start_cursor == (page.edges[0].cursor if page.edges else None)
        assert page.total_count == len(items)
        if not page.page_info.has_next_page and turn >= len(versions) - 1:
            return pages
        after = page.page_info.end_cursor or after
    raise AssertionError("the pages have no end")


@given(numbers, st.integers(1, 9))
def test_pages_are_the_list_cut_into_pieces(held: set[int], first: int) -> None:
    pages = read_all(first, held)
    assert [number for page in pages for number in page] == sorted(held)
    assert all(len(page) == first for page in pages[:-1])
    assert len(pages[-1]) <= first


@given(st.lists(numbers, min_size=1, max_size=6), st.integers(1, 9))
def test_nothing_comes_twice_and_what_stayed_comes(versions: list[set[int]], first: int) -> None:
    seen = [number for page in read_all(first, *versions) for number in page]
    assert len(seen) == len(set(seen))
    assert set.intersection(*versions) <= set(seen) <= set.union(*versions)
    assert seen == sorted(seen)


@given(numbers)
def test_a_page_of_none_says_whether_there_are_any(held: set[int]) -> None:
    page = take_page(sorted(held), scope="numbers", key=by_itself, first=0, after=None)
    assert page.edges == ()
    assert page.page_info.has_next_page == bool(held)
    assert page.page_info.has_previous_page is False


@given(st.text(), cursor_keys)
def test_a_cursor_gives_its_key_back(scope: str, key: Key) -> None:
    cursor = encode_cursor(scope, key)
    assume(len(cursor) <= 1024)
    decoded = decode_cursor(scope, cursor)
    assert decoded == key
    assert [type(part) for part in decoded] == [type(part) for part in key]
    assert set(cursor) <= set("0123456789abcdef")


@given(st.text(), st.text(), cursor_keys)
def test_a_cursor_of_another_list_is_refused(scope: str, other: str, key: Key) -> None:
    assume(scope != other)
    with pytest.raises(BadUserInput):
        decode_cursor(other, encode_cursor(scope, key))


def encode_anything(value: object) -> str:
    return msgspec.msgpack.encode(value).hex()


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
texts = (
    st.text(st.characters())  # lone surrogates, too: JSON can spell them
    | st.text("ABCDEFabcdef0123456789 \n", max_size=60)
    | st.binary().map(bytes.hex)
    | anything.map(encode_anything)
    | st.lists(anything, max_size=4).map(lambda parts: encode_anything(["numbers", *parts]))
)


@given(texts)
def test_any_text_is_a_cursor_or_bad_input(text: str) -> None:
    with suppress(BadUserInput):
        page = take_page(range(5), scope="numbers", key=by_itself, first=3, after=text)
        assert [edge.node for edge in page.edges] == sorted(edge.node for edge in page.edges)


@given(st.integers(1, 200).map("A".__mul__))
def test_a_cursor_has_a_length(rest: str) -> None:
    with pytest.raises(BadUserInput):
        decode_cursor("numbers", "A" * 1024 + rest)


@given(st.none() | st.integers(-10, 120), st.integers(0, 20), st.integers(1, 100))
def test_first_has_a_default_and_a_cap(first: int | None, default: int, cap: int) -> None:
    if first is None:
        assert check_first(first, default=default, cap=cap) == default
    elif 0 <= first <= cap:
        assert check_first(first, default=default, cap=cap) == first
    else:
        with pytest.raises(BadUserInput) as caught:
            check_first(first, default=default, cap=cap)
        if first > cap:
            assert str(cap) in caught.value.message
            assert caught.value.extensions["limit"] == cap


def test_ids_have_a_cap() -> None:
    check_ids(["id"] * LIST_CAP)
    with pytest.raises(BadUserInput, match=f"`hidden` holds at most {LIST_CAP}"):
        check_ids(["id"] * (LIST_CAP + 1), "hidden")
