"""What viewers really type, over the demo's titles."""

import pytest

from bff.domain.search import SearchAnswer, explain_match
from bff.domain.titles import AnyTitleCard, Genre, MaturityRating
from bff.stores.search import TitleIndex
from tests.search_catalogue import read_demo_cards


class Demo:
    """The index with what its answers are read by."""

    def __init__(self) -> None:
        cards, self.genres = read_demo_cards()
        self.index = TitleIndex.build(cards, self.genres)
        self.cards: dict[str, AnyTitleCard] = {card.id: card for card in cards}
        self.all = frozenset(self.cards)
        self.for_children = frozenset(card.id for card in cards if card.maturity <= MaturityRating.AGE_7)

    def list_names(self, answer: SearchAnswer) -> list[str]:
        return [self.cards[hit.title_id].name for hit in answer.hits]


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo()


@pytest.mark.parametrize(
    ("typed", "first", "corrected"),
    [
        ("breaking bad", "Breaking Bad", None),
        ("breakingbad", "Breaking Bad", "breaking bad"),
        ("braking bad", "Breaking Bad", "breaking bad"),
        ("strnger things", "Stranger Things", "stranger things"),
        ("incepton", "Inception", "inception"),
        ("narcs", "Narcos", "narcos"),
        ("house of crds", "House of Cards", "house of cards"),
        ("la casa", "La casa de papel", None),
        ("忍者", "忍者ハットリくん", None),
        ("마녀", "마녀사냥", None),
        ("dark crystl age", "The Dark Crystal: Age of Resistance", "dark crystal age"),
    ],
)
async def test_first_hit(demo: Demo, typed: str, first: str, corrected: str | None) -> None:
    answer = await demo.index.search(typed, visible=demo.all)
    assert demo.list_names(answer)[0] == first
    assert answer.corrected_query == corrected


async def test_names_in_other_spellings(demo: Demo) -> None:
    names = demo.list_names(await demo.index.search("kabhi", visible=demo.all))
    assert len(names) >= 3
    assert all("Kabhi" in name for name in names[:3])
    names = demo.list_names(await demo.index.search("pokemon", visible=demo.all))
    assert all("Pokémon" in name for name in names[:5])


async def test_people(demo: Demo) -> None:
    for typed in ("tom hanks", "tom hancks", "tom hanks movies"):
        answer = await demo.index.search(typed, visible=demo.all)
        hits = [demo.cards[hit.title_id] for hit in answer.hits]
        assert len(hits) >= 8
        assert all("Tom Hanks" in [credit.name for credit in card.credits] for card in hits[:8])
        (person_id,) = answer.person_ids
        assert explain_match(hits[0], answer.hits[0].kind, answer.words, demo.genres).text == "Tom Hanks"
        assert person_id in {credit.person_id for credit in hits[0].credits}


async def test_genre(demo: Demo) -> None:
    answer = await demo.index.search("anime", visible=demo.all)
    anime: Genre = next(genre for genre in demo.genres.values() if genre.name == "Anime")
    facet = next(facet for facet in answer.facets if facet.genre_id == anime.id)
    labelled = sum(anime.id in card.genre_ids for card in demo.cards.values())
    assert facet.count == labelled > 100


async def test_words_run_together_in_a_synopsis(demo: Demo) -> None:
    answer = await demo.index.search("sanfranciso", visible=demo.all)
    assert answer.corrected_query == "san francisco"
    assert "Fruitvale Station" in demo.list_names(answer)


async def test_children_learn_nothing_of_what_is_hidden(demo: Demo) -> None:
    hidden_people = {
        credit.person_id for title_id in demo.all - demo.for_children for credit in demo.cards[title_id].credits
    } - {credit.person_id for title_id in demo.for_children for credit in demo.cards[title_id].credits}
    for typed in ("breaking bad", "braking bad", "narcs", "strnger things", "breakingbad", "walter whte", "aaron paul"):
        answer = await demo.index.search(typed, visible=demo.for_children)
        assert {hit.title_id for hit in answer.hits} <= demo.for_children
        assert not hidden_people & set(answer.person_ids)
        assert answer.corrected_query not in ("breaking bad", "narcos", "stranger things")
    for prefix in ("narc", "breaking b", "stranger th", "strangre"):
        for suggestion in await demo.index.suggest(prefix, visible=demo.for_children):
            assert suggestion.node_id not in demo.all - demo.for_children
            assert suggestion.node_id not in hidden_people


async def test_suggestions(demo: Demo) -> None:
    texts = [suggestion.text for suggestion in await demo.index.suggest("stranger th", visible=demo.all)]
    assert "Stranger Things" in texts
    texts = [suggestion.text for suggestion in await demo.index.suggest("tom ha", visible=demo.all)]
    assert "Tom Hanks" in texts
