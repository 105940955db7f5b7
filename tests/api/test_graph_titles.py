"""Titles as the graph shows them: texts, people, badges, availability, URLs, similar ones, and unknown ids."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bff.app import build_app
from bff.domain import badges
from bff.domain.titles import CreditRole, MaturityRating, MovieCard, SeriesCard
from bff.stores.profile_state import add_to_list, change_state
from tests.demo_titles import ADULT, find_card, has_episodes, open_cards
from tests.http_server import serve_to_client
from tests.live import Client, Demo
from tests.pages import PAGE, read_nodes

UNKNOWN = [
    "tit_aaaaaaaaaaaaaaaa",
    "epi_aaaaaaaaaaaaaaaa",
    "gen_a",
    "",
    "tit_",
    "x" * 65,
    "pro_1",
    "☃",
    "tit_\n",
    "null",
]


async def test_shows_what_the_catalogue_says_of_a_film(demo: Demo) -> None:
    card = find_card(demo, MovieCard, lambda card: bool(card.genre_ids) and card.average_rating is not None)
    title = (
        await (await demo.make_viewer()).fetch(
            """query ($id: ID!) { title(id: $id) { __typename id name originalName originalLanguage releaseYear
            maturityRating certificate averageRating ratingCount genres { id name } match myRating isInMyList
            trailers { id } preview { url } progress { position }
            ... on Movie { title { id } label duration video next { id } thumbnails { interval } audioTracks { kind }
            subtitles { kind } renditions { quality } skipMarkers { kind } } } }""",
            id=card.id,
        )
    )["title"]
    genres = demo.services.follower.catalogue.genres
    assert title == {
        "__typename": "Movie",
        "id": card.id,
        "name": card.name,
        "originalName": card.original_name,
        "originalLanguage": card.original_language,
        "releaseYear": card.release_year,
        "maturityRating": card.maturity.name,
        "certificate": card.certificate,
        "averageRating": card.average_rating,
        "ratingCount": card.rating_count,
        "genres": [{"id": identifier, "name": genres[identifier].name} for identifier in card.genre_ids],
        "match": None,
        "myRating": None,
        "isInMyList": False,
        "trailers": [],
        "preview": None,
        "progress": None,
        "title": {"id": card.id},
        "label": None,
        "duration": card.duration,
        "video": "NONE",
        "next": None,
        "thumbnails": None,
        "audioTracks": [],
        "subtitles": [],
        "renditions": [],
        "skipMarkers": [],
    }


async def test_says_the_language_of_the_original_sound_where_it_is_known(demo: Demo) -> None:
    for known in (True, False):
        card = find_card(demo, SeriesCard, lambda card, known=known: (card.original_language is not None) is known)  # type: ignore[misc]
        viewer = await demo.make_viewer()
        answer = await viewer.fetch("query ($id: ID!) { title(id: $id) { originalLanguage originalName } }", id=card.id)
        assert answer["title"] == {"originalLanguage": card.original_language, "originalName": card.original_name}


async def test_lists_credits_by_role(demo: Demo) -> None:
    card = find_card(
        demo,
        MovieCard,
        lambda card: len(card.credits) > 20 and {credit.role for credit in card.credits} > {CreditRole.DIRECTOR},
    )
    title = (
        await (await demo.make_viewer()).fetch(
            """query ($id: ID!) { title(id: $id) {
            credits { ...C } all: credits(first: 100) { ...C } two: credits(first: 2) { ...C }
            none: credits(first: 0) { ...C } unset: credits(role: null, first: null) { ...C }
            directors: credits(role: DIRECTOR) { ...C } writers: credits(role: WRITER) { ...C } } }
            fragment C on Credit { role character person { id name photo { url } } }""",
            id=card.id,
        )
    )["title"]
    billed = [(credit.person_id, credit.name, credit.role.value, credit.character) for credit in card.credits]

    def read(shown: list[dict[str, Any]]) -> list[tuple[str, str, str, str | None]]:
        return [(held["person"]["id"], held["person"]["name"], held["role"], held["character"]) for held in shown]

    assert read(title["all"]) == billed
    assert read(title["credits"]) == read(title["unset"]) == billed[:20]
    assert read(title["two"]) == billed[:2]
    assert title["none"] == title["writers"] == []
    assert read(title["directors"]) == [credit for credit in billed if credit[2] == "DIRECTOR"]
    assert all(held["person"]["photo"]["url"].startswith("/images/per_") for held in title["credits"])


async def test_a_character_is_named_where_the_catalogue_knows_it(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: any(credit.character for credit in card.credits))
    title = await (await demo.make_viewer()).fetch(
        "query ($id: ID!) { title(id: $id) { credits(first: 100) { character } } }", id=card.id
    )
    assert [held["character"] for held in title["title"]["credits"]] == [credit.character for credit in card.credits]


@pytest.mark.parametrize(
    ("device_class", "length", "is_short"),
    [
        ("TV", None, False),
        ("WEB", None, False),
        ("MOBILE", None, True),
        ("TABLET", None, True),
        ("TV", "AUTO", False),
        ("MOBILE", "AUTO", True),
        ("TV", "SHORT", True),
        ("MOBILE", "FULL", False),
        ("TABLET", "FULL", False),
    ],
)
async def test_shortens_the_synopsis_for_the_device(
    demo: Demo, device_class: str, length: str | None, is_short: bool
) -> None:
    card = find_card(demo, MovieCard, lambda card: len(card.synopsis) > 130)
    client = (await demo.make_viewer()).with_headers(X_Device_Class=device_class)
    query = "query ($id: ID!, $length: SynopsisLength) { title(id: $id) { synopsis(length: $length) } }"
    variables = {"id": card.id} | ({"length": length} if length else {})
    synopsis = (await client.fetch(query, **variables))["title"]["synopsis"]
    if not is_short:
        assert synopsis == card.synopsis
        return
    assert len(synopsis) <= 120
    assert synopsis.endswith("…")
    assert card.synopsis.startswith(synopsis[:-1])


async def read_badges(client: Client, title_id: str) -> list[str]:
    answer = await client.fetch("query ($id: ID!) { title(id: $id) { badges } }", id=title_id)
    shown: list[str] = answer["title"]["badges"]
    return shown


async def test_badges_say_what_is_new_what_leaves_and_what_is_popular(demo: Demo) -> None:
    client, now, top = await demo.make_viewer(), demo.services.now(), [card.id for card in open_cards(demo)[:10]]
    leaving = find_card(demo, MovieCard, lambda card: badges.is_leaving(card, "US", now) and card.id not in top)
    new = find_card(demo, MovieCard, lambda card: badges.is_new(card, "US", now) and card.id not in top)
    airing = find_card(
        demo,
        SeriesCard,
        lambda card: badges.has_new_episodes(card, now) and not badges.is_new(card, "US", now) and card.id not in top,
    )
    plain = find_card(
        demo, MovieCard, lambda card: badges.list_badges(card, "US", now, in_top_ten=card.id in top) == ()
    )
    assert "LEAVING_SOON" in await read_badges(client, leaving.id)
    assert "NEW" in await read_badges(client, new.id)
    assert "NEW_EPISODES" in await read_badges(client, airing.id)
    assert "TOP_TEN" in await read_badges(client, top[9])
    assert await read_badges(client, plain.id) == []


async def test_badges_follow_the_clock(demo: Demo) -> None:
    """A visitor has no token that the shifted clock could expire."""
    family = msgspec.structs.replace(ADULT, ceiling=MaturityRating.AGE_13)
    now, cards = demo.services.now(), open_cards(demo, family)
    leaving, closes = next(
        (card, closes) for card in cards[10:] if (closes := card.windows["US"].closes) is not None and closes > now
    )
    try:
        demo.clock.shift = closes - timedelta(days=15) - now
        assert "LEAVING_SOON" not in await read_badges(demo.visitor, leaving.id)
        demo.clock.shift = closes - timedelta(minutes=5) - now
        assert "LEAVING_SOON" in await read_badges(demo.visitor, leaving.id)
        demo.clock.shift = closes - now
        assert "LEAVING_SOON" not in await read_badges(demo.visitor, leaving.id)
    finally:
        demo.clock.shift = timedelta(0)


async def test_availability_is_that_of_the_region(demo: Demo) -> None:
    card = find_card(
        demo, MovieCard, lambda card: "GB" in card.windows and card.windows["GB"].opens != card.windows["US"].opens
    )
    query = "query ($id: ID!) { title(id: $id) { availability { region isAvailable from until } } }"
    for region in ("US", "GB"):
        viewer = await demo.make_viewer(region=region)
        availability = (await viewer.fetch(query, id=card.id))["title"]["availability"]
        window = card.windows[region]
        assert availability["region"] == region
        assert availability["from"] == f"{window.opens:%Y-%m-%dT%H:%M:%S}.000Z"
        assert (availability["until"] is None) == (window.closes is None)


async def test_urls_are_relative_until_a_public_one_is_named(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, has_episodes)
    query = """query ($id: ID!) { title(id: $id) { shareUrl artwork { url }
        credits(first: 1) { person { photo { url } } } play { still { url } } }
        viewer { profile { avatar { url } } } }"""
    viewer = await demo.make_viewer()
    relative = list_urls(await viewer.fetch(query, id=card.id))
    assert f"/title/{card.id}" in relative
    assert len(relative) == 5
    assert all(url.startswith(("/title/", "/images/")) for url in relative)
    settings = msgspec.structs.replace(demo.services.settings, public_url="https://marquee.example")
    async with serve_to_client(build_app(replace(demo.services, settings=settings))) as http:
        absolute = list_urls(await replace(viewer, http=http).fetch(query, id=card.id))
    assert absolute == [f"https://marquee.example{url}" for url in relative]


def list_urls(value: Any) -> list[str]:
    """Every value of a field whose name ends in `url`, in the order of the answer."""
    if isinstance(value, list):
        return [url for held in value for url in list_urls(held)]
    if not isinstance(value, dict):
        return []
    return [
        url for name, held in value.items() for url in ([held] if name.lower().endswith("url") else list_urls(held))
    ]


async def test_similar_titles_share_people_or_genres_and_leave_the_title_out(demo: Demo) -> None:
    card = find_card(demo, MovieCard, lambda card: bool(card.genre_ids))
    query = f"""query ($id: ID!, $first: Int, $after: String) {{ title(id: $id) {{
        similar(first: $first, after: $after) {{ totalCount {PAGE} node {{ id genres {{ id }} }} }} }} }} }}"""
    viewer = await demo.make_viewer()
    nodes = await read_nodes(viewer, query, "title", "similar", id=card.id, first=40)
    ids = [node["id"] for node in nodes]
    assert len(set(ids)) == len(ids) > 75
    assert card.id not in ids
    assert ids == [node["id"] for node in await read_nodes(viewer, query, "title", "similar", id=card.id, first=75)]
    people = {credit.person_id for credit in card.credits}
    cards = demo.services.follower.catalogue.cards
    for identifier in ids:
        other = cards[identifier]
        assert set(other.genre_ids) & set(card.genre_ids) or people & {credit.person_id for credit in other.credits}


async def test_cursors_of_similar_titles_count_none_that_is_hidden(demo: Demo) -> None:
    card = find_card(demo, MovieCard, lambda card: bool(card.genre_ids) and card.maturity is MaturityRating.ALL)
    query = f"query ($id: ID!) {{ title(id: $id) {{ similar(first: 75) {{ {PAGE} node {{ id }} }} }} }} }}"
    viewers = [await demo.make_viewer(ceiling=ceiling) for ceiling in (MaturityRating.AGE_7, MaturityRating.AGE_18)]
    few, many = [(await viewer.fetch(query, id=card.id))["title"]["similar"]["edges"] for viewer in viewers]
    assert {edge["node"]["id"] for edge in few} != {edge["node"]["id"] for edge in many}
    assert [edge["cursor"] for edge in few] == [edge["cursor"] for edge in many][: len(few)]


async def test_ids_that_name_nothing_are_null_and_gaps(demo: Demo) -> None:
    card = find_card(demo, MovieCard)
    for client in (await demo.make_viewer(), demo.visitor):
        answer = await client.fetch(
            "query ($ids: [ID!]!) { titles(ids: $ids) { id } nodes(ids: $ids) { id } }", ids=UNKNOWN
        )
        assert answer == {"titles": [None] * len(UNKNOWN), "nodes": [None] * len(UNKNOWN)}
        for unknown in UNKNOWN:
            answer = await client.fetch("query ($id: ID!) { title(id: $id) { id } node(id: $id) { id } }", id=unknown)
            assert answer == {"title": None, "node": None}
    viewer = await demo.make_viewer()
    answer = await viewer.fetch("query ($ids: [ID!]!) { titles(ids: $ids) { id } }", ids=[card.id, UNKNOWN[0], card.id])
    assert answer["titles"] == [{"id": card.id}, None, {"id": card.id}]


@pytest.mark.parametrize("field", ["titles", "nodes"])
async def test_takes_a_hundred_ids_and_no_more(demo: Demo, field: str) -> None:
    ids = [card.id for card in open_cards(demo)[:101]]
    query = f"query ($ids: [ID!]!) {{ {field}(ids: $ids) {{ id }} }}"
    viewer = await demo.make_viewer()
    assert [node["id"] for node in (await viewer.fetch(query, ids=ids[:100]))[field]] == ids[:100]
    assert (await viewer.fetch(query, ids=[]))[field] == []
    answer = await viewer.run(query, {"ids": ids})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "`ids` holds at most 100" in answer.body["errors"][0]["message"]
    assert answer.body["data"] == {field: None}


async def test_everything_of_a_title_is_a_node(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: has_episodes(card) and bool(card.credits) and bool(card.genre_ids))
    season, episode = next(card.walk_episodes())
    ids = [card.id, season.id, episode.id, card.credits[0].person_id, card.genre_ids[0]]
    answer = await (await demo.make_viewer()).fetch(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids
    )
    names = ["Series", "Season", "Episode", "Person", "Genre"]
    assert answer["nodes"] == [{"__typename": name, "id": held} for name, held in zip(names, ids, strict=True)]


async def test_says_what_the_profile_did_with_a_title(demo: Demo) -> None:
    card = find_card(demo, MovieCard)
    viewer = await demo.make_viewer()
    profile_id = str(viewer.profile_id)
    await change_state(
        demo.services.pool, demo.services.cache, profile_id, add_to_list(profile_id, card.id, demo.services.now())
    )
    query = "query ($id: ID!) { title(id: $id) { isInMyList myRating match } }"
    assert (await viewer.fetch(query, id=card.id))["title"] == {"isInMyList": True, "myRating": None, "match": None}
    family = next(held for held in open_cards(demo) if held.maturity <= 13)
    assert (await demo.visitor.fetch(query, id=family.id))["title"] == {
        "isInMyList": None,
        "myRating": None,
        "match": None,
    }
