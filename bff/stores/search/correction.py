"""What a mistyped query was meant to be, read off names and synopses that the viewer sees."""

import numpy as np
import numpy.typing as npt

from bff.domain.words import allowed_typos, find_nearest, fold, join_proper_names, join_words
from bff.stores.search.entities import GENRE, PERSON, TITLE, Entities, Mask, View
from bff.stores.search.terms import Field, TermIndex

_NO_MATCH = 99
# How many of the likeliest names and synopses are read for the word that was meant.
_CANDIDATES = 12
_LIKELIHOOD_OF_KIND = np.argsort((TITLE, GENRE, PERSON))

Typos = npt.NDArray[np.int8]


def correct(words: tuple[str, ...], terms: TermIndex, entities: Entities, view: View) -> tuple[str, ...] | None:
    """The words that were meant, None where nothing better is known.

    The name that holds most of the words, and then with the fewest typos, explains those it holds; words that stand
    nowhere are explained by the next, and at last by synopses.
    """
    merged = _merge_split_words(words, terms, view)
    meant = dict(enumerate(merged))
    typos = [_count_typos(word, terms, entities, view, last=word is merged[-1]) for word in merged]
    unexplained = set(meant)
    while unexplained:
        explained = _explain_by_name(meant, typos, unexplained, entities, view)
        if not explained:
            break
        meant |= explained
        unexplained -= explained.keys()
        unexplained = {place for place in unexplained if not _stands_somewhere(meant[place], terms, view)}
    for place in unexplained:
        if not _stands_somewhere(meant[place], terms, view):
            meant[place] = _explain_by_synopsis(meant[place], terms, entities, view)
    corrected = tuple(" ".join(meant.values()).split())
    return None if corrected == words else corrected


def _merge_split_words(words: tuple[str, ...], terms: TermIndex, view: View) -> tuple[str, ...]:
    """`spider man` where names only know `spiderman`."""
    merged: list[str] = []
    for word in words:
        together = f"{merged[-1]}{word}" if merged else ""
        if together and view.entities[terms.find(Field.NAME, together)].any():
            merged[-1] = together
        else:
            merged.append(word)
    return tuple(merged)


def _count_typos(word: str, terms: TermIndex, entities: Entities, view: View, *, last: bool) -> Typos:
    """By entity, how many typos away from `word` the nearest word of its name is; `_NO_MATCH` for too many."""
    counts = np.full(entities.size, _NO_MATCH, dtype=np.int8)
    for allowed in range(allowed_typos(word), -1, -1):
        # Of two words run together, a second typo leaves too little.
        for field in (Field.JOINED_SYNOPSIS, Field.JOINED_NAME) if allowed < 2 else ():
            counts[terms.find(field, word, typos=allowed)] = allowed
        counts[terms.find(Field.NAME, word, typos=allowed)] = allowed
    if last:
        counts[terms.find(Field.NAME, word, prefix=True)] = 0
    counts[~view.entities] = _NO_MATCH
    return counts


def _explain_by_name(
    meant: dict[int, str], typos: list[Typos], unexplained: set[int], entities: Entities, view: View
) -> dict[int, str]:
    """The words that the likeliest name explains, by their place in the query."""
    places = sorted(unexplained)
    rows = np.stack([typos[place] for place in places])
    held = np.count_nonzero(rows != _NO_MATCH, axis=0)
    most = int(held.max(initial=0))
    if most == 0:
        return {}
    likeliest = _order_by_typos(held == most, np.where(rows == _NO_MATCH, 0, rows).sum(axis=0), most, entities, view)
    best: tuple[int, dict[int, str]] | None = None
    for ordinal in likeliest[:_CANDIDATES]:
        vocabulary = _list_vocabulary(int(ordinal), entities)
        explained: dict[int, str] = {}
        for place in places:
            if typos[place][ordinal] == 0 and not _is_joined(meant[place], vocabulary):
                explained[place] = meant[place]
            elif typos[place][ordinal] != _NO_MATCH and (nearest := find_nearest(meant[place], vocabulary)):
                explained[place] = vocabulary[nearest]
        strangers = sum(meaning[0] != meant[place][0] for place, meaning in explained.items())
        if explained and (best is None or strangers < best[0]):
            best = (strangers, explained)
    return best[1] if best else {}


def _order_by_typos(
    held: Mask, typos: npt.NDArray[np.int64], words: int, entities: Entities, view: View
) -> npt.NDArray[np.int64]:
    """All with the fewest typos: titles, genres, people; of each those of no more than `words` words first."""
    ordinals = np.flatnonzero(held)
    ordinals = ordinals[typos[ordinals] == typos[ordinals].min()]
    longer = np.array([entities.folded[ordinal].count(" ") >= words for ordinal in ordinals.tolist()], dtype=np.bool_)
    kinds = _LIKELIHOOD_OF_KIND[entities.kinds[ordinals]]
    keys = (entities.id_order[ordinals], -view.prominence[ordinals], longer, kinds)
    ordered: npt.NDArray[np.int64] = ordinals[np.lexsort(keys)]
    return ordered


def _list_vocabulary(ordinal: int, entities: Entities) -> dict[str, str]:
    """What can be read off an entity's text, mapped to how it is written."""
    vocabulary: dict[str, str] = {}
    for name in entities.list_names(ordinal):
        words = tuple(name.split())
        vocabulary |= join_words(words) | {word: word for word in words}
    card = entities.cards.get(ordinal)
    return (join_proper_names(card.synopsis) if card else {}) | vocabulary


def _is_joined(word: str, vocabulary: dict[str, str]) -> bool:
    return vocabulary.get(word, word) != word


def _stands_somewhere(word: str, terms: TermIndex, view: View) -> bool:
    return any(view.entities[terms.find(field, word)].any() for field in (Field.NAME, Field.SYNOPSIS))


def _explain_by_synopsis(word: str, terms: TermIndex, entities: Entities, view: View) -> str:
    for allowed in range(1, allowed_typos(word) + 1):
        found = terms.find(Field.SYNOPSIS, word, typos=allowed)
        seen = found[view.titles[found]]
        if seen.size:
            order = np.lexsort((entities.id_order[seen], -view.prominence[seen]))
            texts = (fold(entities.cards[int(ordinal)].synopsis) for ordinal in seen[order][:_CANDIDATES])
            return find_nearest(word, {held for text in texts for held in text.split()}) or word
    return word
