"""Folding, words and typos."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.words import (
    MAX_TYPED_WORDS,
    count_typos,
    drop_article,
    find_nearest,
    fold,
    join_proper_names,
    join_words,
    read_words,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Fantômas", "fantomas"),
        ("Pokémon: The Movie", "pokemon the movie"),
        ("Ocean’s Eleven", "oceans eleven"),
        ("Blood & Water", "blood and water"),
        ("Spider-Man", "spider man"),
        ("Skål Łódź Æon STRASSE Straße", "skal lodz aeon strasse strasse"),
        ("İstanbul ıssız", "istanbul issiz"),
        ("忍者ハットリくん", "忍 者 ハ ッ ト リ く ん"),
        ("ガラスの仮面", "ガ ラ ス の 仮 面"),
        ("반드시 잡는다", "반드시 잡는다"),
        ("कभी ख़ुशी", "कभी ख़ुशी"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
        ("---", ""),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == unicodedata.normalize("NFC", folded)


@given(st.text())
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=400))
def test_fold_leaves_single_spaces_between_words(text: str) -> None:
    assert fold(text) == " ".join(fold(text).split())


def test_read_words_is_capped() -> None:
    assert len(read_words("word " * 2000)) == MAX_TYPED_WORDS
    assert read_words("x" * 10_000) == ("x" * 200,)


@pytest.mark.parametrize("text", ["", "   ", "?!", "&", " & ", "-", "…", "🎬", "\u0301", "\x00", "\ud800"])
def test_text_without_a_word_has_none(text: str) -> None:
    assert read_words(text) == ()


def test_joined_words_remember_what_was_meant() -> None:
    assert join_words(("san", "francisco")) == {"sanfrancisco": "san francisco"}
    assert join_words(("s", "w", "a", "t"))["swat"] == "s w a t"
    assert join_proper_names("A comic in San Francisco. Éva met Ana") == {"sanfrancisco": "san francisco"}


def test_drop_article() -> None:
    assert drop_article("the crown") == "crown"
    assert drop_article("theatre") == "theatre"
    assert drop_article("the ") == "the "


@pytest.mark.parametrize(
    ("typed", "meant", "typos"),
    [("strnger", "stranger", 1), ("strnage", "strange", 1), ("same", "same", 0), ("narcs", "narcos", 1)],
)
def test_count_typos(typed: str, meant: str, typos: int) -> None:
    assert count_typos(typed, meant, limit=2) == typos


@given(st.text(alphabet="abc", max_size=8), st.text(alphabet="abc", max_size=8), st.integers(0, 3))
def test_count_typos_is_symmetric_and_limited(one: str, other: str, limit: int) -> None:
    typos = count_typos(one, other, limit=limit)
    assert typos == count_typos(other, one, limit=limit)
    assert typos <= limit + 1
    assert (typos == 0) == (one == other)


def test_find_nearest_allows_typos_by_length() -> None:
    assert find_nearest("bat", ["cat"]) is None
    assert find_nearest("hause", ["mouse", "house"]) == "house"
    assert find_nearest("sanfranciso", ["sanfrancisco", "santiago"]) == "sanfrancisco"
    assert find_nearest("word", []) is None
