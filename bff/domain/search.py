"""The values of search and suggestions, how kinds of matches rank, and why a title matched. No index lives here."""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum

from msgspec import Struct

from bff.domain.titles import AnyTitleCard, Credit, Genre
from bff.domain.words import fold

SNIPPET_CHARACTERS = 140
_WORD = re.compile(r"\S+")


class MatchKind(StrEnum):
    NAME = "NAME"
    PERSON = "PERSON"
    GENRE = "GENRE"
    SYNOPSIS = "SYNOPSIS"


class Rank(IntEnum):
    """The score a kind of match starts from: an exact name > a name's start > its words > a person > a genre >
    the words spread over several fields > the synopsis > some of the words only."""

    NAME_EXACT = 1000
    NAME_START = 900
    NAME_PHRASE = 820
    NAME_WORDS = 800
    PERSON_EXACT = 750
    PERSON_WORDS = 700
    GENRE = 600
    ALL_WORDS = 400
    SOME_WORDS = 0


class SearchHit(Struct, frozen=True, gc=False):
    """One title found; `score` means something only against the other hits of the same answer."""

    title_id: str
    score: int
    popularity: float
    kind: MatchKind

    @property
    def key(self) -> tuple[float, float, str]:
        """Ascends in the order of the hits and is unique, for keyset cursors."""
        return (-self.score, -self.popularity, self.title_id)


class SearchMatch(Struct, frozen=True):
    kind: MatchKind
    text: str


class GenreCount(Struct, frozen=True):
    genre_id: str
    count: int


class SearchAnswer(Struct, frozen=True):
    """All hits, best first; `words` is what was searched for, which `explain_match` wants."""

    words: tuple[str, ...] = ()
    hits: tuple[SearchHit, ...] = ()
    facets: tuple[GenreCount, ...] = ()
    person_ids: tuple[str, ...] = ()
    corrected_query: str | None = None


class Suggestion(Struct, frozen=True):
    """`node_id` is the id of the title, person or genre that `text` names."""

    text: str
    kind: MatchKind
    node_id: str


Admits = Callable[[AnyTitleCard], bool]


def explain_match(
    card: AnyTitleCard, kind: MatchKind, words: tuple[str, ...], genres: Mapping[str, Genre]
) -> SearchMatch:
    """The text that made `card` match: a name, a person's name, a genre's, or a few words of the synopsis."""
    if kind is MatchKind.PERSON and card.credits:
        return SearchMatch(kind, _best_credit(card.credits, words).name)
    names = [genres[genre_id].name for genre_id in card.genre_ids if genre_id in genres]
    if kind is MatchKind.GENRE and names:
        return SearchMatch(kind, max(names, key=lambda name: _count_words(name, words)))
    if kind is MatchKind.SYNOPSIS:
        return SearchMatch(kind, cut_snippet(card.synopsis, words))
    return SearchMatch(MatchKind.NAME, _best_name(card, words))


def cut_snippet(text: str, words: tuple[str, ...], *, length: int = SNIPPET_CHARACTERS) -> str:
    """At most `length` characters of `text` in whole words, around the first of `words`; `…` stands for what is cut."""
    if len(text) <= length:
        return text
    tokens = list(_WORD.finditer(text))
    at = next((place for place, token in enumerate(tokens) if _count_words(token.group(), words)), 0)
    first = last = min(at, len(tokens) - 1)
    start, end = tokens[first].span()
    room = length - 2
    grown = True
    while grown:
        grown = False
        if last + 1 < len(tokens) and tokens[last + 1].end() - start <= room:
            last, end, grown = last + 1, tokens[last + 1].end(), True
        if first > 0 and end - tokens[first - 1].start() <= room:
            first, start, grown = first - 1, tokens[first - 1].start(), True
    cut = text[start : min(end, start + room)]
    return f"{'…' if start > 0 else ''}{cut}{'…' if start + len(cut) < len(text.rstrip()) else ''}"


def _best_name(card: AnyTitleCard, words: tuple[str, ...]) -> str:
    if card.original_name and _count_words(card.original_name, words) > _count_words(card.name, words):
        return card.original_name
    return card.name


def _best_credit(billed: tuple[Credit, ...], words: tuple[str, ...]) -> Credit:
    return max(billed, key=lambda credit: _count_words(credit.name, words))


def _count_words(text: str, words: tuple[str, ...]) -> float:
    """How many of `words` stand in `text`; the last may be the beginning of one, which counts less."""
    held = fold(text).split()
    whole = sum(1 for word in words if word in held)
    if words and words[-1] not in held and any(word.startswith(words[-1]) for word in held):
        return whole + 0.5
    return whole
