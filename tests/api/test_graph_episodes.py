"""Seasons and episodes, and what the play button of a title starts."""

from datetime import timedelta
from typing import Any

import pytest

from bff.domain.titles import MaturityRating, MovieCard, SeasonCard, SeriesCard
from bff.stores.profile_state import change_state
from tests.demo_titles import find_card, has_episodes, open_cards
from tests.live import Client, Demo
from tests.pages import PAGE, read_nodes
from tests.profile_rows import add_progress

EPISODES = f"""query ($id: ID!, $number: Int!, $first: Int, $after: String) {{ title(id: $id) {{ ... on Series {{
    season(number: $number) {{ episodes(first: $first, after: $after) {{
        {PAGE} node {{ id number name label }} }} }} }} }} }} }}"""


async def test_lists_seasons_and_their_episodes(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: len(card.seasons) > 1 and has_episodes(card))
    series = (
        await (await demo.make_viewer()).fetch(
            """query ($id: ID!) { title(id: $id) { ... on Series { seasonCount none: season(number: 999) { id }
            season(number: 2) { id number name series { id } }
            seasons { id number name episodeCount series { id } episodes(first: 100) { edges { node {
                id number name label synopsis duration releasedAt video title { id } season { id } } } } } } } }""",
            id=card.id,
        )
    )["title"]
    assert series["seasonCount"] == len(card.seasons)
    assert series["none"] is None
    second = card.seasons[1]
    assert series["season"] == {"id": second.id, "number": 2, "name": second.name, "series": {"id": card.id}}
    for season, shown in zip(card.seasons, series["seasons"], strict=True):
        assert (shown["id"], shown["number"], shown["name"]) == (season.id, season.number, season.name)
        assert shown["episodeCount"] == season.episode_count
        for episode, edge in zip(season.episodes[:100], shown["episodes"]["edges"], strict=True):
            node = edge["node"]
            assert node["label"] == f"S{season.number}:E{episode.number}"
            assert (node["id"], node["name"], node["duration"]) == (episode.id, episode.name, episode.duration)
            assert (node["title"], node["season"]) == ({"id": card.id}, {"id": season.id})
            assert (node["releasedAt"] is None) == (episode.released_at is None)
            assert node["synopsis"] == episode.synopsis


async def test_a_season_without_a_list_has_no_count_and_no_episodes(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: not has_episodes(card))
    series = (
        await (await demo.make_viewer()).fetch(
            """query ($id: ID!) { title(id: $id) { play { id } progress { position } ... on Series { seasons {
            episodeCount episodes { edges { cursor } pageInfo { hasNextPage } } } } } }""",
            id=card.id,
        )
    )["title"]
    empty = {"episodeCount": None, "episodes": {"edges": [], "pageInfo": {"hasNextPage": False}}}
    assert series == {"play": None, "progress": None, "seasons": [empty] * len(card.seasons)}


@pytest.mark.parametrize("first", [1, 7, 50, 100, None])
async def test_pages_through_the_longest_season(demo: Demo, first: int | None) -> None:
    card, season = find_longest_season(demo)
    viewer = await demo.make_viewer()
    nodes = await read_nodes(
        viewer, EPISODES, "title", "season", "episodes", id=card.id, number=season.number, first=first
    )
    assert [node["id"] for node in nodes] == [episode.id for episode in season.episodes]


def find_longest_season(demo: Demo) -> tuple[SeriesCard, SeasonCard]:
    seasons = [(card, season) for card in open_cards(demo) if isinstance(card, SeriesCard) for season in card.seasons]
    card, season = max(seasons, key=lambda entry: len(entry[1].episodes))
    assert len(season.episodes) > 100
    return card, season


async def test_refuses_a_cursor_of_another_season(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: len(card.seasons) > 1 and has_episodes(card))
    viewer = await demo.make_viewer()
    page = await viewer.fetch(EPISODES, id=card.id, number=1, first=1)
    cursor = page["title"]["season"]["episodes"]["edges"][0]["cursor"]
    for after in (cursor, "nonsense", "", "x" * 600, "AAAA"):
        answer = await viewer.run(EPISODES, {"id": card.id, "number": 2, "after": after})
        assert answer.codes == ["BAD_USER_INPUT"], after
        assert answer.body["data"]["title"]["season"]["episodes"] is None


PLAY = """query ($id: ID!) { title(id: $id) {
    play { id label next { id label } } progress { fraction playable { id } } } }"""


async def test_play_starts_the_film(demo: Demo) -> None:
    card = find_card(demo, MovieCard)
    viewer = await demo.make_viewer()
    assert (await viewer.fetch(PLAY, id=card.id))["title"] == {
        "play": {"id": card.id, "label": None, "next": None},
        "progress": None,
    }
    await add_progress(demo.services.pool, str(viewer.profile_id), card.id, card.id, demo.services.now())
    await refresh_state(demo, viewer)
    progress = (await viewer.fetch(PLAY, id=card.id))["title"]["progress"]
    assert progress == {"fraction": pytest.approx(1 / 3), "playable": {"id": card.id}}


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        ([], 0),
        ([(0, False)], 0),
        ([(0, True)], 1),
        ([(0, True), (1, True), (2, False)], 2),
        ([(5, True), (1, False)], 1),
        ([("last of season", True)], "first of next"),
        ([("last", True)], 0),
    ],
)
async def test_play_starts_the_right_episode(demo: Demo, watched: list[Any], expected: Any) -> None:
    """`watched` in the order of watching, by place in the series."""
    card = find_card(demo, SeriesCard, lambda card: len(card.seasons) > 1 and len(list(card.walk_episodes())) > 10)
    episodes = [episode for _, episode in card.walk_episodes()]
    first_season = len(card.seasons[0].episodes)
    places = {"last of season": first_season - 1, "first of next": first_season, "last": len(episodes) - 1}
    viewer = await demo.make_viewer()
    for number, (place, completed) in enumerate(watched):
        await add_progress(
            demo.services.pool,
            str(viewer.profile_id),
            episodes[places.get(place, place)].id,
            card.id,
            demo.services.now() + timedelta(minutes=number),
            completed=completed,
        )
    title = (await viewer.fetch(PLAY, id=card.id))["title"]
    place = places.get(expected, expected)
    assert title["play"]["id"] == episodes[place].id
    assert title["play"]["next"]["id"] == episodes[place + 1].id
    began = any(places.get(held, held) == place for held, _ in watched)
    assert (title["progress"] is not None) == began


async def test_play_starts_a_visitor_with_the_first_episode(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: has_episodes(card) and card.maturity <= MaturityRating.AGE_13)
    title = (await demo.visitor.fetch(PLAY, id=card.id))["title"]
    assert title["progress"] is None
    assert title["play"]["id"] == next(episode.id for _, episode in card.walk_episodes())


async def refresh_state(demo: Demo, viewer: Client) -> None:
    """Let the process hear of rows that were written past it."""

    async def nothing(_: object) -> None:
        return None

    await change_state(demo.services.pool, demo.services.cache, str(viewer.profile_id), nothing)
