"""Pages of rows and of cards: sizes by device, caps, and a home that stays the one its cursors came from."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from bff.domain.paging import encode_cursor
from bff.stores import keys
from tests.demo_titles import open_cards
from tests.home_screen import ARRANGE, HOME, ROW_BY_ID, find_row, ids_of, items_of, read_row, read_rows, titles_of
from tests.live import Client, Demo
from tests.pages import PAGE, read_nodes

ADD = "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }"
SIZES = "{ home { rows { edges { node { layout items { edges { node { id } } } } } } } }"
TRENDING_PAGE = f"""query ($id: ID!, $after: String) {{ node(id: $id) {{ ... on Row {{
    items(first: 7, after: $after) {{ {PAGE} node {{ title {{ id }} }} }} }} }} }} }}"""


@pytest.mark.parametrize(
    ("device", "rows", "cards"), [("TV", 6, 12), ("WEB", 8, 12), ("TABLET", 6, 8), ("MOBILE", 5, 6)]
)
async def test_a_page_is_what_the_device_shows_at_once(demo: Demo, device: str, rows: int, cards: int) -> None:
    viewer = (await demo.make_viewer()).with_headers(X_Device_Class=device)
    shown = [edge["node"] for edge in (await viewer.fetch(SIZES))["home"]["rows"]["edges"]]
    assert len(shown) == rows
    for row in shown:
        assert len(items_of(row)) == min(cards, 10 if row["layout"] == "RANKED" else cards)


@pytest.mark.parametrize(("device", "delay"), [("TV", 2.0), ("WEB", 1.5), ("TABLET", 1.5), ("MOBILE", 1.0)])
async def test_the_hero_waits_as_long_as_the_device_wants(demo: Demo, device: str, delay: float) -> None:
    viewer = (await demo.make_viewer()).with_headers(X_Device_Class=device)
    assert (await viewer.fetch("{ home { hero { previewDelay } } }"))["home"]["hero"]["previewDelay"] == delay


@pytest.mark.parametrize(
    ("variables", "cap"),
    [({"rows": 41}, 40), ({"cards": 76}, 75), ({"rows": 2**31 - 1}, 40), ({"cards": 2**31 - 1}, 75)],
)
async def test_a_page_above_the_cap_is_refused_and_the_cap_named(
    demo: Demo, variables: dict[str, int], cap: int
) -> None:
    answer = await (await demo.make_viewer()).run(HOME, {"rows": 2, "cards": 2, **variables})
    assert set(answer.codes) == {"BAD_USER_INPUT"}
    for error in answer.body["errors"]:
        assert f"at most {cap}" in error["message"]
        assert error["extensions"]["limit"] == cap


@pytest.mark.parametrize("variables", [{"rows": -1}, {"cards": -1}])
async def test_a_negative_page_is_refused(demo: Demo, variables: dict[str, int]) -> None:
    answer = await (await demo.make_viewer()).run(HOME, {"rows": 1, "cards": 1, **variables})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_pages_put_together_are_the_whole_home(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    whole = await read_rows(viewer)
    rows = await read_nodes(viewer, HOME, "home", "rows", rows=3, cards=1)
    assert ids_of(rows) == ids_of(whole)
    trending = find_row(whole, "TRENDING")
    items = await read_nodes(viewer, TRENDING_PAGE, "node", "items", id=trending["id"])
    assert [item["title"]["id"] for item in items] == titles_of(trending)


async def add_to_list(demo: Demo, viewer: Client, place: int = 50) -> None:
    await viewer.fetch(ADD, id=open_cards(demo)[place].id)


async def test_pages_stay_with_their_home_when_my_list_changes(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    before = await read_rows(viewer)
    trending = find_row(before, "TRENDING")
    page = (await viewer.fetch(HOME, rows=4, cards=5))["home"]["rows"]
    cursor = find_row([edge["node"] for edge in page["edges"]], "TRENDING")["items"]["pageInfo"]["endCursor"]

    await add_to_list(demo, viewer)
    after = await read_rows(viewer)
    assert after[0]["kind"] == "MY_LIST"
    rest = (await viewer.fetch(HOME, rows=40, after=page["pageInfo"]["endCursor"]))["home"]["rows"]["edges"]
    assert [edge["node"] for edge in rest] == before[4:]
    row = await read_row(viewer, trending["id"], items=cursor)
    assert row is not None
    assert titles_of(row) == titles_of(trending)[5:]

    await add_to_list(demo, viewer, 51)
    again = await read_row(viewer, trending["id"], items=cursor)
    assert again == row


@pytest.fixture
async def withdrawn(demo: Demo) -> AsyncIterator[list[str]]:
    """Ids to withdraw are put in by the test, by `withdraw`; the catalogue is as it was afterwards."""
    held = demo.services.follower.catalogue
    yield []
    demo.services.follower.catalogue = held


def withdraw(demo: Demo, *ids: str) -> None:
    follower = demo.services.follower
    held = follower.catalogue
    changed = [msgspec.structs.replace(held.cards[title_id], is_hidden=True) for title_id in ids]
    follower.catalogue = held.apply(held.version + 1, changed, (), held.genres.values())


async def test_pages_stay_with_their_home_when_the_catalogue_changes(demo: Demo, withdrawn: list[str]) -> None:
    viewer = await demo.make_viewer()
    before = await read_rows(viewer)
    trending = find_row(before, "TRENDING")
    page = await read_row(viewer, trending["id"], cards=5)
    assert page is not None
    on_page, gone, gone_later = titles_of(trending)[3], titles_of(trending)[5], titles_of(trending)[9]
    withdraw(demo, on_page, gone, gone_later)

    rest = await read_row(viewer, trending["id"], items=page["items"]["pageInfo"]["endCursor"])
    assert rest is not None
    assert titles_of(rest) == [title for title in titles_of(trending)[5:] if title not in (gone, gone_later)]
    fresh = await read_row(viewer, trending["id"])
    assert fresh is not None
    assert not {on_page, gone, gone_later} & set(titles_of(fresh))


async def test_a_row_that_is_gone_can_be_paged_to_its_end(demo: Demo) -> None:
    """What is rated meanwhile pushes the oldest of three rows out."""
    viewer, cards = await demo.make_viewer(), open_cards(demo)[20:24]
    rate = "mutation ($id: ID!) { rateTitle(titleId: $id, thumb: UP) { id } }"
    for card in cards[:3]:
        await viewer.fetch(rate, id=card.id)
    oldest = find_row(await read_rows(viewer), "BECAUSE_YOU_WATCHED", lambda row: row["because"]["id"] == cards[0].id)
    page = await read_row(viewer, oldest["id"], cards=5)
    assert page is not None
    await viewer.fetch(rate, id=cards[3].id)

    assert oldest["id"] not in ids_of(await read_rows(viewer))
    rest = await read_row(viewer, oldest["id"], items=page["items"]["pageInfo"]["endCursor"])
    assert rest is not None
    assert titles_of(page) + titles_of(rest) == titles_of(oldest)
    fresh = await read_row(viewer, oldest["id"])
    assert fresh is not None
    assert items_of(fresh) == []
    arranged = (await viewer.fetch(ARRANGE, hidden=[oldest["id"]]))["arrangeHome"]
    assert oldest["id"] not in ids_of([edge["node"] for edge in arranged["rows"]["edges"]])


async def find_versions(demo: Demo, viewer: Client) -> dict[str, int]:
    """The versions of the viewer's home that Redis keeps, with the seconds that each is still kept."""
    redis = demo.services.cache.redis
    names = [name async for name in redis.scan_iter(match=keys.pinned_home(str(viewer.profile_id), "*"), count=10_000)]
    return {name.decode().rpartition(":")[2]: await redis.ttl(name) for name in names}


async def test_a_home_is_kept_while_it_holds_and_an_hour_more(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    await read_rows(viewer)
    ((first, kept),) = (await find_versions(demo, viewer)).items()
    assert kept > 24 * 3600
    await add_to_list(demo, viewer)
    await read_rows(viewer)
    versions = await find_versions(demo, viewer)
    assert len(versions) == 2
    assert 3500 < versions.pop(first) <= 3600
    assert next(iter(versions.values())) > 24 * 3600


async def test_a_cursor_of_a_home_that_is_not_kept_any_more_says_so(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    page = (await viewer.fetch(HOME, rows=2, cards=2))["home"]["rows"]
    row = page["edges"][0]["node"]
    await add_to_list(demo, viewer)
    await read_rows(viewer)
    await demo.services.cache.forget(
        *(keys.pinned_home(str(viewer.profile_id), version) for version in await find_versions(demo, viewer))
    )
    answer = await viewer.run(HOME, {"after": page["pageInfo"]["endCursor"]})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "first page" in answer.body["errors"][0]["message"]
    by_id = await viewer.run(ROW_BY_ID, {"id": row["id"], "items": row["items"]["pageInfo"]["endCursor"]})
    assert by_id.codes == ["BAD_USER_INPUT"]


def forge(*key: Any, scope: str = "rows") -> str:
    return encode_cursor(scope, key)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "☃",
        "A" * 600,
        forge(),
        forge("version"),
        forge("version", "0"),
        forge("version", -1),
        forge("version", 1.5),
        forge(1, 1),
        forge("version", 0, 0),
        forge("no such version", 0),
        forge("../../*", 2**63),
        forge("version", 0, scope="items:trending"),
    ],
)
async def test_what_is_no_cursor_of_the_rows_is_bad_input(demo: Demo, cursor: str) -> None:
    viewer = await demo.make_viewer()
    trending = find_row(await read_rows(viewer, cards=1), "TRENDING")
    assert (await viewer.run(HOME, {"after": cursor})).codes == ["BAD_USER_INPUT"]
    assert (await viewer.run(ROW_BY_ID, {"id": trending["id"], "items": cursor})).codes == ["BAD_USER_INPUT"]


async def test_a_cursor_beyond_the_end_is_an_empty_page(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    await read_rows(viewer)
    (version,) = await find_versions(demo, viewer)
    rows = (await viewer.fetch(HOME, after=forge(version, 2**63)))["home"]["rows"]
    assert rows["edges"] == []
    assert rows["pageInfo"]["hasNextPage"] is False


async def test_cursors_are_of_one_row_and_one_viewer(demo: Demo) -> None:
    viewer, other = await demo.make_viewer(), await demo.make_viewer()
    page = (await viewer.fetch(HOME, rows=3, cards=3))["home"]["rows"]
    trending = find_row([edge["node"] for edge in page["edges"]], "TRENDING")
    top_ten = find_row([edge["node"] for edge in page["edges"]], "TOP_TEN")
    cursor = trending["items"]["pageInfo"]["endCursor"]
    assert (await viewer.run(ROW_BY_ID, {"id": top_ten["id"], "items": cursor})).codes == ["BAD_USER_INPUT"]
    assert (await other.run(HOME, {"after": page["pageInfo"]["endCursor"]})).codes == ["BAD_USER_INPUT"]
