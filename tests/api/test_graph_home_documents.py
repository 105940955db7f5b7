"""Homes as Redis has them: what other releases wrote is replaced, what two profiles have in common is there once."""

from typing import Any

import msgspec
from msgspec.structs import asdict

from bff.context import Caller, OperationContext
from bff.domain.home import PERSONAL_KINDS, PinnedHome, PinnedRow
from bff.stores import keys
from resolvers.home_composer import open_home
from tests.demo_titles import open_cards
from tests.home_screen import ids_of, read_rows
from tests.live import Client, Demo

ADD = "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }"


async def read_document(demo: Demo, viewer: Client) -> bytes:
    """What Redis has as the viewer's latest home."""
    (stored,) = await demo.services.cache.get_many([name_document(viewer)])
    assert stored is not None
    return stored


def name_document(viewer: Client) -> str:
    return keys.profile_home(str(viewer.profile_id), "US:-")


def write_by_name(home: PinnedHome) -> bytes:
    """The form of earlier releases: every field and row by its name, the basis as a text."""
    fields: dict[str, Any] = asdict(home) | {"basis": "1|1|None|18|2026-01-01|US:-"}
    return msgspec.msgpack.encode(fields | {"rows": [describe(row) for row in home.rows], "past": []})


def describe(row: PinnedRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


async def test_a_home_that_an_earlier_release_wrote_is_composed_anew(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    rows = await read_rows(viewer)
    home = demo.services.homes.decode(await read_document(demo, viewer))
    await demo.services.cache.put(name_document(viewer), write_by_name(home), age=600)
    assert ids_of(await read_rows(viewer)) == ids_of(rows)
    anew = demo.services.homes.decode(await read_document(demo, viewer))
    assert anew.rows == home.rows
    assert anew.basis == home.basis


async def test_a_home_of_which_one_row_cannot_be_read_is_composed_anew(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    rows = await read_rows(viewer)
    home = demo.services.homes.decode(await read_document(demo, viewer))
    document = msgspec.msgpack.decode(await read_document(demo, viewer))
    document[4][1] = ["a row", "of another form"]
    await demo.services.cache.put(name_document(viewer), msgspec.msgpack.encode(document), age=600)
    assert ids_of(await read_rows(viewer)) == ids_of(rows)
    assert demo.services.homes.decode(await read_document(demo, viewer)).rows == home.rows


async def test_what_profiles_have_in_common_is_in_memory_once(demo: Demo) -> None:
    """Once a second one has it."""
    viewers = [await demo.make_viewer() for _ in range(3)]
    homes = []
    for viewer in viewers:
        await viewer.fetch(ADD, id=open_cards(demo)[50].id)
        await read_rows(viewer)
        homes.append(demo.services.homes.decode(await read_document(demo, viewer)))
    first, second = ({row.key: row for row in home.rows} for home in homes[1:])
    shared = [key for key, row in first.items() if second.get(key) == row]
    assert len(shared) > 10
    assert {key for key in shared if first[key] is not second[key]} == {
        key for key in shared if first[key].kind in PERSONAL_KINDS
    }
    assert "MY_LIST" in {first[key].kind for key in shared}


async def test_a_home_is_composed_with_the_rows_that_it_is_opened_with(demo: Demo) -> None:
    """So that what is kept by a row is found by the first request, too."""
    await read_rows(await demo.make_viewer())
    viewer = await demo.make_viewer()
    composed, opened = [await open_home_of(demo, viewer) for _ in range(2)]
    assert composed == opened
    assert composed is not opened
    assert len(composed.rows) > 10
    assert all(row is again for row, again in zip(composed.rows, opened.rows, strict=True))


async def open_home_of(demo: Demo, viewer: Client) -> PinnedHome:
    token = demo.services.authority.verifier.authenticate(viewer.headers["Authorization"], demo.services.now())
    context = OperationContext(demo.services, Caller(token=token, region="US", address="192.0.2.1"))
    await context.enter()
    return await open_home(context)
