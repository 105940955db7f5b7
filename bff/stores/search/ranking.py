"""Scores: how well each visible title answers the words of a query, and through which kind of match."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bff.domain.search import MatchKind, Rank
from bff.domain.words import drop_article
from bff.stores.search.entities import GENRE, PERSON, TITLE, Entities, Mask, View
from bff.stores.search.terms import Field, TermIndex

KINDS = (MatchKind.NAME, MatchKind.PERSON, MatchKind.GENRE, MatchKind.SYNOPSIS)
_NAME, _PERSON, _GENRE, _SYNOPSIS = range(4)
# How much a word counts where only all fields together, or only some words, match: by index in KINDS.
_WEIGHTS = np.array([4, 3, 2, 1, 0], dtype=np.int32)
_NOWHERE = 4
_WHOLE_WORDS = 10
_SHORTEST_PREFIX_OF_PERSON = 3
# Of what the best title holds of a query that none holds in full, how much another must hold to be shown.
_LEAST_SHARE = 0.6

Scores = npt.NDArray[np.int32]
Kinds = npt.NDArray[np.int8]


class Ranking:
    """`scores` and `kinds` (indexes in `KINDS`) by ordinal; `found` marks the titles that answer at all."""

    def __init__(self, size: int) -> None:
        self.found = np.zeros(size, dtype=np.bool_)
        self.scores: Scores = np.zeros(size, dtype=np.int32)
        self.kinds: Kinds = np.zeros(size, dtype=np.int8)

    def put(self, titles: Mask, score: int | Scores, kind: int | Kinds) -> None:
        """Let these titles have this score, over what they had before."""
        self.found |= titles
        self.scores[titles] = score if isinstance(score, int) else score[titles]
        self.kinds[titles] = kind if isinstance(kind, int) else kind[titles]

    @property
    def best(self) -> int:
        return int(self.scores.max(initial=-1, where=self.found))


class WordMatches:
    """Where the words of a query stand, for one viewer.

    `whole` and `loose` mark, word by word, the visible entities by their names: `loose` takes the last word for the
    beginning of one. `fields` says for each word and title the best kind of field that holds it, `_NOWHERE` if none.
    """

    def __init__(self, words: Sequence[str], terms: TermIndex, entities: Entities, view: View) -> None:
        self.words = tuple(words)
        self.whole = [entities.mark(terms.find(Field.NAME, word)) & view.entities for word in words]
        self.loose = [*self.whole[:-1], self.whole[-1] | _begin_names(words[-1], terms, entities, view)]
        self._terms, self._entities, self._view = terms, entities, view

    def holds_all(self, masks: Sequence[Mask], kind: int) -> Mask:
        return self._entities.all_of(masks, kind)

    def place_words(self) -> list[Kinds]:
        """For each word, by ordinal, the best kind of field of a visible title that holds it."""
        return [
            self._place(word, mask, last=word is self.words[-1])
            for word, mask in zip(self.words, self.loose, strict=True)
        ]

    def _place(self, word: str, named: Mask, *, last: bool) -> Kinds:
        entities = self._entities
        prefix = last and len(word) >= _SHORTEST_PREFIX_OF_PERSON
        place = np.full(entities.size, _NOWHERE, dtype=np.int8)
        place[self._terms.find(Field.SYNOPSIS, word, prefix=prefix)] = _SYNOPSIS
        place[entities.titles_of_genres(named & (entities.kinds == GENRE))] = _GENRE
        place[entities.titles_with_people(named & (entities.kinds == PERSON))] = _PERSON
        place[named & (entities.kinds == TITLE)] = _NAME
        place[~self._view.titles] = _NOWHERE
        return place


def rank_all_words(matches: WordMatches, terms: TermIndex, entities: Entities, view: View) -> Ranking:
    """The visible titles that hold every word, together or spread over their fields."""
    ranking = Ranking(entities.size)
    words, query = matches.words, " ".join(matches.words)
    places = matches.place_words()
    worst, best = np.maximum.reduce(places), np.minimum.reduce(places)
    weight = np.add.reduce([_WEIGHTS[place] for place in places])
    ranking.put(worst != _NOWHERE, Rank.ALL_WORDS + weight * 40 // (len(words) * 4), best)
    if len(words) > 1:
        phrase = entities.mark(terms.find_phrase(Field.SYNOPSIS, words)) & ranking.found
        ranking.scores[phrase] += 20

    ranking.put(
        entities.titles_of_genres(matches.holds_all(matches.loose, GENRE)) & view.titles, int(Rank.GENRE), _GENRE
    )
    _rank_people(ranking, matches, query, entities, view)
    _rank_names(ranking, matches, query, entities)
    return ranking


def _rank_people(ranking: Ranking, matches: WordMatches, query: str, entities: Entities, view: View) -> None:
    people = matches.holds_all(matches.loose, PERSON)
    whole = matches.holds_all(matches.whole, PERSON)
    exact = np.zeros(entities.size, dtype=np.bool_)
    for ordinal in np.flatnonzero(whole):
        exact[ordinal] = entities.folded[ordinal] == query
    for mask, score in (
        (people, Rank.PERSON_WORDS),
        (whole, Rank.PERSON_WORDS + _WHOLE_WORDS),
        (exact, Rank.PERSON_EXACT),
    ):
        if mask.any():
            ranking.put(entities.titles_with_people(mask) & view.titles, int(score), _PERSON)


def _rank_names(ranking: Ranking, matches: WordMatches, query: str, entities: Entities) -> None:
    loose = matches.holds_all(matches.loose, TITLE)
    whole = matches.holds_all(matches.whole, TITLE)
    ranking.put(loose, int(Rank.NAME_WORDS), _NAME)
    ordinals = np.flatnonzero(loose)
    scores = [max(_score_name(name, query) for name in entities.list_names(ordinal)) for ordinal in ordinals.tolist()]
    ranking.scores[ordinals] = np.array(scores, dtype=np.int32) + whole[ordinals] * _WHOLE_WORDS


def _score_name(name: str, query: str) -> int:
    if name == query:
        return Rank.NAME_EXACT
    plain = drop_article(name)
    if plain == query:
        return Rank.NAME_START + 2 * _WHOLE_WORDS
    if name.startswith(query) or plain.startswith(query):
        return Rank.NAME_START
    return Rank.NAME_PHRASE if f" {query}" in name else Rank.NAME_WORDS


def rank_some_words(matches: WordMatches, entities: Entities, view: View) -> Ranking:
    """The visible titles that hold the most telling of the words; a rare word tells more than one on every page."""
    ranking = Ranking(entities.size)
    places = matches.place_words()
    counts = [int(np.count_nonzero(place != _NOWHERE)) for place in places]
    telling = [float(np.log1p(view.title_count / count)) if count else 0.0 for count in counts]
    if not any(telling):
        return ranking
    share = np.zeros(entities.size)
    for place, value in zip(places, telling, strict=True):
        share += value * np.where(place == _NOWHERE, 0.0, 0.7 + 0.075 * _WEIGHTS[place])
    share /= sum(telling)
    shown = (share > 0) & (share >= _LEAST_SHARE * share.max())
    ranking.put(shown, Rank.SOME_WORDS + (share * 300).astype(np.int32), np.minimum.reduce(places))
    return ranking


def _begin_names(word: str, terms: TermIndex, entities: Entities, view: View) -> Mask:
    """The visible entities with a word that begins with `word`; a letter or two begin too many to mean a person."""
    field = Field.START if len(word) == 1 else Field.NAME
    begun = entities.mark(terms.find(field, word, prefix=True)) & view.entities
    return begun if len(word) >= _SHORTEST_PREFIX_OF_PERSON else begun & (entities.kinds == TITLE)
