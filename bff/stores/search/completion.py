"""Completions of what is being typed: names, people and genres, the most prominent first."""

import numpy as np

from bff.domain.search import Suggestion
from bff.domain.words import allowed_typos
from bff.stores.search.entities import KIND_OF_ENTITY, PERSON, TITLE, Entities, Mask, View
from bff.stores.search.terms import Field, TermIndex


def complete(
    words: tuple[str, ...], terms: TermIndex, entities: Entities, view: View, limit: int
) -> tuple[Suggestion, ...]:
    """Names that begin with the words, then names that hold them; where there is none, names that nearly do."""
    if limit < 1:
        return ()
    query = " ".join(words)
    rest = [entities.mark(terms.find(Field.NAME, word)) for word in words[1:-1]]
    if len(words) > 1:
        rest.append(entities.mark(terms.find(Field.NAME, words[-1], prefix=True)))
    first = entities.mark(terms.find(Field.START, words[0], prefix=len(words) == 1))
    chosen = _choose(np.logical_and.reduce([first, view.entities, *rest]), query, entities, view, limit)
    if len(chosen) < limit:
        anywhere = entities.mark(terms.find(Field.NAME, words[0], prefix=len(words) == 1))
        others = _choose(np.logical_and.reduce([anywhere, view.entities, *rest]), query, entities, view, limit)
        chosen |= {key: suggestion for key, suggestion in others.items() if key not in chosen}
    if not chosen:
        nearly = [_begin_nearly(word, terms, entities) for word in words]
        chosen = _choose(np.logical_and.reduce([view.entities, *nearly]), query, entities, view, limit)
    return tuple(chosen.values())[:limit]


def _choose(mask: Mask, query: str, entities: Entities, view: View, limit: int) -> dict[tuple[str, int], Suggestion]:
    """The `limit` best of each kind, a person after every two titles, keyed by their text and kind to be told apart."""
    places: list[tuple[float, int]] = []
    for kind in range(len(KIND_OF_ENTITY)):
        ordinals = np.flatnonzero(mask & (entities.kinds == kind))
        order = np.lexsort((entities.id_order[ordinals], -view.prominence[ordinals]))
        chosen: dict[str, int] = {}
        for ordinal in ordinals[order]:
            chosen.setdefault(entities.folded[ordinal], int(ordinal))
            if len(chosen) == limit:
                break
        places += [
            (-1.0 if text == query else _place_between_kinds(kind, place), ordinal)
            for place, (text, ordinal) in enumerate(chosen.items())
        ]
    return {
        (entities.folded[ordinal], int(entities.kinds[ordinal])): Suggestion(
            text=entities.names[ordinal],
            kind=KIND_OF_ENTITY[entities.kinds[ordinal]],
            node_id=entities.ids[ordinal],
        )
        for _, ordinal in sorted(places)
    }


def _place_between_kinds(kind: int, place: int) -> float:
    if kind == TITLE:
        return float(place)
    return 2.0 * place + (1.5 if kind == PERSON else 0.5)


def _begin_nearly(word: str, terms: TermIndex, entities: Entities) -> Mask:
    typos = min(allowed_typos(word), 1)
    fields = (Field.NAME, Field.JOINED_NAME)
    return entities.mark(np.concatenate([terms.find(field, word, typos=typos, prefix=True) for field in fields]))
