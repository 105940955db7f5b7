"""What a profile says and did: ratings, continue watching, history, and who may look into them."""

from datetime import timedelta
from typing import Any

import pytest

from bff.domain.paging import encode_cursor
from bff.domain.titles import MovieCard, SeriesCard
from tests.demo_titles import find_card, open_cards
from tests.live import OPERATIONS, Client, Demo
from tests.pages import PAGE, read_nodes, read_pages
from tests.profile_rows import add_progress, add_sitting

RATE = "mutation ($id: ID!, $thumb: Thumb) { rateTitle(titleId: $id, thumb: $thumb) { id myRating } }"
RATINGS = f"""query ($first: Int, $after: String) {{ viewer {{ profile {{ ratings(first: $first, after: $after) {{
    {PAGE} thumb ratedAt node {{ id myRating }} }} }} }} }} }}"""
HISTORY = f"""query ($first: Int, $after: String) {{ viewer {{ profile {{ history(first: $first, after: $after) {{
    {PAGE} node {{ title {{ id }} playable {{ id }} watchedAt watchedSeconds completed
        device {{ id }} }} }} }} }} }} }}"""
CONTINUE = f"""query ($first: Int, $after: String) {{ continueWatching(first: $first, after: $after) {{ {PAGE} node {{
    __typename id title {{ id }} playable {{ id label }} artwork {{ width height }}
    progress {{ position duration fraction completed updatedAt playable {{ id }} }} }} }} }} }}"""
DISMISS = """mutation ($id: ID!) { removeFromContinueWatching(titleId: $id) {
    title { id progress { position } } continueWatching { edges { node { title { id } } } } } }"""
EVERYBODY = """{ viewer { account { profiles { id name
    history(first: 3) { edges { node { device { id } title { id } } } } ratings(first: 3) { edges { thumb } } } } } }"""


@pytest.fixture
def films(demo: Demo) -> list[str]:
    return [card.id for card in open_cards(demo) if isinstance(card, MovieCard)][:20]


async def test_a_rating_is_given_changed_and_taken_back(demo: Demo, films: list[str]) -> None:
    viewer = await demo.make_viewer()
    for thumb in ("UP", "UP", "DOWN", None, None, "DOWN"):
        rated = (await viewer.fetch(RATE, id=films[0], thumb=thumb))["rateTitle"]
        assert rated == {"id": films[0], "myRating": thumb}
        ratings = [page async for page in read_pages(viewer, RATINGS, "viewer", "profile", "ratings")]
        shown = [(edge["node"]["id"], edge["thumb"]) for edge in ratings[0]["edges"]]
        assert shown == ([(films[0], thumb)] if thumb else [])
    left_out = await viewer.fetch("mutation ($id: ID!) { rateTitle(titleId: $id) { myRating } }", id=films[0])
    assert left_out["rateTitle"]["myRating"] is None


async def test_ratings_come_latest_first_page_by_page(demo: Demo, films: list[str]) -> None:
    viewer = await demo.make_viewer()
    for title_id in films[:7]:
        await viewer.fetch(RATE, id=title_id, thumb="UP")
    nodes = await read_nodes(viewer, RATINGS, "viewer", "profile", "ratings", first=2)
    assert [node["id"] for node in nodes] == films[6::-1]
    page = (await viewer.fetch(RATINGS, first=3))["viewer"]["profile"]["ratings"]
    await viewer.fetch(RATE, id=films[4], thumb=None)
    await viewer.fetch(RATE, id=films[9], thumb="DOWN")
    behind = await viewer.fetch(RATINGS, after=page["pageInfo"]["endCursor"])
    assert [edge["node"]["id"] for edge in behind["viewer"]["profile"]["ratings"]["edges"]] == films[3::-1]


@pytest.mark.parametrize("unknown", ["tit_aaaaaaaaaaaaaaaa", "", "epi_a", "☃"])
async def test_what_is_no_title_is_neither_rated_nor_dismissed(demo: Demo, unknown: str) -> None:
    viewer = await demo.make_viewer()
    for mutation in (RATE, DISMISS):
        answer = await viewer.run(mutation, {"id": unknown, "thumb": "UP"})
        assert answer.codes == ["NOT_FOUND"]
        assert "no such title" in answer.body["errors"][0]["message"]


async def make_watcher(demo: Demo) -> tuple[Client, list[str]]:
    """A viewer in the middle of five titles; gives the ids of what to go on with, latest first.

    The series was watched last, to the end of its second episode; its third was begun long ago.
    """
    viewer, now, pool = await demo.make_viewer(), demo.services.now(), demo.services.pool
    profile_id = str(viewer.profile_id)
    films = [card.id for card in open_cards(demo) if isinstance(card, MovieCard)][:5]
    series = find_card(demo, SeriesCard, lambda card: len(list(card.walk_episodes())) > 3)
    episodes = [episode.id for _, episode in series.walk_episodes()]
    tied = now - timedelta(hours=5)
    await add_progress(pool, profile_id, episodes[1], series.id, now - timedelta(hours=1), completed=True)
    await add_progress(pool, profile_id, episodes[2], series.id, now - timedelta(days=9), position=90)
    await add_progress(pool, profile_id, films[0], films[0], now - timedelta(hours=2))
    await add_progress(pool, profile_id, films[1], films[1], now - timedelta(hours=3), completed=True)
    await add_progress(pool, profile_id, films[2], films[2], tied)
    await add_progress(pool, profile_id, films[3], films[3], tied)
    await add_progress(pool, profile_id, films[4], films[4], now - timedelta(days=400))
    return viewer, [episodes[2], films[0], *sorted(films[2:4]), films[4]]


@pytest.mark.parametrize("first", [1, 2, 3, 75])
async def test_continue_watching_comes_latest_first_page_by_page(demo: Demo, first: int) -> None:
    viewer, expected = await make_watcher(demo)
    nodes = await read_nodes(viewer, CONTINUE, "continueWatching", first=first)
    assert [node["playable"]["id"] for node in nodes] == expected


async def test_continue_watching_says_where_to_go_on(demo: Demo) -> None:
    viewer, expected = await make_watcher(demo)
    nodes = await read_nodes(viewer, CONTINUE, "continueWatching")
    episode, film = nodes[0], nodes[1]
    assert episode["__typename"] == "ContinueItem"
    assert episode["playable"]["label"] == "S1:E3"
    assert episode["progress"]["position"] == 90
    assert episode["progress"]["playable"]["id"] == expected[0]
    assert film["progress"] | {"updatedAt": ""} == {
        "position": 300,
        "duration": 900,
        "fraction": pytest.approx(1 / 3),
        "completed": False,
        "updatedAt": "",
        "playable": {"id": expected[1]},
    }
    assert film["artwork"]["width"] > film["artwork"]["height"]
    assert len({node["id"] for node in nodes}) == len(nodes)


async def test_what_is_taken_out_of_continue_watching_keeps_its_progress(demo: Demo) -> None:
    viewer, expected = await make_watcher(demo)
    film = expected[1]
    for _ in range(2):
        payload = (await viewer.fetch(DISMISS, id=film))["removeFromContinueWatching"]
        assert payload["title"] == {"id": film, "progress": {"position": 300}}
        assert film not in [edge["node"]["title"]["id"] for edge in payload["continueWatching"]["edges"]]
    nodes = await read_nodes(viewer, CONTINUE, "continueWatching")
    assert [node["playable"]["id"] for node in nodes] == [expected[0], *expected[2:]]
    untouched = open_cards(demo)[-1]
    payload = (await viewer.fetch(DISMISS, id=untouched.id))["removeFromContinueWatching"]
    assert len(payload["continueWatching"]["edges"]) == 4


@pytest.mark.parametrize("first", [1, 3, 100])
async def test_history_comes_latest_first_page_by_page(demo: Demo, films: list[str], first: int) -> None:
    viewer, now = await demo.make_viewer(), demo.services.now()
    times = [now - timedelta(days=day, microseconds=day) for day in range(6)]
    for title_id, at in zip(films, times, strict=False):
        await add_sitting(demo.services.pool, str(viewer.profile_id), title_id, title_id, at)
        await add_sitting(demo.services.pool, str(viewer.profile_id), films[10], films[10], at)
    nodes = await read_nodes(viewer, HISTORY, "viewer", "profile", "history", first=first)
    assert len(nodes) == 12
    watched_at = [node["watchedAt"] for node in nodes]
    assert watched_at == sorted(watched_at, reverse=True)
    assert [node["title"]["id"] for node in nodes if node["title"]["id"] != films[10]] == films[:6]
    assert nodes[0] | {"title": None, "playable": None, "watchedAt": None} == {
        "title": None,
        "playable": None,
        "watchedAt": None,
        "watchedSeconds": 300,
        "completed": False,
        "device": None,
    }


async def test_a_new_sitting_moves_no_page_of_the_history(demo: Demo, films: list[str]) -> None:
    viewer, now, pool = await demo.make_viewer(), demo.services.now(), demo.services.pool
    for number, title_id in enumerate(films[:4]):
        at = now - timedelta(hours=number)
        await add_sitting(pool, str(viewer.profile_id), title_id, title_id, at)
    page = (await viewer.fetch(HISTORY, first=2))["viewer"]["profile"]["history"]
    await add_sitting(pool, str(viewer.profile_id), films[9], films[9], now + timedelta(minutes=1))
    behind = await viewer.fetch(HISTORY, after=page["pageInfo"]["endCursor"])
    assert [edge["node"]["title"]["id"] for edge in behind["viewer"]["profile"]["history"]["edges"]] == films[2:4]


@pytest.mark.parametrize("after", ["", "nonsense", "x" * 600, "AAAA"])
@pytest.mark.parametrize(("query", "path"), [(HISTORY, "history"), (RATINGS, "ratings"), (CONTINUE, "")])
async def test_a_cursor_that_is_none_is_refused(demo: Demo, query: str, path: str, after: str) -> None:
    answer = await (await demo.make_viewer()).run(query, {"after": after})
    assert answer.codes == ["BAD_USER_INPUT"]
    if path:
        assert answer.body["data"] == {"viewer": {"profile": {path: None}}}


@pytest.mark.parametrize(
    "key",
    [
        (),
        ("2026-01-01T00:00:00Z",),
        ("0001-01-01T00:00:00+14:00", "x"),
        ("9999-12-31T23:59:59-14:00", "x"),
        ("2026-01-01T00:00:00Z", "x\x00"),
        (1, 2),
    ],
)
async def test_a_forged_cursor_of_the_history_is_refused(demo: Demo, key: tuple[int | str, ...]) -> None:
    viewer = await demo.make_viewer()
    answer = await viewer.run(HISTORY, {"after": encode_cursor(f"history:{viewer.profile_id}", key)})
    assert answer.codes == ["BAD_USER_INPUT"]


async def read_everybody(client: Client) -> dict[str, tuple[Any, Any, set[str]]]:
    """By name of profile: history, ratings, and the codes of errors below that profile."""
    answer = await client.run(EVERYBODY)
    profiles = answer.body["data"]["viewer"]["account"]["profiles"]
    codes: dict[int, set[str]] = {place: set() for place in range(len(profiles))}
    for error in answer.body.get("errors", ()):
        codes[error["path"][3]].add(error["extensions"]["code"])
    return {
        profile["name"]: (profile["history"], profile["ratings"], codes[place])
        for place, profile in enumerate(profiles)
    }


async def switch(client: Client, name: str, pin: str | None = None) -> Client:
    gate = (await client.run(OPERATIONS["account"], operation="Gate")).data["viewer"]
    profile_id = next(held["id"] for held in gate["account"]["profiles"] if held["name"] == name)
    answer = await client.run(OPERATIONS["account"], {"profileId": profile_id, "pin": pin}, "SwitchProfile")
    return client.with_headers(Authorization=f"Bearer {answer.data['switchProfile']['accessToken']}")


@pytest.mark.parametrize(
    ("name", "pin", "allowed"),
    [("Ada", None, {"Ada", "Kit"}), ("Max", "2468", {"Max", "Kit"}), ("Kit", None, {"Kit"})],
)
async def test_profiles_look_into_themselves_and_adults_into_those_of_kids(
    demo: Demo, name: str, pin: str | None, allowed: set[str]
) -> None:
    client = await switch(await demo.sign_in("premium@example.com"), name, pin)
    everybody = await read_everybody(client)
    assert everybody.keys() == {"Ada", "Kit", "Max"}
    for other, (history, ratings, codes) in everybody.items():
        if other in allowed:
            assert history is not None
            assert ratings is not None
            assert codes == set()
        else:
            assert (history, ratings, codes) == (None, None, {"FORBIDDEN"})


async def test_a_kid_sees_neither_address_nor_devices(demo: Demo) -> None:
    query = "{ viewer { account { email devices { id } membership { status } } } }"
    ada = await demo.sign_in("standard@example.com")
    account = (await ada.fetch(query))["viewer"]["account"]
    assert account["email"] == "standard@example.com"
    assert account["devices"]
    account = (await (await switch(ada, "Kit")).fetch(query))["viewer"]["account"]
    assert account == {"email": None, "devices": None, "membership": {"status": "ACTIVE"}}
