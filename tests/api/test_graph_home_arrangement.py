"""The profile's own order of rows, the rows that it hides, and ids that lead to rows and homes."""

import pytest

from tests.demo_titles import open_cards
from tests.home_screen import ARRANGE, check_rows, find_row, ids_of, items_of, of_kind, read_row, read_rows, titles_of
from tests.live import Client, Demo

HOME_ID = "{ home { id hiddenRows { id name kind items(first: 3) { edges { node { id } } } } } }"


async def arrange(viewer: Client, **changes: list[str] | None) -> list[str]:
    """The ids of the rows that are shown after it, which those of the next request are, too."""
    arranged = (await viewer.fetch(ARRANGE, **changes))["arrangeHome"]
    shown = ids_of([edge["node"] for edge in arranged["rows"]["edges"]])
    assert shown == ids_of(await read_rows(viewer, cards=1))
    assert arranged["hiddenRows"] == [
        {key: row[key] for key in ("id", "name", "kind")} for row in (await viewer.fetch(HOME_ID))["home"]["hiddenRows"]
    ]
    return shown


async def test_named_rows_come_first_and_the_others_keep_their_order(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    usual = ids_of(await read_rows(viewer))
    wanted = [usual[7], usual[2], usual[11]]
    assert await arrange(viewer, order=wanted) == wanted + [row for row in usual if row not in wanted]
    check_rows(await read_rows(viewer))


async def test_the_whole_home_can_be_turned_round(demo: Demo) -> None:
    ada = await demo.make_viewer()
    for place in (0, 3, 5):
        await ada.fetch(
            "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=open_cards(demo)[place].id
        )
    usual = ids_of(await read_rows(ada))
    assert await arrange(ada, order=usual[::-1]) == usual[::-1]
    check_rows(await read_rows(ada))


async def test_hidden_rows_go_and_come_back(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    rows = await read_rows(viewer)
    usual, unwanted = ids_of(rows), [find_row(rows, "TRENDING")["id"], find_row(rows, "GENRE")["id"]]
    shown = await arrange(viewer, hidden=unwanted)
    assert not set(unwanted) & set(shown)
    hidden = (await viewer.fetch(HOME_ID))["home"]["hiddenRows"]
    assert {row["id"] for row in hidden} == set(unwanted)
    assert all(items_of(row) for row in hidden)
    assert await arrange(viewer, hidden=[unwanted[1]]) != shown
    assert await arrange(viewer, hidden=[]) == usual


async def test_another_genre_takes_the_place_of_a_hidden_one(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    genres = ids_of(of_kind(await read_rows(viewer), "GENRE"))
    await arrange(viewer, hidden=genres[:2])
    shown = ids_of(of_kind(await read_rows(viewer), "GENRE"))
    assert shown[:-2] == genres[2:]
    assert len(shown) == len(genres)


async def test_what_is_left_out_stays_and_null_puts_the_servers_own_back(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    usual = ids_of(await read_rows(viewer))
    first, unwanted = usual[5], usual[1]
    await arrange(viewer, order=[first], hidden=[unwanted])
    expected = [first, *(row for row in usual if row not in (first, unwanted))]
    assert await arrange(viewer) == expected
    assert (await arrange(viewer, order=None))[0] == usual[0]
    assert unwanted not in await arrange(viewer, order=[first])
    assert await arrange(viewer, hidden=None) == [first, *(row for row in usual if row != first)]
    assert await arrange(viewer, order=None, hidden=None) == usual


async def test_a_hidden_row_keeps_its_place_in_the_order(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    usual = ids_of(await read_rows(viewer))
    wanted = [usual[6], usual[4]]
    await arrange(viewer, order=wanted, hidden=[usual[6]])
    assert (await arrange(viewer))[0] == usual[4]
    assert (await arrange(viewer, hidden=None))[:2] == wanted


async def test_naming_a_row_twice_is_naming_it_once(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    usual = ids_of(await read_rows(viewer))
    assert (await arrange(viewer, order=[usual[3], usual[2], usual[3]]))[:2] == [usual[3], usual[2]]


@pytest.mark.parametrize("argument", ["order", "hidden"])
@pytest.mark.parametrize("unknown", ["row_aaaaaaaaaaaaaaaa", "", "trending", "tit_aaaaaaaaaaaaaaaa"])
async def test_a_row_that_is_unknown_is_not_found_and_nothing_changes(demo: Demo, argument: str, unknown: str) -> None:
    viewer = await demo.make_viewer()
    usual = ids_of(await read_rows(viewer))
    answer = await viewer.run(ARRANGE, {argument: [usual[3], unknown]})
    assert answer.codes == ["NOT_FOUND"]
    assert answer.body["data"] == {"arrangeHome": None}
    assert ids_of(await read_rows(viewer)) == usual


@pytest.mark.parametrize("argument", ["order", "hidden"])
async def test_more_than_a_hundred_ids_are_refused(demo: Demo, argument: str) -> None:
    viewer = await demo.make_viewer()
    (row, *_) = await read_rows(viewer)
    answer = await viewer.run(ARRANGE, {argument: [row["id"]] * 101})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "100" in answer.body["errors"][0]["message"]


async def test_everything_can_be_hidden(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    for _ in range(3):  # genres that were held back by their cap come forward
        everything = ids_of(await read_rows(viewer, cards=1))
        held = [row["id"] for row in (await viewer.fetch(HOME_ID))["home"]["hiddenRows"]]
        if not everything:
            break
        await arrange(viewer, hidden=held + everything)
    assert await read_rows(viewer) == []
    assert (await viewer.fetch("{ home { hero { title { id } } } }"))["home"]["hero"]
    assert len(await arrange(viewer, hidden=None)) > 15


async def test_a_row_is_found_by_its_id_whether_shown_or_hidden(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    trending = find_row(await read_rows(viewer), "TRENDING")
    assert await read_row(viewer, trending["id"]) == trending
    await arrange(viewer, hidden=[trending["id"]])
    found = await read_row(viewer, trending["id"])
    assert found is not None
    assert titles_of(found)[:5] == titles_of(trending)[:5]


async def test_rows_and_homes_of_others_do_not_exist(demo: Demo) -> None:
    viewer, other = await demo.make_viewer(), await demo.make_viewer()
    (row, *_) = await read_rows(viewer)
    home_id = (await viewer.fetch(HOME_ID))["home"]["id"]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    ids = [home_id, row["id"]]
    assert (await viewer.fetch(query, ids=ids))["nodes"] == [
        {"__typename": "Home", "id": home_id},
        {"__typename": "Row", "id": row["id"]},
    ]
    for client in (other, demo.visitor, await demo.sign_in("operator@example.com")):
        assert (await client.fetch(query, ids=ids))["nodes"] == [None, None]
    assert (await other.run(ARRANGE, {"order": [row["id"]]})).codes == ["NOT_FOUND"]


async def test_who_has_no_profile_has_no_home(demo: Demo) -> None:
    operator = await demo.sign_in("operator@example.com")
    answer = await operator.run("{ home { id } }")
    assert answer.body["data"] == {"home": None}
    assert (await operator.run(ARRANGE, {"order": []})).codes == ["FORBIDDEN"]
    assert (await demo.visitor.run("{ home { id } }")).codes == ["UNAUTHENTICATED"]
