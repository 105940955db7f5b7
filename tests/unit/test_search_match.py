"""Snippets."""

from hypothesis import given
from hypothesis import strategies as st

from bff.domain.search import cut_snippet

LONG = "One two three. " * 20 + "A detective finds Ångström's needle in a haystack. " + "Four five six. " * 20


def test_a_short_text_is_its_own_snippet() -> None:
    assert cut_snippet("A short text.", ("text",)) == "A short text."


def test_a_snippet_stands_around_the_first_hit() -> None:
    snippet = cut_snippet(LONG, ("angstroms",), length=60)
    assert "Ångström's" in snippet
    assert snippet.startswith("…")
    assert snippet.endswith("…")


def test_a_snippet_without_a_hit_is_the_beginning() -> None:
    snippet = cut_snippet(LONG, ("zzz",), length=40)
    assert snippet.startswith("One two")
    assert snippet.endswith("…")


@given(st.text(max_size=400), st.lists(st.text(min_size=1, max_size=5)).map(tuple), st.integers(10, 200))
def test_a_snippet_is_a_part_of_the_text_and_no_longer_than_asked(
    text: str, words: tuple[str, ...], length: int
) -> None:
    snippet = cut_snippet(text, words, length=length)
    assert len(snippet) <= length
    assert snippet in text or snippet.strip("…") in text
