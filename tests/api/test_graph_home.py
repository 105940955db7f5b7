"""The home screen as a whole: constant reads whatever it holds, the hero of the day, rows that stay the same."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from asyncpg.connection import LoggedQuery
from msgspec.structs import replace as replace_fields

from bff.app import build_app, open_services
from bff.domain.badges import is_new
from bff.domain.profile_state import Preferences, ProfileState, Rating, Thumb, WatchProgress
from bff.domain.titles import MaturityRating, MovieCard, plays
from bff.domain.video import VideoState
from resolvers.home_composer import HERO_POOL, HERO_RANKS, pick_hero
from resolvers.sections import Scene
from resolvers.sections.new_releases import list_new
from tests.demo_titles import ADULT, open_cards
from tests.home_screen import HOME, check_rows, find_row, ids_of, read_rows
from tests.http_server import serve
from tests.live import OPERATIONS, Client, Demo

SIZES = [(1, 1), (10, 20), (40, 75)]


async def test_serves_a_home_of_ten_rows_of_twenty_cards(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    home = await viewer.fetch(OPERATIONS["home"])
    rows = home["home"]["rows"]["edges"]
    assert len(rows) == 10
    assert home["home"]["hero"]["title"]["name"]
    assert home["home"]["isPersonalised"] is False
    assert all(row["node"]["items"]["edges"] for row in rows)


async def count_reads(demo: Demo, viewer: Client, rows: int, cards: int) -> tuple[int, int]:
    """SQL statements and Redis round trips of one request."""
    statements, trips = len(demo.statements), demo.services.cache.round_trips
    await viewer.fetch(OPERATIONS["home"], rows=rows, cards=cards)
    return len(demo.statements) - statements, demo.services.cache.round_trips - trips


@pytest.mark.parametrize(("rows", "cards"), SIZES)
async def test_reads_redis_once_and_postgres_never_on_a_warm_process(demo: Demo, rows: int, cards: int) -> None:
    viewer = await demo.make_viewer()
    await viewer.fetch(OPERATIONS["home"])
    assert await count_reads(demo, viewer, rows, cards) == (0, 1)


async def test_a_home_full_of_signals_is_read_as_quickly(demo: Demo) -> None:
    ada = await demo.sign_in("premium@example.com")
    await ada.fetch(OPERATIONS["home"])
    assert await count_reads(demo, ada, 40, 75) == (0, 1)


async def test_the_first_home_of_a_viewer_costs_the_same_reads_whatever_its_size(demo: Demo) -> None:
    counts = [await count_reads(demo, await demo.make_viewer(), rows, cards) for rows, cards in SIZES]
    assert len(set(counts)) == 1
    statements, trips = counts[0]
    assert statements <= 2  # state and device
    assert trips <= 4


async def test_composing_again_costs_the_same_reads_whatever_its_size(demo: Demo) -> None:
    viewer, counts = await demo.make_viewer(), set()
    await read_rows(viewer)
    for place, (rows, cards) in enumerate(SIZES, start=40):
        await viewer.fetch(
            "mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=open_cards(demo)[place].id
        )
        counts.add(await count_reads(demo, viewer, rows, cards))
    assert counts == {(0, 2)}


async def test_a_process_that_has_just_started_finds_the_home_in_redis(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    before = await read_rows(viewer)
    statements: list[str] = []

    def note(query: LoggedQuery) -> None:
        statements.append(query.query)

    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(demo.services.settings, now=demo.clock, on_query=note))
        url = await stack.enter_async_context(serve(build_app(services)))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))
        statements.clear()
        trips = services.cache.round_trips
        assert await read_rows(replace(viewer, http=http)) == before
        assert statements == []
        assert services.cache.round_trips - trips == 1


async def test_devices_in_other_time_zones_do_not_replace_each_others_home(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    devices = [viewer, *(viewer.with_headers(X_Time_Zone=zone) for zone in ("Asia/Tokyo", "America/Sao_Paulo"))]
    first = [await read_rows(device) for device in devices]
    assert [await count_reads(demo, device, 40, 75) for device in devices] == [(0, 1)] * 3
    assert [await read_rows(device) for device in devices] == first


@pytest.fixture
def tomorrow(demo: Demo) -> Iterator[None]:
    """It is tomorrow, until the test ends."""
    demo.clock.shift += timedelta(days=1)
    yield
    demo.clock.shift -= timedelta(days=1)


@pytest.fixture
async def rows_of_today(demo: Demo) -> list[dict[str, object]]:
    return await read_rows(await demo.sign_in("standard@example.com"))


async def test_rows_keep_their_ids_from_day_to_day(
    demo: Demo, rows_of_today: list[dict[str, object]], tomorrow: None
) -> None:
    rows = await read_rows(await demo.sign_in("standard@example.com"))
    check_rows(rows)
    names = {str(row["name"]): row["id"] for row in rows_of_today}
    assert {row["name"]: row["id"] for row in rows} == names


async def test_the_same_row_has_another_id_for_another_viewer(demo: Demo) -> None:
    homes = [await read_rows(await demo.make_viewer(), cards=1) for _ in range(2)]
    assert [row["name"] for row in homes[0]] == [row["name"] for row in homes[1]]
    assert not set(ids_of(homes[0])) & set(ids_of(homes[1]))


async def read_hero(viewer: Client) -> str:
    hero: str = (await viewer.fetch(HOME, rows=0))["home"]["hero"]["title"]["id"]
    return hero


async def test_the_hero_stays_all_day_and_differs_between_viewers(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    hero = await read_hero(viewer)
    await viewer.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=open_cards(demo)[7].id)
    assert await read_hero(viewer) == await read_hero(viewer.with_headers(X_Device_Class="TV")) == hero
    assert len({await read_hero(await demo.make_viewer()) for _ in range(12)}) > 1


async def test_the_headline_of_the_hero_is_true(demo: Demo) -> None:
    for _ in range(8):
        home = (await (await demo.make_viewer()).fetch(HOME))["home"]
        headline, hero = home["hero"]["headline"], home["hero"]["title"]["id"]
        badges = (await demo.visitor.fetch("query ($id: ID!) { title(id: $id) { badges } }", id=hero))["title"]
        top = {
            item["node"]["title"]["id"]: item["node"]["rank"]
            for item in find_row([edge["node"] for edge in home["rows"]["edges"]], "TOP_TEN")["items"]["edges"]
        }
        if hero in top:
            assert headline == f"No. {top[hero]} in the Top 10 Today"
        else:
            expected = {None: None, "LEAVING_SOON": "Leaving Soon", "NEW": "New on Marquee"}
            marks = [badge for badge in (badges or {"badges": []})["badges"] if badge in expected]
            assert badges is None or headline == expected[marks[0] if marks else None]


def show_videos(demo: Demo, monkeypatch: pytest.MonkeyPatch, *playing: MovieCard) -> None:
    """Nothing but these plays in this process."""
    held = demo.services.follower.catalogue
    ready = [replace_fields(card, video_state=VideoState.READY) for card in playing]
    others = [card.id for card in held.cards.values() if plays(card)]
    catalogue = held.apply(held.version + 1, ready, others, held.genres.values())
    monkeypatch.setattr(demo.services.follower, "catalogue", catalogue)


def make_scene(demo: Demo, profile_id: str, now: datetime, **state: object) -> Scene:
    catalogue = demo.services.follower.catalogue
    return Scene(
        catalogue=catalogue,
        shelf=catalogue.shelve(ADULT, demo.services.now()),
        state=make_state(profile_id, **state),
        region="US",
        now=now,
        local_time=None,
    )


def make_state(profile_id: str, **state: object) -> ProfileState:
    return ProfileState(
        profile_id=profile_id,
        account_id="acc",
        version=1,
        is_kids=False,
        language="en",
        ceiling=MaturityRating.AGE_18,
        preferences=Preferences(),
        **state,  # type: ignore[arg-type]
    )


async def test_what_plays_is_the_hero_and_leads_what_is_new(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    now = demo.services.now()
    films = [card for card in open_cards(demo) if isinstance(card, MovieCard) and not plays(card)]
    old, recent = films[HERO_RANKS], [card for card in films if is_new(card, "US", now)][-1]
    show_videos(demo, monkeypatch, old, recent)
    scene = make_scene(demo, "pro_1", now)
    assert {pick_hero(replace(scene, state=make_state(f"pro_{number}"))) for number in range(20)} == {old.id, recent.id}
    ratings = {card.id: Rating(Thumb.DOWN, now) for card in (old, recent)}
    assert pick_hero(make_scene(demo, "pro_1", now, ratings=ratings)) not in {old.id, recent.id, None}
    opened = {card.id: card.windows["US"].opens for card in list_new(scene)}
    before = list(opened)[: list(opened).index(recent.id)]
    assert all((now - opened[title_id]).days // 7 < (now - opened[recent.id]).days // 7 for title_id in before)


async def test_a_day_has_a_pool_of_heroes_and_the_next_day_another(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    show_videos(demo, monkeypatch)
    popular = {card.id for card in open_cards(demo)[:HERO_RANKS]}
    pools = []
    for day in range(3):
        at = demo.services.now() + timedelta(days=day)
        pool = {pick_hero(make_scene(demo, f"pro_{number}", at)) for number in range(400)}
        assert HERO_POOL // 2 < len(pool) <= HERO_POOL
        assert pool <= popular
        pools.append(pool)
    assert pools[0] != pools[1] != pools[2]
    week = [pick_hero(make_scene(demo, "pro_1", demo.services.now() + timedelta(days=day))) for day in range(7)]
    assert len(set(week)) > 3


async def test_a_hero_that_is_being_watched_or_disliked_makes_room(demo: Demo) -> None:
    now = demo.services.now()
    hero = str(pick_hero(make_scene(demo, "pro_1", now)))
    progress = WatchProgress(playable_id=hero, title_id=hero, position=1, duration=2, completed=False, updated_at=now)
    watching = pick_hero(make_scene(demo, "pro_1", now, progress={hero: progress}))
    disliking = pick_hero(make_scene(demo, "pro_1", now, ratings={hero: Rating(Thumb.DOWN, now)}))
    assert watching == disliking != hero


async def test_somebody_who_has_begun_everything_still_has_a_hero(demo: Demo) -> None:
    now = demo.services.now()
    ratings = {card.id: Rating(Thumb.DOWN, now) for card in open_cards(demo)}
    assert pick_hero(make_scene(demo, "pro_1", now, ratings=ratings)) == pick_hero(make_scene(demo, "pro_1", now))
