"""What comes before what, and why, over a few made-up titles."""

import pytest

from bff.domain.ids import IdKind, derive_id
from bff.domain.search import MatchKind, SearchAnswer, explain_match
from bff.domain.titles import AnyTitleCard
from bff.stores.search import TitleIndex
from tests.search_catalogue import make_card, make_genres

GENRES = make_genres("Crime", "Comedies", "Anime", "Documentaries")
CARDS = [
    make_card("Crown", popularity=1),
    make_card("The Crown", popularity=9),
    make_card("Crown Prosecutor", popularity=2),
    make_card("Crowned", popularity=50),
    make_card("A Paper Crown", popularity=3),
    make_card("Kingdom", people=("Katie Crown", "Tom Hanks"), popularity=60),
    make_card("Palace", synopsis="Two sisters fight for the crown of a small country.", popularity=99),
    make_card("Robbers", people=("Tom Hanks",), genres=("Crime",), popularity=5),
    make_card("Thieves", genres=("Crime", "Comedies"), synopsis="A comedian at war.", popularity=6),
    make_card("True Crime", popularity=1),
    make_card("Money Heist", original_name="La casa de papel", popularity=8),
    make_card("Spider-Man", popularity=4),
    make_card("Fantômas", popularity=4),
    make_card("Stranger Things", popularity=70),
    make_card("Beyond Stranger Things", popularity=7),
    make_card("忍者ハットリくん", popularity=2),
    make_card("कभी अलविदा", popularity=2),
    make_card("الحب الأول", popularity=2),
    make_card("Twice", key="twice-1", popularity=2),
    make_card("Twice", key="twice-2", popularity=3),
    make_card("Weekend", synopsis="A comic walks the hills of San Francisco with his dog.", popularity=1),
]
BY_ID = {card.id: card for card in CARDS}
ALL = frozenset(BY_ID)


@pytest.fixture(scope="module")
def index() -> TitleIndex:
    return TitleIndex.build(CARDS, GENRES)


def names(answer: SearchAnswer) -> list[str]:
    return [BY_ID[hit.title_id].name for hit in answer.hits]


def without(*titles: str) -> frozenset[str]:
    return frozenset(card.id for card in CARDS if card.name not in titles)


async def test_kinds_of_matches_rank_before_popularity(index: TitleIndex) -> None:
    answer = await index.search("crown", visible=ALL)
    assert names(answer) == [
        "Crown",
        "The Crown",
        "Crown Prosecutor",
        "Crowned",
        "A Paper Crown",
        "Kingdom",
        "Palace",
    ]
    kinds = [hit.kind for hit in answer.hits]
    assert kinds == [MatchKind.NAME] * 5 + [MatchKind.PERSON, MatchKind.SYNOPSIS]


async def test_names_rank_before_genres(index: TitleIndex) -> None:
    answer = await index.search("crime", visible=ALL)
    assert names(answer) == ["True Crime", "Thieves", "Robbers"]
    assert [hit.kind for hit in answer.hits] == [MatchKind.NAME, MatchKind.GENRE, MatchKind.GENRE]


async def test_popularity_decides_among_equals_and_the_id_at_last(index: TitleIndex) -> None:
    answer = await index.search("twice", visible=ALL)
    assert [hit.popularity for hit in answer.hits] == [3, 2]
    for text in ("t", "crown", "crime", "the"):
        keys = [hit.key for hit in (await index.search(text, visible=ALL)).hits]
        assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("FANTOMAS", "Fantômas"),
        ("fantô", "Fantômas"),
        ("la casa", "Money Heist"),
        ("忍者", "忍者ハットリくん"),
        ("ハットリ", "忍者ハットリくん"),
        ("कभी", "कभी अलविदा"),
        ("अलवि", "कभी अलविदा"),
        ("الحُبّ", "الحب الأول"),
        ("stranger thi", "Stranger Things"),
        ("things stranger", "Stranger Things"),
        ("crime with tom hanks", "Robbers"),
        ("tom hanks movies", "Kingdom"),
    ],
)
async def test_found_as_typed(index: TitleIndex, typed: str, found: str) -> None:
    answer = await index.search(typed, visible=ALL)
    assert names(answer)[0] == found
    assert answer.corrected_query is None


@pytest.mark.parametrize(
    ("typed", "meant", "found"),
    [
        ("strnger things", "stranger things", "Stranger Things"),
        ("strangre thigns", "stranger things", "Stranger Things"),
        ("strangerthings", "stranger things", "Stranger Things"),
        ("spiderman", "spider man", "Spider-Man"),
        ("tom hancks", "tom hanks", "Kingdom"),
        ("sanfranciso", "san francisco", "Weekend"),
        ("comedis", "comedies", "Thieves"),
        ("two sistrs", "two sisters", "Palace"),
        ("fanto mas", "fantomas", "Fantômas"),
    ],
)
async def test_corrected(index: TitleIndex, typed: str, meant: str, found: str) -> None:
    answer = await index.search(typed, visible=ALL)
    assert answer.corrected_query == meant
    assert names(answer)[0] == found


async def test_short_words_are_not_corrected(index: TitleIndex) -> None:
    assert (await index.search("tim", visible=ALL)).hits == ()


async def test_some_of_the_words_will_do_where_no_title_holds_all(index: TitleIndex) -> None:
    answer = await index.search("stranger prosecutor zzyzx", visible=ALL)
    assert {"Crown Prosecutor", "Stranger Things"} <= set(names(answer))
    assert answer.corrected_query is None


async def test_people_whose_name_was_meant(index: TitleIndex) -> None:
    hanks, crown = (derive_id(IdKind.PERSON, name) for name in ("Tom Hanks", "Katie Crown"))
    assert (await index.search("tom hanks", visible=ALL)).person_ids == (hanks,)
    assert (await index.search("hanks", visible=ALL)).person_ids == (hanks,)
    assert (await index.search("tom hanks crime", visible=ALL)).person_ids == (hanks,)
    assert (await index.search("crown", visible=ALL)).person_ids == (crown,)
    assert (await index.search("crown", visible=without("Kingdom"))).person_ids == ()


async def test_facets_count_the_hits(index: TitleIndex) -> None:
    answer = await index.search("crime", visible=ALL)
    counts = {GENRES[facet.genre_id].name: facet.count for facet in answer.facets}
    assert counts == {"Crime": 2, "Comedies": 1}
    narrowed = await index.search("crime", visible=ALL, admits=lambda card: card.popularity > 5)
    assert names(narrowed) == ["Thieves"]
    assert {facet.count for facet in narrowed.facets} == {1}


async def test_a_filter_neither_corrects_nor_hides_people(index: TitleIndex) -> None:
    answer = await index.search("stranger things", visible=ALL, admits=lambda _: False)
    assert (answer.hits, answer.facets, answer.corrected_query) == ((), (), None)
    assert (await index.search("tom hanks", visible=ALL, admits=lambda _: False)).person_ids


async def test_hidden_titles_teach_nothing(index: TitleIndex) -> None:
    visible = without("Stranger Things", "Beyond Stranger Things")
    for typed in ("stranger things", "strnger things", "strangerthings"):
        answer = await index.search(typed, visible=visible)
        assert answer.corrected_query is None
        assert answer.hits == ()
    for prefix in ("stranger", "strang", "strnage", "thing"):
        assert await index.suggest(prefix, visible=visible) == ()


@pytest.mark.parametrize("typed", ["", " ", "?!", "&", "🎬", "\x00"])
async def test_text_without_a_word_finds_nothing(index: TitleIndex, typed: str) -> None:
    assert (await index.search(typed, visible=ALL)).hits == ()
    assert await index.suggest(typed, visible=ALL) == ()


async def test_nothing_visible_finds_nothing(index: TitleIndex) -> None:
    assert (await index.search("crown", visible=frozenset())).hits == ()
    assert (await index.search("crown", visible=frozenset({"tit_unknown"}))).hits == ()
    assert await index.suggest("crown", visible=frozenset()) == ()


async def test_suggestions_begin_with_the_text_before_they_hold_it(index: TitleIndex) -> None:
    texts = [suggestion.text for suggestion in await index.suggest("c", visible=ALL)]
    assert texts[:2] == ["Crowned", "Crime"]
    texts = [suggestion.text for suggestion in await index.suggest("thi", visible=ALL)]
    assert texts == ["Thieves", "Stranger Things", "Beyond Stranger Things"]


async def test_suggestions_name_titles_people_and_genres(index: TitleIndex) -> None:
    (person,) = await index.suggest("tom h", visible=ALL)
    assert (person.text, person.kind, person.node_id) == (
        "Tom Hanks",
        MatchKind.PERSON,
        derive_id(IdKind.PERSON, "Tom Hanks"),
    )
    genre = (await index.suggest("crime", visible=ALL))[0]
    assert (genre.text, genre.kind) == ("Crime", MatchKind.GENRE)


async def test_suggestions_are_told_apart_and_limited(index: TitleIndex) -> None:
    (twice,) = await index.suggest("twic", visible=ALL)
    assert twice.node_id == derive_id(IdKind.TITLE, "twice-2")
    assert len(await index.suggest("c", visible=ALL, limit=2)) == 2
    assert await index.suggest("c", visible=ALL, limit=0) == ()


async def test_suggestions_forgive_a_typo(index: TitleIndex) -> None:
    texts = [suggestion.text for suggestion in await index.suggest("strnag", visible=ALL)]
    assert texts == ["Stranger Things", "Beyond Stranger Things"]


@pytest.mark.parametrize(
    ("typed", "title", "kind", "text"),
    [
        ("casa", "Money Heist", MatchKind.NAME, "La casa de papel"),
        ("heist", "Money Heist", MatchKind.NAME, "Money Heist"),
        ("hanks", "Kingdom", MatchKind.PERSON, "Tom Hanks"),
        ("comed", "Thieves", MatchKind.GENRE, "Comedies"),
        ("sisters", "Palace", MatchKind.SYNOPSIS, "Two sisters fight for the crown of a small country."),
    ],
)
async def test_matches_are_explained(index: TitleIndex, typed: str, title: str, kind: MatchKind, text: str) -> None:
    answer = await index.search(typed, visible=ALL)
    card: AnyTitleCard = next(BY_ID[hit.title_id] for hit in answer.hits if BY_ID[hit.title_id].name == title)
    hit = next(hit for hit in answer.hits if hit.title_id == card.id)
    match = explain_match(card, hit.kind, answer.words, GENRES)
    assert (match.kind, match.text) == (kind, text)
