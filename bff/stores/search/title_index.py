"""Search within one process: an index in memory over the title cards that the process holds."""

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

import numpy as np

from bff.domain.search import Admits, GenreCount, Rank, SearchAnswer, SearchHit, Suggestion
from bff.domain.titles import AnyTitleCard, Genre
from bff.domain.words import read_words
from bff.stores.search.completion import complete
from bff.stores.search.correction import correct
from bff.stores.search.entities import PERSON, Entities, Mask, View
from bff.stores.search.ranking import KINDS, Ranking, WordMatches, rank_all_words, rank_some_words
from bff.stores.search.terms import TermIndex

_CACHED_VIEWS = 32
_PEOPLE_CAP = 10
_ENOUGH_HITS = 3
# Words that say that a title is looked for, not which; left out where they are in the way.
_FILLER_WORDS = frozenset((
    "a", "about", "an", "and", "by", "film", "films", "in", "movie", "movies", "of", "on", "series", "show", "shows",
    "that", "the", "tv", "with",
))  # fmt: skip


class TitleIndex:
    """A `SearchEngine`; it never changes once built, so that readers go on undisturbed while the next one is made.

    Building and updating take CPU for a while: do it in a thread. Searching is quick enough for the event loop.
    """

    def __init__(self, entities: Entities, terms: TermIndex) -> None:
        self._entities = entities
        self._terms = terms
        # Sets of visible titles are shared by many viewers, and cost more to read than a search does.
        self._view = lru_cache(maxsize=_CACHED_VIEWS)(partial(View, entities))

    @classmethod
    def build(cls, cards: Iterable[AnyTitleCard], genres: Mapping[str, Genre]) -> "TitleIndex":
        entities = Entities(genres).replace(cards, removed=())
        return cls(entities, TermIndex.create(map(entities.write_document, sorted(entities.stale))))

    def update(self, changed: Iterable[AnyTitleCard], removed: Iterable[str]) -> "TitleIndex":
        """The index of a later catalogue; update only the newest one. New genres need a new `build`."""
        entities = self._entities.replace(changed, removed)
        if not entities.stale and not entities.gone:
            return TitleIndex(entities, self._terms)
        documents = map(entities.write_document, sorted(entities.stale))
        return TitleIndex(entities, self._terms.replace(documents, entities.gone))

    async def search(self, text: str, *, visible: frozenset[str], admits: Admits | None = None) -> SearchAnswer:
        words = read_words(text)
        view = self._view(visible)
        if not words or not view.title_count:
            return SearchAnswer(words=words)
        ranking, used = self._rank_typed(words, view)
        corrected = None
        if ranking.best < Rank.GENRE and np.count_nonzero(ranking.found) < _ENOUGH_HITS:
            meant = correct(words, self._terms, self._entities, view)
            better, used_instead = self._rank_typed(meant, view) if meant else (ranking, used)
            if meant and better.found.any() and (better.best >= Rank.GENRE or not ranking.found.any()):
                ranking, used, corrected = better, used_instead, " ".join(meant)
            elif not ranking.found.any():
                ranking = rank_some_words(self._match(used, view), self._entities, view)
        hits, titles = self._list_hits(ranking, admits)
        return SearchAnswer(
            words=used,
            hits=hits,
            facets=self._count_genres(titles),
            person_ids=self._find_people(used, view),
            corrected_query=corrected,
        )

    async def suggest(self, prefix: str, *, visible: frozenset[str], limit: int = 8) -> tuple[Suggestion, ...]:
        words = read_words(prefix)
        view = self._view(visible)
        if not words or not view.title_count:
            return ()
        return complete(words, self._terms, self._entities, view, limit)

    def _match(self, words: tuple[str, ...], view: View) -> WordMatches:
        return WordMatches(words, self._terms, self._entities, view)

    def _rank_typed(self, words: tuple[str, ...], view: View) -> tuple[Ranking, tuple[str, ...]]:
        """What holds all words, or better all that say something; and which words these were."""
        ranking = rank_all_words(self._match(words, view), self._terms, self._entities, view)
        telling = _drop_fillers(words)
        if ranking.best >= Rank.GENRE or not telling or telling == words:
            return ranking, words
        shorter = rank_all_words(self._match(telling, view), self._terms, self._entities, view)
        return (shorter, telling) if shorter.best >= Rank.GENRE or not ranking.found.any() else (ranking, words)

    def _list_hits(self, ranking: Ranking, admits: Admits | None) -> tuple[tuple[SearchHit, ...], Mask]:
        entities = self._entities
        found = np.flatnonzero(ranking.found)
        if admits is not None:
            admitted = [int(ordinal) for ordinal in found if admits(entities.cards[int(ordinal)])]
            found = np.array(admitted, dtype=np.int64)
        keys = (entities.id_order[found], -entities.popularity[found], -ranking.scores[found])
        ordered = found[np.lexsort(keys)]
        columns = zip(
            ordered.tolist(),
            ranking.scores[ordered].tolist(),
            entities.popularity[ordered].tolist(),
            ranking.kinds[ordered].tolist(),
            strict=True,
        )
        hits = tuple(
            SearchHit(entities.ids[at], score, popularity, KINDS[kind]) for at, score, popularity, kind in columns
        )
        return hits, entities.mark(ordered.astype(np.int32))

    def _count_genres(self, titles: Mask) -> tuple[GenreCount, ...]:
        entities = self._entities
        counts = np.bincount(entities.classed_genre[titles[entities.classed_title]], minlength=entities.size)
        found = np.flatnonzero(counts)
        ordered = found[np.lexsort((entities.id_order[found], -counts[found]))]
        return tuple(GenreCount(entities.ids[at], int(counts[at])) for at in ordered)

    def _find_people(self, words: tuple[str, ...], view: View) -> tuple[str, ...]:
        """Those whose name holds all words, or who are named in full within a longer query."""
        if not _drop_fillers(words):
            return ()
        entities = self._entities
        matches = self._match(words, view)
        meant = matches.holds_all(matches.whole, PERSON)
        if not meant.any():
            meant = matches.holds_all(matches.loose, PERSON)
        for length in (2, 3):
            for start in range(len(words) - length + 1) if len(words) > length else ():
                span = matches.holds_all(matches.whole[start : start + length], PERSON)
                name = " ".join(words[start : start + length])
                for ordinal in np.flatnonzero(span):
                    meant[ordinal] |= entities.folded[ordinal] == name
        found = np.flatnonzero(meant)
        query = " ".join(words)
        others = np.array([entities.folded[ordinal] != query for ordinal in found], dtype=np.bool_)
        ordered = found[np.lexsort((entities.id_order[found], -view.prominence[found], others))]
        return tuple(entities.ids[at] for at in ordered[:_PEOPLE_CAP])


def _drop_fillers(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _FILLER_WORDS)
