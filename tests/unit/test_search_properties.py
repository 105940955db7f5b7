"""What holds for any text and any viewer: no error, nothing hidden, nothing learnt of what is hidden."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from bff.domain.search import explain_match
from bff.domain.titles import AnyTitleCard
from bff.stores.search import TitleIndex
from tests.search_catalogue import make_card, make_genres

GENRES = make_genres("Crime", "Anime", "Comedies", "Drama")
WORDS = ("stranger", "strange", "things", "thing", "crown", "crime", "tom", "hanks", "banks", "the", "忍者", "kabhi")
TITLES = [
    make_card(
        f"{first.title()} {WORDS[(place * 5 + 3) % len(WORDS)]}",
        key=f"{place}",
        synopsis=f"The {WORDS[(place * 7 + 1) % len(WORDS)]} of San Francisco meets {WORDS[place * 3 % len(WORDS)]}.",
        people=(f"Tom {WORDS[(place * 11 + 2) % len(WORDS)].title()}", f"Ann {first.title()}"),
        genres=(("Crime", "Anime", "Comedies", "Drama")[place % 4],),
        popularity=place % 5,
    )
    for place, first in enumerate(WORDS * 3)
]
typed_texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet='+-&|!(){}[]^"~*?:\\/ ab', max_size=60),
    st.lists(st.sampled_from([*WORDS, "strnger", "hancks", "sanfranciso", "tomhanks", "comedis", "t"]), max_size=4).map(
        " ".join
    ),
)
shelves = st.sets(st.sampled_from(range(len(TITLES)))).map(lambda places: [TITLES[place] for place in sorted(places)])


@cache
def whole_index() -> TitleIndex:
    return TitleIndex.build(TITLES, GENRES)


@settings(deadline=None)
@given(typed_texts)
async def test_any_text_is_answered_and_explained(text: str) -> None:
    cards = {card.id: card for card in TITLES}
    answer = await whole_index().search(text, visible=frozenset(cards))
    for hit in answer.hits:
        match = explain_match(cards[hit.title_id], hit.kind, answer.words, GENRES)
        assert match.kind is hit.kind
        assert match.text
    keys = [hit.key for hit in answer.hits]
    assert keys == sorted(set(keys))
    await whole_index().suggest(text, visible=frozenset(cards))


async def test_hostile_texts_are_answered() -> None:
    visible = frozenset(card.id for card in TITLES)
    hostile = ["name:[a TO z]", '"unclosed', "tom AND (", "*", "a*" * 5000, "x" * 10_000, "'; DROP TABLE title; --"]
    for text in [*hostile, "\ud800 tom", "\u202etom", "tom " * 3000, "ﷺ" * 200, "\u0301" * 300]:
        await whole_index().search(text, visible=visible)
        await whole_index().suggest(text, visible=visible)


@settings(deadline=None)
@given(typed_texts, shelves)
async def test_only_what_is_visible_is_named(text: str, shelf: list[AnyTitleCard]) -> None:
    visible = frozenset(card.id for card in shelf)
    people = {credit.person_id for card in shelf for credit in card.credits}
    genres = {genre_id for card in shelf for genre_id in card.genre_ids}
    answer = await whole_index().search(text, visible=visible)
    assert {hit.title_id for hit in answer.hits} <= visible
    assert set(answer.person_ids) <= people
    assert {facet.genre_id for facet in answer.facets} <= genres
    assert sum(facet.count for facet in answer.facets) == len(answer.hits)
    suggestions = await whole_index().suggest(text, visible=visible)
    assert {suggestion.node_id for suggestion in suggestions} <= visible | people | genres


@settings(deadline=None, max_examples=50)
@given(st.lists(typed_texts, min_size=1, max_size=4), shelves)
async def test_an_answer_is_that_of_a_catalogue_without_the_hidden_titles(
    texts: list[str], shelf: list[AnyTitleCard]
) -> None:
    visible = frozenset(card.id for card in shelf)
    narrow = TitleIndex.build(shelf, GENRES)
    for text in texts:
        assert await whole_index().search(text, visible=visible) == await narrow.search(text, visible=visible)
        assert await whole_index().suggest(text, visible=visible) == await narrow.suggest(text, visible=visible)
