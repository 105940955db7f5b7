"""A home whose sections fail or are late, and a home without Redis: always a home, and whole again soon after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from bff.app import build_app, open_services
from bff.domain.home import HomeRow, RowKind
from bff.embedded import EmbeddedEngines
from bff.settings import Secret
from resolvers import sections
from resolvers.sections import Scene, Section
from tests.demo_titles import open_cards
from tests.home_screen import ARRANGE, HOME, check_rows, find_row, ids_of, of_kind, read_row, read_rows, titles_of
from tests.http_server import serve
from tests.live import OPERATIONS, Client, Demo

ADD = "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }"


class Broken:
    """Stands in for a section: it fails, or never answers."""

    def __init__(self, section: Section, *, hangs: bool) -> None:
        self.kind, self.key, self.name = section.kind, section.key, section.name
        self.hangs = hangs

    async def propose(self, scene: Scene) -> list[HomeRow]:
        del scene
        if self.hangs:
            await asyncio.Event().wait()
        raise RuntimeError("this section is broken on purpose")


def break_section(patch: pytest.MonkeyPatch, kind: RowKind, *, hangs: bool = False) -> None:
    broken = tuple(Broken(section, hangs=hangs) if section.kind is kind else section for section in sections.SECTIONS)
    patch.setattr(sections, "SECTIONS", broken)


async def change_something(demo: Demo, viewer: Client, place: int = 50) -> None:
    """So that the home is composed anew."""
    await viewer.fetch(ADD, id=open_cards(demo)[place].id)


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_section_that_fails_leaves_the_rest_standing_and_recovers(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    viewer, other = await demo.make_viewer(), await demo.make_viewer()
    usual = {row["id"] for row in await read_rows(other)}
    with monkeypatch.context() as patch:
        break_section(patch, RowKind.TRENDING, hangs=hangs)
        answer = await viewer.run(HOME)
    edges = answer.body["data"]["home"]["rows"]["edges"]
    rows = [edge["node"] for edge in edges]
    failed = find_row(rows, "TRENDING")
    assert failed["items"] is None
    assert failed["isStale"] is False
    assert failed["name"] == "Trending Now"
    (error,) = answer.body["errors"]
    assert error["path"] == ["home", "rows", "edges", rows.index(failed), "node", "items"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["extensions"]["retryAfter"] > 0
    check_rows([row for row in rows if row is not failed])
    assert len(rows) == len(usual)

    recovered = await read_rows(viewer)
    check_rows(recovered)
    assert find_row(recovered, "TRENDING")["id"] == failed["id"]
    assert ids_of(recovered) == ids_of(rows)


@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize("kind", ["TRENDING", "GENRE"])
async def test_the_last_good_items_stand_in_until_it_recovers(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, kind: str, hangs: bool
) -> None:
    viewer = await demo.make_viewer()
    before = of_kind(await read_rows(viewer), kind)
    with monkeypatch.context() as patch:
        break_section(patch, RowKind(kind), hangs=hangs)
        for turn in range(2):
            await change_something(demo, viewer, 50 + turn)
            rows = await read_rows(viewer)
            check_rows(rows)
            stale = of_kind(rows, kind)
            assert ids_of(stale) == ids_of(before)
            assert {row["id"] for row in rows if row["isStale"]} == set(ids_of(stale))
            for row, good in zip(stale, before, strict=True):
                assert set(titles_of(row)) <= set(titles_of(good))
    recovered = await read_rows(viewer)
    assert not any(row["isStale"] for row in recovered)
    assert ids_of(of_kind(recovered, kind)) == ids_of(before)


async def test_a_home_that_holds_does_not_ask_the_sections(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await demo.make_viewer()
    before = await read_rows(viewer)
    for kind in RowKind:
        break_section(monkeypatch, kind)
    assert await read_rows(viewer) == before


async def test_a_home_of_nothing_but_failures_is_still_a_home(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await demo.make_viewer()
    for kind in RowKind:
        break_section(monkeypatch, kind)
    answer = await viewer.run(HOME)
    home = answer.body["data"]["home"]
    assert home["hero"]["title"]["id"]
    assert len(home["rows"]["edges"]) == len(sections.SECTIONS) == len(answer.codes)
    assert set(answer.codes) == {"UNAVAILABLE"}
    assert all(edge["node"]["items"] is None for edge in home["rows"]["edges"])


async def test_a_hidden_row_stays_hidden_when_it_fails(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await demo.make_viewer()
    trending = find_row(await read_rows(viewer), "TRENDING")
    await viewer.fetch(ARRANGE, hidden=[trending["id"]])
    break_section(monkeypatch, RowKind.TRENDING)
    await change_something(demo, viewer)
    assert of_kind(await read_rows(viewer), "TRENDING") == []


async def test_a_failed_row_can_be_asked_for_by_its_id(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await demo.make_viewer()
    with monkeypatch.context() as patch:
        break_section(patch, RowKind.COMMUNITY)
        answer = await viewer.run(HOME)
    failed = find_row([edge["node"] for edge in answer.body["data"]["home"]["rows"]["edges"]], "COMMUNITY")
    recovered = await read_row(viewer, failed["id"])
    assert recovered is not None
    assert titles_of(recovered)


@asynccontextmanager
async def reach_through(demo: Demo, redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A process of its own on the demo's database, with a Redis of its own."""
    settings = msgspec.structs.replace(demo.services.settings, redis_url=Secret(redis_url))
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings, now=demo.clock))
        url = await stack.enter_async_context(serve(build_app(services)))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))


@pytest.fixture(scope="module")
async def without_redis(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    async with reach_through(demo, "redis://127.0.0.1:1/0") as http:
        yield http


async def test_a_home_without_redis_is_the_same_home_and_says_so(demo: Demo, without_redis: httpx.AsyncClient) -> None:
    viewer = await demo.make_viewer()
    with_redis = (await viewer.fetch(OPERATIONS["home"]))["home"]
    answer = await replace(viewer, http=without_redis).run(OPERATIONS["home"])
    assert answer.body["extensions"]["degraded"] == ["redis"]
    assert answer.data["home"] == with_redis
    assert "extensions" not in (await viewer.run(OPERATIONS["home"])).body


async def test_changes_without_redis_count(demo: Demo, without_redis: httpx.AsyncClient) -> None:
    viewer = replace(await demo.make_viewer(), http=without_redis)
    await change_something(demo, viewer)
    rows = await read_rows(viewer)
    assert titles_of(find_row(rows, "MY_LIST")) == [open_cards(demo)[50].id]
    hidden = find_row(rows, "TRENDING")["id"]
    arranged = (await viewer.fetch(ARRANGE, hidden=[hidden]))["arrangeHome"]
    assert ids_of(arranged["hiddenRows"]) == [hidden]


async def test_pages_without_redis_go_on_while_the_home_holds(demo: Demo, without_redis: httpx.AsyncClient) -> None:
    viewer = replace(await demo.make_viewer(), http=without_redis)
    whole = ids_of(await read_rows(viewer))
    page = (await viewer.fetch(HOME, rows=5, cards=1))["home"]["rows"]
    rest = (await viewer.fetch(HOME, rows=40, cards=1, after=page["pageInfo"]["endCursor"]))["home"]["rows"]
    assert ids_of([edge["node"] for edge in (*page["edges"], *rest["edges"])]) == whole

    await change_something(demo, viewer)
    answer = await viewer.run(HOME, {"rows": 5, "cards": 1, "after": page["pageInfo"]["endCursor"]})
    assert answer.codes == ["UNAVAILABLE"]
    assert answer.body["errors"][0]["path"] == ["home", "rows"]


async def test_redis_may_die_and_come_back(demo: Demo, tmp_path: Path) -> None:
    viewer = await demo.make_viewer()
    async with AsyncExitStack() as stack:
        async with EmbeddedEngines(tmp_path, postgres=False) as engines:
            http = await stack.enter_async_context(reach_through(demo, engines.redis_url))
            client = replace(viewer, http=http)
            for _ in range(2):
                answer = await client.run(OPERATIONS["home"])
                assert "extensions" not in answer.body
            before = answer.data
        answer = await client.run(OPERATIONS["home"])
        assert answer.body["extensions"]["degraded"] == ["redis"]
        assert answer.data == before
        async with EmbeddedEngines(tmp_path, postgres=False) as engines, asyncio.timeout(30):
            while "extensions" in (answer := await client.run(OPERATIONS["home"])).body:
                assert answer.data == before
                await asyncio.sleep(0.1)
            assert answer.data == before
