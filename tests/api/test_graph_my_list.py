"""My List: its order, its cursors under change, many writers at once, and writes while Redis is away."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from bff.app import build_app
from bff.domain.titles import MovieCard
from bff.stores import keys
from bff.stores.outbox import deliver_outbox
from bff.stores.profile_state import decode_state, read_state
from bff.stores.redis import DocumentCache
from tests.demo_titles import open_cards
from tests.http_server import serve_to_client
from tests.live import Client, Demo
from tests.pages import PAGE, read_nodes

ADD = "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id isInMyList } myList(first: 75) { ...L } } }"
REMOVE = "mutation ($id: ID!) { removeFromMyList(titleId: $id) { title { id isInMyList } myList(first: 75) { ...L } } }"
MOVE = """mutation ($id: ID!, $before: ID) { moveInMyList(titleId: $id, beforeId: $before) {
    title { id } myList(first: 75) { ...L } } }"""
LISTED = " fragment L on MyListConnection { totalCount edges { addedAt node { id } } }"
READ = f"""query ($first: Int, $after: String) {{ myList(first: $first, after: $after) {{
    totalCount {PAGE} addedAt node {{ id isInMyList }} }} }} }}"""


@pytest.fixture
def films(demo: Demo) -> list[str]:
    return [card.id for card in open_cards(demo) if isinstance(card, MovieCard)][:40]


async def change(client: Client, mutation: str, **variables: Any) -> list[str]:
    """The list after a change of it; the payload's total is checked."""
    payload = next(iter((await client.fetch(mutation + LISTED, **variables)).values()))
    assert payload["title"]["id"] == variables["id"]
    assert payload["myList"]["totalCount"] == len(payload["myList"]["edges"])
    return [edge["node"]["id"] for edge in payload["myList"]["edges"]]


async def read_list(client: Client) -> list[str]:
    return [node["id"] for node in await read_nodes(client, READ, "myList", first=75)]


async def make_lister(demo: Demo, title_ids: list[str]) -> Client:
    """A viewer whose list is these titles, in this order."""
    viewer = await demo.make_viewer()
    for title_id in reversed(title_ids):
        await change(viewer, ADD, id=title_id)
    return viewer


async def test_a_new_title_comes_in_front_and_stays_there(demo: Demo, films: list[str]) -> None:
    viewer = await demo.make_viewer()
    assert await change(viewer, ADD, id=films[0]) == [films[0]]
    assert await change(viewer, ADD, id=films[1]) == [films[1], films[0]]
    before = await viewer.fetch(READ)
    assert await change(viewer, ADD, id=films[0]) == [films[1], films[0]]
    after = await viewer.fetch(READ)
    assert after == before
    added = [datetime.fromisoformat(edge["addedAt"]) for edge in after["myList"]["edges"]]
    assert added == sorted(added, reverse=True)
    assert abs((datetime.now(UTC) - added[0]).total_seconds()) < 60
    assert all(edge["node"]["isInMyList"] for edge in after["myList"]["edges"])


async def test_taking_out_twice_is_taking_out_once(demo: Demo, films: list[str]) -> None:
    viewer = await make_lister(demo, films[:3])
    for _ in range(2):
        assert await change(viewer, REMOVE, id=films[1]) == [films[0], films[2]]
    payload = (await viewer.fetch(REMOVE + LISTED, id=films[9]))["removeFromMyList"]
    assert payload["title"] == {"id": films[9], "isInMyList": False}


@pytest.mark.parametrize(
    ("moved", "before", "expected"),
    [
        (3, 0, [3, 0, 1, 2]),
        (0, 3, [1, 2, 0, 3]),
        (0, None, [1, 2, 3, 0]),
        (3, None, [0, 1, 2, 3]),
        (1, 1, [0, 1, 2, 3]),
        (0, 1, [0, 1, 2, 3]),
        (2, 1, [0, 2, 1, 3]),
    ],
)
async def test_a_title_moves_before_another_or_to_the_end(
    demo: Demo, films: list[str], moved: int, before: int | None, expected: list[int]
) -> None:
    viewer = await make_lister(demo, films[:4])
    variables = {"id": films[moved], "before": None if before is None else films[before]}
    for _ in range(2):
        assert await change(viewer, MOVE, **variables) == [films[place] for place in expected]
    assert await read_list(viewer) == [films[place] for place in expected]


async def test_any_moves_give_the_order_that_was_asked_for(demo: Demo, films: list[str]) -> None:
    expected, random = films[:6], Random(7)
    viewer = await make_lister(demo, expected)
    for _ in range(40):
        moved, before = random.sample([*expected, None], 2)
        if moved is None:
            continue
        expected = [held for held in expected if held != moved]
        expected.insert(len(expected) if before is None else expected.index(before), moved)
        assert await change(viewer, MOVE, id=moved, before=before) == expected


async def test_squeezing_between_the_same_two_never_runs_out_of_room(demo: Demo, films: list[str]) -> None:
    first, second, third, last = films[:4]
    viewer = await make_lister(demo, films[:4])
    for _ in range(60):
        assert await change(viewer, MOVE, id=third, before=second) == [first, third, second, last]
        second, third = third, second


async def test_moves_only_what_is_on_the_list(demo: Demo, films: list[str]) -> None:
    viewer = await make_lister(demo, films[:2])
    for moved, before in ((films[5], None), (films[5], films[0]), (films[0], films[5]), (films[0], "tit_aaaa")):
        answer = await viewer.run(MOVE + LISTED, {"id": moved, "before": before})
        assert answer.codes == ["NOT_FOUND"]
        assert answer.body["data"] == {"moveInMyList": None}
    assert await read_list(viewer) == films[:2]


@pytest.mark.parametrize("mutation", [ADD, REMOVE, MOVE])
async def test_a_title_that_is_none_is_not_found(demo: Demo, mutation: str) -> None:
    viewer = await demo.make_viewer()
    for unknown in ("tit_aaaaaaaaaaaaaaaa", "", "nonsense", str(viewer.profile_id)):
        assert (await viewer.run(mutation + LISTED, {"id": unknown})).codes == ["NOT_FOUND"]


async def test_pages_go_on_behind_the_cursor_whatever_changed_meanwhile(demo: Demo, films: list[str]) -> None:
    viewer = await make_lister(demo, films[:6])
    page = (await viewer.fetch(READ, first=3))["myList"]
    assert [edge["node"]["id"] for edge in page["edges"]] == films[:3]
    cursor = page["pageInfo"]["endCursor"]

    async def rest() -> list[str]:
        answer = await viewer.fetch(READ, first=75, after=cursor)
        return [edge["node"]["id"] for edge in answer["myList"]["edges"]]

    assert await rest() == films[3:6]
    await change(viewer, ADD, id=films[10])
    assert await rest() == films[3:6]
    await change(viewer, MOVE, id=films[0], before=films[2])
    assert await rest() == films[3:6]
    await change(viewer, REMOVE, id=films[2])
    assert await rest() == films[3:6]
    await change(viewer, MOVE, id=films[5], before=films[3])
    assert await rest() == [films[5], films[3], films[4]]
    await change(viewer, MOVE, id=films[1], before=None)
    assert await rest() == [films[5], films[3], films[4], films[1]]


async def test_lists_of_two_profiles_know_nothing_of_each_other(demo: Demo, films: list[str]) -> None:
    mine, yours = await make_lister(demo, films[:2]), await make_lister(demo, films[2:3])
    assert await read_list(mine) == films[:2]
    assert await read_list(yours) == films[2:3]


async def check_copy(demo: Demo, client: Client) -> None:
    """What stands in Redis is what stands in PostgreSQL."""
    key = keys.profile_state(str(client.profile_id))
    stored = (await demo.services.cache.get_many([key]))[0]
    assert stored is not None
    assert decode_state(stored) == await read_state(demo.services.pool, demo.services.cache, str(client.profile_id))


async def test_twenty_writers_at_once_lose_nothing(demo: Demo, films: list[str]) -> None:
    viewer = await demo.make_viewer()
    answers = await asyncio.gather(*(viewer.run(ADD + LISTED, {"id": title_id}) for title_id in films[:20]))
    sizes = sorted(answer.data["addToMyList"]["myList"]["totalCount"] for answer in answers)
    assert sizes == list(range(1, 21))
    assert sorted(await read_list(viewer)) == sorted(films[:20])
    await check_copy(demo, viewer)
    changes = [
        *(viewer.run(MOVE + LISTED, {"id": title_id, "before": films[0]}) for title_id in films[1:8]),
        *(viewer.run(REMOVE + LISTED, {"id": title_id}) for title_id in films[10:17]),
        *(viewer.run(ADD + LISTED, {"id": title_id}) for title_id in films[20:26]),
    ]
    assert all(answer.data for answer in await asyncio.gather(*changes))
    listed = await read_list(viewer)
    assert sorted(listed) == sorted([*films[:10], *films[17:26]])
    assert set(listed[listed.index(films[0]) - 7 : listed.index(films[0])]) == set(films[1:8])
    await check_copy(demo, viewer)


async def test_writes_without_redis_are_kept_and_the_relay_heals_the_copy(demo: Demo, films: list[str]) -> None:
    viewer = await make_lister(demo, films[:1])
    away = DocumentCache(Redis(host="127.0.0.1", port=1))
    async with serve_to_client(build_app(replace(demo.services, cache=away))) as http:
        cut_off = replace(viewer, http=http)
        answer = await cut_off.run(ADD + LISTED, {"id": films[1]})
        assert answer.data["addToMyList"]["title"]["isInMyList"] is True
        assert answer.body["extensions"] == {"degraded": ["redis"]}
        assert await read_list(cut_off) == [films[1], films[0]]
    await away.close()
    waiting = "SELECT count(*) FROM outbox WHERE topic = 'profile' AND key = $1"
    assert await demo.services.pool.fetchval(waiting, viewer.profile_id) == 1
    while await deliver_outbox(demo.services.pool, demo.services.cache):
        pass
    assert await demo.services.pool.fetchval(waiting, viewer.profile_id) == 0
    assert await read_list(viewer) == [films[1], films[0]]
    await check_copy(demo, viewer)


async def test_a_write_leaves_nothing_to_the_relay_where_redis_took_it(demo: Demo, films: list[str]) -> None:
    viewer = await make_lister(demo, films[:2])
    count = await demo.services.pool.fetchval("SELECT count(*) FROM outbox WHERE key = $1", viewer.profile_id)
    assert count == 0
    await check_copy(demo, viewer)
