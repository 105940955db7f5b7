"""A catalogue that changed title by title answers everything as one that is made anew; and nothing holds an old one."""

import asyncio
import gc
import weakref
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from bff.domain.titles import (
    AnyTitleCard,
    Credit,
    CreditRole,
    Genre,
    LicenceWindow,
    MaturityRating,
    TrailerCard,
)
from bff.domain.video import VideoState
from bff.domain.visibility import Audience
from bff.stores.snapshot import KIDS_GENRE, LEAST_FOR_KIDS, Catalogue
from tests.cards import NOON, make_film, make_series

DAY = timedelta(days=1)
GENRES = [
    Genre(id="gen_kids", slug=KIDS_GENRE, name="Children"),
    *(Genre(id=f"gen_{name}", slug=name, name=name.title()) for name in ("war", "love")),
]
PEOPLE = {f"per_{name}": name for name in ("Ann Lee", "Bo Ek", "Cem Ay", "Dag Lee")}
WORDS = ("quiet", "river", "stone", "night")
TEXTS = ("quiet", "river night", "ann", "lee", "love", "stne", "ni")
AUDIENCES = [
    Audience(region="US", ceiling=MaturityRating.AGE_18),
    Audience(region="GB", ceiling=MaturityRating.AGE_18),
    Audience(region="US", ceiling=MaturityRating.AGE_7),
    Audience(region="US", ceiling=MaturityRating.AGE_7, is_kids=True),
]
# One fewer than kids are shown by themselves, so that changes go past the number in both directions.
BASE = [make_film(f"kids {number}", genres=["gen_kids"], popularity=number / 64) for number in range(LEAST_FOR_KIDS)]

windows = st.dictionaries(
    st.sampled_from(("US", "GB")),
    st.builds(
        lambda opens, length: LicenceWindow(NOON + opens * DAY, NOON + (opens + length) * DAY if length else None),
        st.integers(-3, 3),
        st.none() | st.integers(1, 4),
    ),
)


def make(title_id: str, traits: Mapping[str, Any]) -> AnyTitleCard:
    seasons, people = traits["seasons"], traits["people"]
    plain = {name: traits[name] for name in ("genres", "year", "popularity", "windows")}
    card = make_series(title_id, *seasons, **plain) if seasons else make_film(title_id, **plain)
    return replace(
        card,
        name=" ".join(traits["name"]),
        synopsis=" ".join(traits["synopsis"]),
        maturity=traits["maturity"],
        is_hidden=traits["is_hidden"],
        credits=tuple(Credit(person, PEOPLE[person], role) for person, role in people),
        **({} if seasons else {"video_state": traits["video_state"]}),
        trailers=tuple(TrailerCard(id=f"{title_id} {name}", name=name) for name in traits["trailers"]),
    )


cards = st.fixed_dictionaries(
    {
        "name": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
        "synopsis": st.lists(st.sampled_from(WORDS), max_size=3),
        "genres": st.lists(st.sampled_from([genre.id for genre in GENRES]), unique=True),
        "people": st.lists(st.tuples(st.sampled_from(sorted(PEOPLE)), st.sampled_from(CreditRole)), max_size=4),
        "year": st.sampled_from((1990, 2020)),
        "popularity": st.sampled_from((0.0, 0.25, 0.5, 2.0)),
        "maturity": st.sampled_from((MaturityRating.ALL, MaturityRating.AGE_18)),
        "is_hidden": st.booleans(),
        "windows": windows,
        "video_state": st.sampled_from((VideoState.NONE, VideoState.READY)),
        "trailers": st.sets(st.sampled_from(("first", "second"))),
        "seasons": st.lists(st.integers(0, 2), max_size=2),
    }
)
titles = st.sampled_from([*(f"title {number}" for number in range(5)), BASE[0].id, BASE[-1].id])
steps = st.tuples(
    st.dictionaries(titles, st.none() | cards, max_size=4), st.integers(0, 4), st.sets(st.sampled_from(AUDIENCES))
)


async def observe(catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """All that it answers."""
    shelves = [catalogue.shelve(audience, now) for audience in AUDIENCES]
    return {
        "cards": catalogue.cards,
        "by popularity": catalogue.by_popularity,
        "playing": catalogue.playing,
        "people": catalogue.people,
        "titles by person": catalogue.titles_by_person,
        "seasons": catalogue.seasons,
        "episodes": catalogue.episodes,
        "trailers": catalogue.trailers,
        "genres": list(catalogue.genres.values()),
        "genre lists": catalogue.genre_lists.list_values(catalogue.by_popularity),
        "shelves": [{name: value for name, value in asdict(shelf).items() if name not in KEPT} for shelf in shelves],
        "similar": [catalogue.similar_to(card) for card in catalogue.by_popularity],
        "found": [await catalogue.index.search(text, visible=shelf.ids) for text in TEXTS for shelf in shelves],
        "suggested": [await catalogue.index.suggest(text, visible=shelf.ids) for text in TEXTS for shelf in shelves],
    }


KEPT = frozenset({"since", "kept"})
"""Of a shelf: when it was judged, and what was made of it."""


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, min_size=1, max_size=4))
def test_changed_title_by_title_or_made_anew(taken: list[tuple[dict[str, Any], int, set[Audience]]]) -> None:
    catalogue = Catalogue.build(0, BASE, GENRES)
    held = {card.id: card for card in BASE}
    now = NOON
    for version, (changes, hours, asked) in enumerate(taken, start=1):
        for audience in asked:  # shelves of others are older
            catalogue.shelve(audience, now)
        now += hours * DAY / 4
        changed = [make(title_id, traits) for title_id, traits in changes.items() if traits is not None]
        removed = [title_id for title_id, traits in changes.items() if traits is None]
        catalogue = catalogue.apply(version, changed, removed, GENRES)
        held = {title_id: card for title_id, card in held.items() if title_id not in removed}
        held |= {card.id: card for card in changed}
    anew = Catalogue.build(len(taken), held.values(), GENRES)
    assert asyncio.run(observe(catalogue, now)) == asyncio.run(observe(anew, now))


def build(*cards: AnyTitleCard) -> Catalogue:
    return Catalogue.build(1, [*BASE, *cards], GENRES)


@pytest.mark.parametrize(
    "change",
    [{"windows": {}}, {"synopsis": "Other words."}, {"popularity": 9.0}, {"genre_ids": ("gen_war",)}],
    ids=lambda change: next(iter(change)),
)
async def test_operations_go_on_with_the_catalogue_that_they_began_with(change: dict[str, Any]) -> None:
    film = make_film("film", genres=["gen_love"], people=["per_Ann Lee"])
    catalogue, untouched = build(film), build(film)
    catalogue.apply(2, [replace(film, **change)], [BASE[0].id], GENRES)
    assert await observe(catalogue, NOON) == await observe(untouched, NOON)


def test_a_shelf_stays_with_all_that_was_kept_by_it_where_a_change_is_nothing_to_its_audience() -> None:
    film = replace(make_film("film"), maturity=MaturityRating.AGE_18)
    catalogue = build(film)
    adults, children = (catalogue.shelve(audience, NOON) for audience in (AUDIENCES[0], AUDIENCES[2]))
    later = catalogue.apply(2, [replace(film, name="Other")], [], GENRES)
    later = later.apply(3, [replace(film, is_hidden=True)], [], GENRES)
    assert later.shelve(AUDIENCES[2], NOON) is children
    assert later.shelve(AUDIENCES[0], NOON).ids == adults.ids - {"film"}


def test_an_old_catalogue_goes_by_itself_when_its_last_operation_has_ended() -> None:
    """Without a collection: those pass over what lives as long as a catalogue."""
    film = make_film("film", genres=["gen_love"])
    catalogue = build(film)
    asyncio.run(observe(catalogue, NOON))
    old = weakref.ref(catalogue)
    gc.disable()
    try:
        catalogue = catalogue.apply(2, [replace(film, is_hidden=True)], [], GENRES)
        assert old() is None
    finally:
        gc.enable()
