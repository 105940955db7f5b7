"""Likeness by columns against the formula written out, and what a viewer would expect of it."""

import math
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.domain.similarity import Likeness
from bff.domain.titles import AnyTitleCard
from tests.cards import make_film, make_series

GENRES = ("comedy", "drama", "western")
PEOPLE = ("ann", "bob", "cem", "dag", "eve")

traits = st.fixed_dictionaries(
    {
        "genres": st.lists(st.sampled_from(GENRES), unique=True),
        "people": st.lists(st.sampled_from(PEOPLE), max_size=6),
        "year": st.integers(1950, 2022),
        "popularity": st.floats(0, 3),
    }
)
catalogues = st.lists(st.tuples(st.booleans(), traits), min_size=1, max_size=12).map(
    lambda held: [
        make_film(f"title {place}", **trait) if is_film else make_series(f"title {place}", 1, **trait)
        for place, (is_film, trait) in enumerate(held)
    ]
)


def people_of(card: AnyTitleCard) -> set[str]:
    return {credit.person_id for credit in card.credits}


def score(card: AnyTitleCard, other: AnyTitleCard, cards: Sequence[AnyTitleCard]) -> float | None:
    """The formula of the docstring; None where the two share nothing."""
    counts = Counter(genre for each in cards for genre in each.genre_ids)
    weights = {genre: math.log(1 + len(cards) / count) ** 2 for genre, count in counts.items()}
    shared = set(card.genre_ids) & set(other.genre_ids)
    people = len(people_of(card) & people_of(other))
    if not shared and not people:
        return None
    norms = [math.sqrt(sum(weights[genre] for genre in each.genre_ids)) for each in (card, other)]
    return (
        (sum(weights[genre] for genre in shared) / (norms[0] * norms[1]) if shared else 0)
        + 0.25 * min(people, 3)
        + (0.15 if type(card) is type(other) else 0)
        + 0.15 * math.exp(-abs(card.release_year - other.release_year) / 8)
        + 0.1 * min(1.0, other.popularity)
    )


@given(catalogues, st.integers(1, 15))
def test_ranks_as_the_formula_says(cards: list[AnyTitleCard], limit: int) -> None:
    likeness = Likeness(cards)
    for card in cards:
        ranked = likeness.rank(card, limit)
        scores = {other.id: score(card, other, cards) for other in cards if other.id != card.id}
        alike = [value for value in scores.values() if value is not None]
        got = [scores[other.id] for other in ranked]
        assert len({other.id for other in ranked}) == len(ranked) == min(limit, len(alike))
        assert all(value is not None for value in got)
        for value, expected in zip(got, sorted(alike, reverse=True), strict=False):
            assert math.isclose(float(value or 0), expected, abs_tol=1e-9)


@given(catalogues)
def test_the_order_of_the_catalogue_does_not_matter(cards: list[AnyTitleCard]) -> None:
    turned = Likeness(reversed(cards))
    assert all(Likeness(cards).rank(card, 5) == turned.rank(card, 5) for card in cards)


@given(catalogues, traits)
def test_ranks_for_a_title_of_an_older_catalogue(cards: list[AnyTitleCard], trait: dict[str, object]) -> None:
    gone = make_film("gone", **{**trait, "genres": ["comedy", "silent"]})  # type: ignore[arg-type]
    for other in Likeness(cards).rank(gone, 5):
        assert "comedy" in other.genre_ids or people_of(gone) & people_of(other)


def test_a_rare_genre_says_more_than_a_common_one() -> None:
    common = [make_film(f"drama {number}", genres=["drama"]) for number in range(9)]
    rare = make_film("western", genres=["western"])
    card = make_film("both", genres=["drama", "western"])
    assert Likeness([*common, rare, card]).rank(card, 1) == [rare]


def test_an_empty_catalogue_has_nothing_alike() -> None:
    assert Likeness([]).rank(make_film("film", genres=["drama"], people=["ann"]), 5) == []


@given(catalogues, st.data())
def test_a_later_catalogue_is_compared_as_if_there_had_been_none_before(
    cards: list[AnyTitleCard], data: st.DataObject
) -> None:
    changed = [
        replace(card, synopsis="Other words.") for card in data.draw(st.lists(st.sampled_from(cards), max_size=2))
    ]
    changed += data.draw(st.lists(st.sampled_from(data.draw(catalogues)), max_size=2))
    removed = data.draw(st.sets(st.sampled_from([card.id for card in cards]), max_size=1))
    later = {card.id: card for card in cards if card.id not in removed} | {card.id: card for card in changed}
    likeness = Likeness(cards).replace(changed, removed - {card.id for card in changed})
    anew = Likeness(later.values())
    for card in later.values():
        assert list(likeness.rank(card, 20)) == list(anew.rank(card, 20))
