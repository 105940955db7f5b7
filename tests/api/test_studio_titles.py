"""Operators make and change titles: what is taken, what is refused, who sees it, and who may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from bff.domain.titles import SeriesCard
from bff.stores.catalogue import read_version
from tests.api.studio_desk import (
    AVAILABILITY,
    MARK,
    NEW_FILM,
    REGION,
    RESTORE,
    WITHDRAW,
    open_everywhere,
    remove_own_titles,
    upsert,
)
from tests.demo_titles import find_card, has_episodes
from tests.live import Client, Demo

FIND = "query ($id: ID!) { title(id: $id) { id name synopsis(length: FULL) } }"
SEARCH = "query ($query: String!) { search(query: $query) { edges { node { id } } } }"
RAW = "mutation ($input: UpsertTitleInput!) { upsertTitle(input: $input) { __typename } }"
CATALOGUE = """query ($name: String, $withdrawn: Boolean, $first: Int, $after: String) {
    catalogueTitles(name: $name, isWithdrawn: $withdrawn, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { id name } } } }"""


@pytest.fixture(scope="module")
async def operator(demo: Demo) -> AsyncIterator[Client]:
    yield await demo.sign_in("operator@example.com")
    await remove_own_titles(demo)


@pytest.fixture(scope="module")
async def viewer(demo: Demo) -> Client:
    return await demo.make_viewer(region=REGION)


async def test_a_key_makes_a_title_once_and_names_it_from_then_on(demo: Demo, operator: Client, viewer: Client) -> None:
    made = await upsert(operator, key="twice", **NEW_FILM)
    assert made["__typename"] == "CatalogueTitle"
    assert (made["name"], made["windows"], made["isWithdrawn"]) == ("Ours", [], False)
    again = await upsert(operator, key="twice", **NEW_FILM)
    assert again == made
    changed = await upsert(operator, key="twice", synopsis="Changed.")
    assert changed == made | {"synopsis": "Changed."}
    await demo.services.follower.catch_up()
    assert (await viewer.fetch(FIND, id=made["id"])) == {"title": None}
    await open_everywhere(operator, made["id"])
    await demo.services.follower.catch_up()
    assert (await viewer.fetch(FIND, id=made["id"]))["title"]["synopsis"] == "Changed."


async def test_everything_of_a_title_can_be_said(demo: Demo, operator: Client) -> None:
    genres = list(demo.services.follower.catalogue.genres)[:2]
    made = await upsert(
        operator,
        key="whole",
        type="SERIES",
        name="  The  Whole ",
        originalName="Das Ganze",
        originalLanguage="DE-at",
        synopsis="All of it.\n\nTwice.",
        releaseYear=2026,
        certificate="PG-13",
        genreIds=genres,
        credits=[
            {"name": "Ada Quill", "role": "ACTOR", "character": "Herself"},
            {"name": "Ada Quill", "role": "DIRECTOR"},
            {"name": "ADA QUILL", "role": "ACTOR"},
        ],
        seasons=[
            {
                "number": 1,
                "episodes": [
                    {"number": 1, "name": "One", "duration": 1500, "releasedAt": "2026-11-01T12:00:00+02:00"},
                    {"number": 2, "name": "Two", "synopsis": "Then."},
                ],
            },
            {"number": 2, "name": "The Rest", "episodes": []},
        ],
        trailers=[{"name": "Teaser"}, {"name": "Trailer"}],
    )
    assert made["name"] == "The Whole"
    assert (made["originalName"], made["originalLanguage"]) == ("Das Ganze", "de-AT")
    assert (made["certificate"], made["maturityRating"]) == ("PG-13", "AGE_13")
    assert [genre["id"] for genre in made["genres"]] == genres
    assert [(one["person"]["name"], one["role"], one["character"]) for one in made["credits"]] == [
        ("Ada Quill", "ACTOR", "Herself"),
        ("Ada Quill", "DIRECTOR", None),
    ]
    first, rest = made["seasons"]
    assert (first["name"], rest["name"], rest["episodes"]) == ("Season 1", "The Rest", [])
    assert [(one["number"], one["name"], one["duration"]) for one in first["episodes"]] == [
        (1, "One", 1500.0),
        (2, "Two", None),
    ]
    assert first["episodes"][0]["releasedAt"] == "2026-11-01T10:00:00.000Z"
    teaser, trailer = made["trailers"]

    changed = await upsert(
        operator,
        id=made["id"],
        originalName=None,
        certificate=None,
        credits=[],
        seasons=[{"number": 1, "episodes": [{"number": 2, "name": "Zwei"}]}],
        removedSeasons=[2],
        trailers=[{"id": trailer["id"], "name": "Last"}, {"name": "Teaser"}],
    )
    assert (changed["originalName"], changed["certificate"], changed["maturityRating"]) == (None, None, "AGE_18")
    assert changed["credits"] == []
    [season] = changed["seasons"]
    assert [episode["name"] for episode in season["episodes"]] == ["Zwei"]
    assert season["episodes"][0]["id"] == first["episodes"][1]["id"]
    assert changed["trailers"] == [{"id": trailer["id"], "name": "Last"}, teaser]
    assert changed["genres"] == made["genres"]


REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "neither id nor key": ({}, {"input.id"}),
    "both": ({"id": "tit_x", "key": "x"}, {"input.id"}),
    "a new title without what it needs": (
        {"key": "bare", "name": "Bare"},
        {"input.type", "input.synopsis", "input.releaseYear"},
    ),
    "an empty name": ({"key": "x", "name": " \t"}, {"input.name"}),
    "a bell": ({"key": "x\u0007", "synopsis": "a\u0007b"}, {"input.key", "input.synopsis"}),
    "a name that is too long": ({"key": "x", "name": "x" * 201}, {"input.name"}),
    "a year in which there was no film": ({"key": "x", "releaseYear": 1066}, {"input.releaseYear"}),
    "no language": ({"key": "x", "originalLanguage": "Deutsch!"}, {"input.originalLanguage"}),
    "no length": ({"key": "x", "duration": -1}, {"input.duration"}),
    "no genre": ({"key": "x", "genreIds": ["gen_x"]}, {"input.genreIds.0"}),
    "nobody": ({"key": "x", "credits": [{"name": "!!", "role": "ACTOR"}]}, {"input.credits.0.name"}),
    "a season twice": ({"key": "x", "seasons": [{"number": 1}, {"number": 1}]}, {"input.seasons.1.number"}),
    "an episode of no number": (
        {"key": "x", "seasons": [{"number": 1, "episodes": [{"number": -1, "name": "x"}]}]},
        {"input.seasons.0.episodes.0.number"},
    ),
    "seasons of a film": ({**NEW_FILM, "key": "x", "seasons": [{"number": 1}]}, {"input.seasons"}),
    "the length of a series": ({**NEW_FILM, "key": "x", "type": "SERIES", "duration": 60}, {"input.duration"}),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refuses(demo: Demo, operator: Client, name: str) -> None:
    given, paths = REFUSED[name]
    version = await read_version(demo.services.pool)
    answer = await upsert(operator, **given)
    assert answer["__typename"] == "InvalidInput"
    assert {problem["path"] for problem in answer["fields"]} >= paths
    assert all(problem["message"] for problem in answer["fields"])
    assert await read_version(demo.services.pool) == version


async def test_a_title_keeps_its_type(operator: Client) -> None:
    made = await upsert(operator, key="typed", **NEW_FILM)
    for given in ({"key": "typed"}, {"id": made["id"]}):
        refused = await upsert(operator, **given, type="SERIES")
        assert [problem["path"] for problem in refused["fields"]] == ["input.type"]
    assert (await upsert(operator, id=made["id"], type="MOVIE"))["type"] == "MOVIE"


async def test_ids_of_nothing_are_not_found(operator: Client) -> None:
    for given in ({"id": "tit_aaaaaaaaaaaaaaaa"}, {"id": "a\u0007b"}):
        answer = await operator.run(RAW, {"input": given})
        assert answer.codes == ["NOT_FOUND"]
    made = await upsert(operator, key="typed", **NEW_FILM)
    answer = await operator.run(
        RAW,
        {"input": {"id": made["id"], "name": "Half", "trailers": [{"id": "tra_x", "name": "x"}]}},
    )
    assert answer.codes == ["NOT_FOUND"]
    assert (await upsert(operator, id=made["id"]))["name"] == "Ours"


async def test_windows_change_by_region(demo: Demo, operator: Client, viewer: Client) -> None:
    made = await upsert(operator, key="windows", **NEW_FILM)
    opened = await open_everywhere(operator, made["id"], REGION, "BV")
    assert [window["region"] for window in opened["windows"]] == [REGION, "BV"]
    closed = {"region": "aq", "from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}
    answer = await operator.fetch(AVAILABILITY, id=made["id"], windows=[closed], removed=["BV", "TF"])
    assert answer["setAvailability"]["windows"] == [
        {"region": REGION, "from": "2020-01-01T00:00:00.000Z", "until": "2021-01-01T00:00:00.000Z"}
    ]
    await demo.services.follower.catch_up()
    shown = await viewer.fetch("query ($id: ID!) { title(id: $id) { availability { isAvailable } } }", id=made["id"])
    assert shown == {"title": {"availability": {"isAvailable": False}}}


@pytest.mark.parametrize(
    ("windows", "removed", "path"),
    [
        ([{"region": "Mars", "from": "2020-01-01T00:00:00Z"}], [], "windows.0.region"),
        ([{"region": "AQ", "from": "2020-01-01T00:00:00Z", "until": "2019-01-01T00:00:00Z"}], [], "windows.0.until"),
        ([{"region": "AQ", "from": "2020-01-01T00:00:00Z"}] * 2, [], "windows.1.region"),
        ([{"region": "AQ", "from": "2020-01-01T00:00:00Z"}], ["AQ"], "removedRegions.0"),
    ],
)
async def test_refuses_windows_that_are_none(
    operator: Client, windows: list[dict[str, str]], removed: list[str], path: str
) -> None:
    made = await upsert(operator, key="windows", **NEW_FILM)
    answer = await operator.fetch(AVAILABILITY, id=made["id"], windows=windows, removed=removed)
    assert [problem["path"] for problem in answer["setAvailability"]["fields"]] == [path]


async def test_a_withdrawn_title_is_gone_until_it_is_restored(demo: Demo, operator: Client, viewer: Client) -> None:
    made = await upsert(operator, key="gone", **{**NEW_FILM, "name": "Zzyzx Quillwort"})
    await open_everywhere(operator, made["id"])
    await demo.services.follower.catch_up()
    found = [{"node": {"id": made["id"]}}]
    assert (await viewer.fetch(SEARCH, query="zzyzx quillwort"))["search"]["edges"] == found
    answer = await operator.fetch(WITHDRAW, id=made["id"])
    assert answer["withdrawTitle"]["isWithdrawn"] is True
    await demo.services.follower.catch_up()
    assert (await viewer.fetch(FIND, id=made["id"])) == {"title": None}
    assert (await viewer.fetch(SEARCH, query="zzyzx quillwort"))["search"]["edges"] == []
    listed = (await operator.fetch(CATALOGUE, withdrawn=True))["catalogueTitles"]
    assert made["id"] in {edge["node"]["id"] for edge in listed["edges"]}
    answer = await operator.fetch(RESTORE, id=made["id"])
    assert answer["restoreTitle"]["isWithdrawn"] is False
    await demo.services.follower.catch_up()
    assert (await viewer.fetch(SEARCH, query="zzyzx quillwort"))["search"]["edges"] == found


async def test_the_catalogue_is_paged_by_name(demo: Demo, operator: Client) -> None:
    for number in (2, 1, 3):
        await upsert(operator, key=f"paged-{number}", **{**NEW_FILM, "name": f"Quagmire {number}"})
    await demo.services.follower.catch_up()
    seen, after = [], None
    while True:
        page = (await operator.fetch(CATALOGUE, name="QUAGMIRE", first=2, after=after))["catalogueTitles"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        assert page["totalCount"] == 3
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == ["Quagmire 1", "Quagmire 2", "Quagmire 3"]
    every = (await operator.fetch(CATALOGUE, first=1))["catalogueTitles"]["totalCount"]
    assert every == len(demo.services.follower.catalogue.cards)


async def test_markers_are_put_in_place_of_all(demo: Demo, operator: Client) -> None:
    made = await upsert(operator, key="marked", duration=600, **NEW_FILM)
    intro, outro = {"kind": "INTRO", "start": 5.5, "end": 30}, {"kind": "CREDITS", "start": 560, "end": 600}
    answer = await operator.fetch(MARK, id=made["id"], markers=[outro, intro])
    assert answer["setSkipMarkers"]["film"]["skipMarkers"] == [intro, outro]
    assert (await upsert(operator, key="marked"))["film"]["skipMarkers"] == [intro, outro]
    answer = await operator.fetch(MARK, id=made["id"], markers=[])
    assert answer["setSkipMarkers"]["film"]["skipMarkers"] == []
    for marker in ({"kind": "INTRO", "start": 5, "end": 601}, {"kind": "INTRO", "start": 5, "end": 5}):
        answer = await operator.fetch(MARK, id=made["id"], markers=[intro, marker])
        assert [problem["path"] for problem in answer["setSkipMarkers"]["fields"]] == ["markers.1"]
    answer = await operator.fetch(MARK, id=made["id"], markers=[intro, intro | {"start": 20}])
    assert [problem["path"] for problem in answer["setSkipMarkers"]["fields"]] == ["markers"]


async def test_episodes_of_the_catalogue_can_be_marked(demo: Demo, operator: Client) -> None:
    series = find_card(demo, SeriesCard, has_episodes)
    episode = next(episode for _, episode in series.walk_episodes())
    marker = {"kind": "RECAP", "start": 0, "end": 10}
    ask = "query ($id: ID!) { node(id: $id) { ... on Episode { skipMarkers { kind start end } } } }"
    await operator.fetch(MARK, id=episode.id, markers=[marker])
    await demo.services.follower.catch_up()
    seen = await (await demo.make_viewer()).fetch(ask, id=episode.id)
    await operator.fetch(MARK, id=episode.id, markers=[])
    assert seen == {"node": {"skipMarkers": [marker]}}


async def test_each_change_leaves_an_outbox_row_and_a_record(demo: Demo, operator: Client) -> None:
    pool = demo.services.pool
    last = await pool.fetchval("SELECT coalesce(max(id), 0) FROM outbox")
    made = await upsert(operator, key="recorded", **NEW_FILM)
    await open_everywhere(operator, made["id"])
    await operator.fetch(WITHDRAW, id=made["id"])
    await upsert(operator, key="recorded", releaseYear=1)
    rows = await pool.fetch("SELECT topic FROM outbox WHERE id > $1", last)
    assert [row["topic"] for row in rows] == ["catalogue"] * 3
    record = await pool.fetch(
        "SELECT operator_id, action, details FROM operator_action WHERE subject = $1 ORDER BY id", made["id"]
    )
    assert {row["operator_id"] for row in record} == {operator.account_id}
    assert [row["action"] for row in record] == ["upsertTitle", "setAvailability", "withdrawTitle"]
    assert set(msgspec.json.decode(record[0]["details"])["parts"]) == {"maturity", "name", "release_year", "synopsis"}
    assert list(msgspec.json.decode(record[1]["details"])["windows"]) == [REGION]


async def test_many_operators_at_once_lose_nothing(operator: Client) -> None:
    made = await asyncio.gather(
        *(upsert(operator, key="raced", **{**NEW_FILM, "releaseYear": 2000 + number}) for number in range(2)),
        *(upsert(operator, key=f"raced-{number}", **NEW_FILM) for number in range(2)),
    )
    assert len({title["id"] for title in made}) == 3
    for title in made:
        found = await operator.fetch("query ($id: ID!) { catalogueTitle(id: $id) { name } }", id=title["id"])
        assert found == {"catalogueTitle": {"name": "Ours"}}
