"""Lists of the catalogue: browsing by filter and order, trending, genres and people, paged through to their ends."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bff.domain.titles import AnyTitleCard, MaturityRating, MovieCard, SeriesCard
from bff.domain.visibility import Audience
from bff.domain.words import fold
from tests.demo_titles import ADULT, open_cards
from tests.live import Demo
from tests.pages import PAGE, read_nodes, read_pages

BROWSE = f"""query ($filter: BrowseFilter, $sort: BrowseSort, $first: Int, $after: String) {{
    browse(filter: $filter, sort: $sort, first: $first, after: $after) {{ totalCount {PAGE} node {{ id }} }} }} }}"""

ORDERS: dict[str, Callable[[AnyTitleCard], Any]] = {
    "POPULARITY": lambda card: (-card.popularity, card.id),
    "RATING": lambda card: (-(-1 if card.average_rating is None else card.average_rating), -card.popularity, card.id),
    "RELEASED": lambda card: (-card.release_year, -card.popularity, card.id),
    "ADDED": lambda card: (-card.added_at.timestamp(), -card.popularity, card.id),
    "NAME": lambda card: (fold(card.name), card.id),
}


async def browse(demo: Demo, region: str = "US", **variables: Any) -> list[str]:
    """The ids of all pages; `totalCount` is checked on each."""
    viewer = await demo.make_viewer(region=region)
    totals, ids = set(), []
    async for page in read_pages(viewer, BROWSE, "browse", **variables):
        totals.add(page["totalCount"])
        ids += [edge["node"]["id"] for edge in page["edges"]]
    assert totals == {len(ids)}
    return ids


def ids_of(cards: list[AnyTitleCard]) -> list[str]:
    return [card.id for card in cards]


@pytest.mark.parametrize("sort", ORDERS)
async def test_browses_everything_once_in_order(demo: Demo, sort: str) -> None:
    ids = await browse(demo, sort=sort, first=75)
    assert ids == ids_of(sorted(open_cards(demo), key=ORDERS[sort]))


def genre_with_slug(demo: Demo, slug: str) -> str:
    return next(genre.id for genre in demo.services.follower.catalogue.genres.values() if genre.slug == slug)


FILTERS: dict[str, tuple[Callable[[Demo], dict[str, Any]], Callable[[Demo, AnyTitleCard], bool]]] = {
    "genre": (
        lambda demo: {"genre": genre_with_slug(demo, "western")},
        lambda demo, card: genre_with_slug(demo, "western") in card.genre_ids,
    ),
    "type movie": (
        lambda _: {"type": "MOVIE", "releasedFrom": 2019},
        lambda _, card: isinstance(card, MovieCard) and card.release_year >= 2019,
    ),
    "type series": (
        lambda _: {"type": "SERIES", "releasedTo": 2010},
        lambda _, card: isinstance(card, SeriesCard) and card.release_year <= 2010,
    ),
    "maturity": (
        lambda _: {"maturityAtMost": "AGE_7"},
        lambda _, card: card.maturity <= MaturityRating.AGE_7,
    ),
    "maturity all": (lambda _: {"maturityAtMost": "ALL"}, lambda _, card: card.maturity == MaturityRating.ALL),
    "one year": (lambda _: {"releasedFrom": 2015, "releasedTo": 2015}, lambda _, card: card.release_year == 2015),
    "language": (lambda _: {"language": "es"}, lambda _, card: card.original_language == "es"),
    "language in capitals": (lambda _: {"language": "ES"}, lambda _, card: card.original_language == "es"),
    "all at once": (
        lambda demo: {
            "genre": genre_with_slug(demo, "drama"),
            "type": "SERIES",
            "maturityAtMost": "AGE_13",
            "releasedFrom": 2000,
            "releasedTo": 2020,
            "language": "en",
        },
        lambda demo, card: (
            genre_with_slug(demo, "drama") in card.genre_ids
            and isinstance(card, SeriesCard)
            and card.maturity <= MaturityRating.AGE_13
            and 2000 <= card.release_year <= 2020
            and card.original_language == "en"
        ),
    ),
    "nulls do not narrow": (
        lambda _: {
            "genre": None,
            "type": None,
            "maturityAtMost": None,
            "releasedFrom": None,
            "releasedTo": 1990,
            "language": None,
        },
        lambda _, card: card.release_year <= 1990,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("sort", ["POPULARITY", "NAME"])
async def test_filters_narrow_what_is_browsed(demo: Demo, name: str, sort: str) -> None:
    write_filter, holds = FILTERS[name]
    expected = [card for card in sorted(open_cards(demo), key=ORDERS[sort]) if holds(demo, card)]
    assert expected
    assert await browse(demo, filter=write_filter(demo), sort=sort, first=75) == ids_of(expected)


@pytest.mark.parametrize(
    "impossible",
    [
        {"genre": "gen_aaaaaaaaaaaaaaaa"},
        {"genre": ""},
        {"releasedFrom": 2020, "releasedTo": 2010},
        {"language": "xx"},
        {"language": "e"},
        {"language": ""},
    ],
)
async def test_a_filter_that_nothing_passes_gives_an_empty_page(demo: Demo, impossible: dict[str, Any]) -> None:
    assert await browse(demo, filter=impossible) == []


async def test_what_is_left_out_or_null_is_by_popularity(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    query = (
        "{ plain: browse { ...P } empty: browse(filter: {}) { ...P } nulls: browse(filter: null, sort: null) { ...P } }"
    )
    answer = await viewer.fetch(query + " fragment P on TitleConnection { edges { node { id } } }")
    first_page = [{"node": {"id": card.id}} for card in open_cards(demo)[:20]]
    assert [answer[name]["edges"] for name in ("plain", "empty", "nulls")] == [first_page] * 3


@pytest.mark.parametrize("region", ["GB", "IN", "JP", "BR"])
async def test_browses_what_the_region_has(demo: Demo, region: str) -> None:
    audience = Audience(region=region, ceiling=MaturityRating.AGE_18)
    western = {"genre": genre_with_slug(demo, "horror")}
    expected = [card for card in open_cards(demo, audience) if western["genre"] in card.genre_ids]
    assert await browse(demo, region, filter=western, first=75) == ids_of(expected)


async def test_trending_is_the_shelf_by_popularity(demo: Demo) -> None:
    query = f"""query ($first: Int, $after: String) {{
        trending(first: $first, after: $after) {{ {PAGE} node {{ id }} }} }} }}"""
    nodes = await read_nodes(await demo.make_viewer(), query, "trending", first=75)
    assert [node["id"] for node in nodes] == ids_of(list(open_cards(demo)))


async def test_genres_are_those_with_something_to_watch(demo: Demo) -> None:
    adult = (await (await demo.make_viewer()).fetch("{ genres { id name } }"))["genres"]
    assert [genre["name"] for genre in adult] == sorted(genre["name"] for genre in adult)
    counts = Counter(genre for card in open_cards(demo) for genre in card.genre_ids)
    assert {genre["id"] for genre in adult} == set(counts)
    kids = await demo.make_viewer(ceiling=MaturityRating.ALL, is_kids=True)
    audience = Audience(region="US", ceiling=MaturityRating.ALL)
    counts = Counter(genre for card in open_cards(demo, audience) for genre in card.genre_ids)
    shown = (await kids.fetch("{ genres { id } }"))["genres"]
    assert {genre["id"] for genre in shown} == set(counts) < {genre["id"] for genre in adult}


async def test_a_genre_lists_its_titles(demo: Demo) -> None:
    identifier = genre_with_slug(demo, "western")
    query = f"""query ($id: ID!, $first: Int, $after: String) {{ node(id: $id) {{ ... on Genre {{ name
        titles(first: $first, after: $after) {{ totalCount {PAGE} node {{ id }} }} }} }} }} }}"""
    nodes = await read_nodes(await demo.make_viewer(), query, "node", "titles", id=identifier, first=9)
    assert [node["id"] for node in nodes] == ids_of([card for card in open_cards(demo) if identifier in card.genre_ids])


async def test_a_person_lists_the_titles_that_credit_them(demo: Demo) -> None:
    counts = Counter(person for card in open_cards(demo) for person in {credit.person_id for credit in card.credits})
    identifier, count = counts.most_common(1)[0]
    query = f"""query ($id: ID!, $first: Int, $after: String) {{ node(id: $id) {{ ... on Person {{ name bio
        titles(first: $first, after: $after) {{ totalCount {PAGE} node {{ id }} }} }} }} }} }}"""
    nodes = await read_nodes(await demo.make_viewer(), query, "node", "titles", id=identifier, first=5)
    credited = [card for card in open_cards(demo) if any(credit.person_id == identifier for credit in card.credits)]
    assert [node["id"] for node in nodes] == ids_of(credited)
    assert len(nodes) == count > 5


@pytest.mark.parametrize("after", ["", "nonsense", "AAAA", "x" * 600, "k6h0cmVuZGluZw", "☃", "gaZicm93c2U"])
async def test_a_cursor_that_is_none_is_refused(demo: Demo, after: str) -> None:
    viewer = await demo.make_viewer()
    answer = await viewer.run(BROWSE, {"after": after})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "`after` is no cursor of this list" in answer.body["errors"][0]["message"]
    assert answer.body["data"] == {"browse": None}


async def test_a_cursor_of_another_order_is_refused(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    page = (await viewer.fetch(BROWSE, sort="NAME", first=1))["browse"]
    answer = await viewer.run(BROWSE, {"sort": "RATING", "after": page["pageInfo"]["endCursor"]})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_page_of_none_goes_nowhere(demo: Demo) -> None:
    page = (await (await demo.make_viewer()).fetch(BROWSE, first=0))["browse"]
    assert page["edges"] == []
    assert page["totalCount"] == len(open_cards(demo, ADULT))
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
