"""Synopses on small screens: whole words, an ellipsis, never too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.synopsis import SHORT, shorten

limits = st.integers(2, 60)


@given(st.text(), limits)
def test_never_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(st.text(), limits)
def test_what_fits_stays_and_what_is_cut_says_so(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        assert short.endswith("…")
        assert text.startswith(short[:-1])


@given(st.lists(st.text("abcdé", min_size=1, max_size=9), min_size=1), limits)
def test_ends_with_a_whole_word_where_there_is_one(words: list[str], limit: int) -> None:
    text = " ".join(words)
    kept = shorten(text, limit).removesuffix("…")
    if len(text) > limit and len(words[0]) < limit:
        assert kept.split(" ") == words[: len(kept.split(" "))]


@given(st.text(), limits)
def test_shortening_twice_changes_nothing_more(text: str, limit: int) -> None:
    once = shorten(text, limit)
    assert shorten(once, limit) == once


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("A quiet film, at last.", 14, "A quiet film…"),
        ("A quiet film.", 13, "A quiet film."),
        ("A quiet film.", 8, "A quiet…"),
        ("Unbreakable", 5, "Unbr…"),
        ("One – two", 6, "One…"),
    ],
)
def test_examples(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


def test_the_usual_limit_fits_a_phone() -> None:
    assert len(shorten("word " * 100)) <= SHORT
