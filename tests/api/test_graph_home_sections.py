"""Every row of the home: there when its signal is, made of the right titles, and sensible for whoever looks at it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from bff.domain.titles import MaturityRating, MovieCard, SeriesCard
from bff.domain.visibility import Audience
from tests.demo_titles import find_card, has_episodes, open_cards
from tests.home_screen import check_rows, find_row, items_of, of_kind, read_rows, titles_of
from tests.live import Client, Demo
from tests.profile_rows import add_progress

Zone = Callable[[int], str]

FOR_EVERYBODY = {"TOP_TEN", "TRENDING", "NEW_RELEASES", "GENRE", "COMMUNITY", "LEAVING_SOON"}
KIDS = Audience(region="US", ceiling=MaturityRating.AGE_7)


async def watch(
    demo: Demo, viewer: Client, playable_id: str, title_id: str, *, hours_ago: float = 1, completed: bool = False
) -> None:
    """Before the viewer's first request."""
    at = demo.services.now() - timedelta(hours=hours_ago)
    await add_progress(demo.services.pool, str(viewer.profile_id), playable_id, title_id, at, completed=completed)


async def rate(viewer: Client, title_id: str, thumb: str) -> None:
    await viewer.fetch(
        "mutation ($id: ID!, $thumb: Thumb) { rateTitle(titleId: $id, thumb: $thumb) { id } }", id=title_id, thumb=thumb
    )


@pytest.fixture
def zone_at(demo: Demo) -> Iterator[Zone]:
    """Names a time zone whose clocks show an hour now, which has only just begun; such names count westwards."""
    minutes = timedelta(minutes=demo.services.now().minute)
    demo.clock.shift -= minutes

    def name(hour: int) -> str:
        return f"Etc/GMT{-((hour - demo.services.now().hour + 11) % 24 - 11):+d}"

    yield name
    demo.clock.shift += minutes


def films(demo: Demo, count: int) -> list[MovieCard]:
    """Not of the ten most popular."""
    return [card for card in open_cards(demo)[10:] if isinstance(card, MovieCard)][:count]


async def test_a_new_viewer_gets_the_rows_that_need_no_signal(demo: Demo) -> None:
    rows = await read_rows(await demo.make_viewer())
    assert {row["kind"] for row in rows} == FOR_EVERYBODY
    check_rows(rows)


@pytest.mark.parametrize("region", ["US", "GB", "IN", "JP", "BR"])
@pytest.mark.parametrize("is_kids", [False, True])
async def test_every_region_has_a_home(demo: Demo, region: str, is_kids: bool) -> None:
    ceiling = MaturityRating.AGE_7 if is_kids else MaturityRating.AGE_18
    rows = await read_rows(await demo.make_viewer(region=region, ceiling=ceiling, is_kids=is_kids))
    check_rows(rows)
    assert len(rows) >= 15
    assert {row["kind"] for row in rows} == FOR_EVERYBODY
    assert len(items_of(find_row(rows, "TOP_TEN"))) == 10


async def test_a_region_without_titles_has_an_empty_home(demo: Demo) -> None:
    viewer = await demo.make_viewer(region="AQ")
    home = (await viewer.fetch("{ home { hero { title { id } } rows { edges { node { id } } } hiddenRows { id } } }"))[
        "home"
    ]
    assert home == {"hero": None, "rows": {"edges": []}, "hiddenRows": []}


@pytest.mark.parametrize("email", ["basic@example.com", "standard@example.com", "premium@example.com"])
async def test_a_home_full_of_signals_begins_with_what_is_the_viewers_own(
    demo: Demo, zone_at: Zone, email: str
) -> None:
    ada = (await demo.sign_in(email)).with_headers(X_Time_Zone=zone_at(20))
    rows = await read_rows(ada)
    check_rows(rows)
    assert [row["kind"] for row in rows[:2]] == ["CONTINUE_WATCHING", "MY_LIST"]
    assert {row["kind"] for row in rows} == {
        *FOR_EVERYBODY,
        "CONTINUE_WATCHING",
        "MY_LIST",
        "BECAUSE_YOU_WATCHED",
        "TIME_OF_DAY",
        "WATCH_AGAIN",
    }
    assert {row["kind"] for row in rows[:10]} >= {"TOP_TEN", "TRENDING", "NEW_RELEASES", "TIME_OF_DAY"}


async def test_a_film_left_halfway_is_continued(demo: Demo) -> None:
    viewer, film = await demo.make_viewer(), find_card(demo, MovieCard)
    await watch(demo, viewer, film.id, film.id)
    rows = await read_rows(viewer)
    assert rows[0]["kind"] == "CONTINUE_WATCHING"
    assert rows[0]["layout"] == "WIDE"
    (item,) = items_of(rows[0])
    assert item["__typename"] == "ContinueItem"
    assert item["playable"]["id"] == item["title"]["id"] == film.id
    assert 0 < item["progress"]["fraction"] < 1


async def test_a_series_goes_on_with_the_next_episode(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    series = find_card(demo, SeriesCard, has_episodes)
    (_, first), (_, second), *_ = series.walk_episodes()
    await watch(demo, viewer, first.id, series.id, completed=True)
    (item,) = items_of(find_row(await read_rows(viewer), "CONTINUE_WATCHING"))
    assert item["title"]["id"] == series.id
    assert item["playable"]["id"] == second.id
    assert item["progress"]["fraction"] == 0


async def test_what_was_seen_to_the_end_is_not_continued(demo: Demo) -> None:
    viewer, film = await demo.make_viewer(), find_card(demo, MovieCard)
    series = find_card(demo, SeriesCard, has_episodes)
    *_, (_, last) = series.walk_episodes()
    await watch(demo, viewer, film.id, film.id, completed=True)
    await watch(demo, viewer, last.id, series.id, completed=True)
    assert of_kind(await read_rows(viewer), "CONTINUE_WATCHING") == []


async def test_what_was_taken_out_of_continue_watching_is_gone(demo: Demo) -> None:
    viewer, (film, other) = await demo.make_viewer(), films(demo, 2)
    await watch(demo, viewer, film.id, film.id)
    await watch(demo, viewer, other.id, other.id, hours_ago=2)
    assert titles_of(find_row(await read_rows(viewer), "CONTINUE_WATCHING")) == [film.id, other.id]
    take_out = "mutation ($id: ID!) { removeFromContinueWatching(titleId: $id) { title { id } } }"
    await viewer.fetch(take_out, id=film.id)
    assert titles_of(find_row(await read_rows(viewer), "CONTINUE_WATCHING")) == [other.id]
    await viewer.fetch(take_out, id=other.id)
    assert of_kind(await read_rows(viewer), "CONTINUE_WATCHING") == []


async def test_my_list_is_there_while_it_holds_something(demo: Demo) -> None:
    viewer, (first, second) = await demo.make_viewer(), films(demo, 2)
    for card in (first, second):
        await viewer.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=card.id)
    assert titles_of(find_row(await read_rows(viewer), "MY_LIST")) == [second.id, first.id]
    for card in (first, second):
        await viewer.fetch("mutation ($id: ID!) { removeFromMyList(titleId: $id) { title { id } } }", id=card.id)
    assert of_kind(await read_rows(viewer), "MY_LIST") == []


@pytest.mark.parametrize(("thumb", "name"), [("UP", "Because You Liked"), ("DOWN", None)])
async def test_a_thumb_up_brings_titles_like_it(demo: Demo, thumb: str, name: str | None) -> None:
    viewer, (film,) = await demo.make_viewer(), films(demo, 1)
    await rate(viewer, film.id, thumb)
    because = of_kind(await read_rows(viewer), "BECAUSE_YOU_WATCHED")
    if name is None:
        assert because == []
        return
    (row,) = because
    assert row["name"] == f"{name} {film.name}"
    assert row["because"] == {"id": film.id, "name": film.name}
    assert film.id not in titles_of(row)


async def test_what_was_watched_to_the_end_brings_titles_like_it_three_times_at_most(demo: Demo) -> None:
    viewer, seen = await demo.make_viewer(), films(demo, 4)
    for hours, film in enumerate(seen):
        await watch(demo, viewer, film.id, film.id, hours_ago=hours, completed=True)
    await rate(viewer, seen[1].id, "DOWN")
    rows = await read_rows(viewer)
    because = of_kind(rows, "BECAUSE_YOU_WATCHED")
    assert [row["because"]["id"] for row in because] == [film.id for film in (seen[0], seen[2], seen[3])]
    assert all(row["name"].startswith("Because You Watched ") for row in because)
    fronts = [titles_of(row)[:10] for row in because]
    assert len({title for front in fronts for title in front}) == sum(map(len, fronts))
    check_rows(rows)


@pytest.mark.parametrize(("seen", "disliked", "expected"), [(3, 0, 0), (4, 0, 4), (5, 1, 4), (4, 1, 0)])
async def test_four_films_that_were_not_disliked_can_be_watched_again(
    demo: Demo, seen: int, disliked: int, expected: int
) -> None:
    viewer, watched = await demo.make_viewer(), films(demo, seen)
    for hours, film in enumerate(watched):
        await watch(demo, viewer, film.id, film.id, hours_ago=hours, completed=True)
    for film in watched[:disliked]:
        await rate(viewer, film.id, "DOWN")
    again = of_kind(await read_rows(viewer), "WATCH_AGAIN")
    assert [len(items_of(row)) for row in again] == ([expected] if expected else [])
    if again:
        assert titles_of(again[0]) == [film.id for film in reversed(watched[disliked:])]


async def test_top_ten_are_ranked_without_a_gap_and_marked(demo: Demo) -> None:
    row = find_row(await read_rows(await demo.make_viewer()), "TOP_TEN")
    assert row["layout"] == "RANKED"
    assert [item["rank"] for item in items_of(row)] == list(range(1, 11))
    assert titles_of(row) == [card.id for card in open_cards(demo)[:10]]
    assert all("TOP_TEN" in item["title"]["badges"] for item in items_of(row))


async def test_ranks_have_no_gap_either_when_one_of_the_ten_is_being_watched(demo: Demo) -> None:
    viewer, film = await demo.make_viewer(), find_card(demo, MovieCard)
    await watch(demo, viewer, film.id, film.id)
    await viewer.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=film.id)
    rows = await read_rows(viewer)
    check_rows(rows)
    assert [item["rank"] for item in items_of(find_row(rows, "TOP_TEN"))] == list(range(1, 11))
    assert film.id in titles_of(find_row(rows, "CONTINUE_WATCHING"))
    assert film.id in titles_of(find_row(rows, "MY_LIST"))


async def test_trending_goes_on_where_the_ten_end(demo: Demo) -> None:
    row = find_row(await read_rows(await demo.make_viewer()), "TRENDING")
    ranks = {card.id: rank for rank, card in enumerate(open_cards(demo))}
    places = [ranks[title] for title in titles_of(row)]
    assert places == sorted(places)
    assert places[0] >= 10


@pytest.mark.parametrize(("kind", "badge"), [("NEW_RELEASES", "NEW"), ("LEAVING_SOON", "LEAVING_SOON")])
async def test_what_comes_and_goes_is_marked_so(demo: Demo, kind: str, badge: str) -> None:
    items = items_of(find_row(await read_rows(await demo.make_viewer()), kind))
    assert all(badge in item["title"]["badges"] for item in items)


async def test_genre_rows_hold_their_genre_and_begin_differently(demo: Demo) -> None:
    genres = of_kind(await read_rows(await demo.make_viewer()), "GENRE")
    assert len(genres) == 14
    for row in genres:
        assert all(row["name"] in [genre["name"] for genre in item["title"]["genres"]] for item in items_of(row))
    assert not {"International", "Independent", "British TV"} & {row["name"] for row in genres}
    assert len({titles_of(row)[0] for row in genres}) == len(genres)


async def test_the_genres_that_a_viewer_likes_come_first(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    documentaries = next(
        genre for genre in demo.services.follower.catalogue.genres.values() if genre.slug == "documentary"
    )
    liked = find_card(demo, MovieCard, lambda card: card.genre_ids == (documentaries.id,))
    assert find_row(await read_rows(viewer), "GENRE")["name"] != documentaries.name
    await rate(viewer, liked.id, "UP")
    assert find_row(await read_rows(viewer), "GENRE")["name"] == documentaries.name


async def test_what_a_viewer_has_had_enough_of_is_not_suggested(demo: Demo) -> None:
    viewer, (seen, disliked) = await demo.make_viewer(), films(demo, 2)
    await watch(demo, viewer, seen.id, seen.id, completed=True)
    await rate(viewer, disliked.id, "DOWN")
    suggested = {title for row in await read_rows(viewer) for title in titles_of(row)}
    assert not {seen.id, disliked.id} & suggested


PARTS = [(5, "Easy Mornings"), (10, "Easy Mornings"), (11, "Afternoon Picks"), (17, "Tonight’s Picks")]
NIGHT = [(22, "Late Night"), (23, "Late Night"), (0, "Late Night"), (4, "Late Night")]


@pytest.mark.parametrize(("hour", "name"), PARTS + NIGHT)
async def test_the_hour_where_the_viewer_is_brings_a_row(demo: Demo, zone_at: Zone, hour: int, name: str) -> None:
    viewer = (await demo.make_viewer()).with_headers(X_Time_Zone=zone_at(hour))
    row = find_row(await read_rows(viewer), "TIME_OF_DAY")
    assert row["name"] == name
    assert row["layout"] == "WIDE"


async def test_the_row_of_the_hour_is_one_row_all_day(demo: Demo, zone_at: Zone) -> None:
    viewer = await demo.make_viewer()
    rows = [
        find_row(await read_rows(viewer.with_headers(X_Time_Zone=zone_at(hour))), "TIME_OF_DAY")
        for hour in (8, 13, 19, 23)
    ]
    assert len({row["id"] for row in rows}) == 1
    assert len({row["name"] for row in rows}) == len({tuple(titles_of(row)) for row in rows}) == 4


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "a" * 300, "%00"])
async def test_a_time_zone_that_is_none_is_refused(demo: Demo, zone: str) -> None:
    viewer = (await demo.make_viewer()).with_headers(X_Time_Zone=zone)
    answer = await viewer.run("{ home { id } }")
    assert answer.response.status_code == 400
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "IANA" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize("email", ["premium@example.com", "india@example.com"])
@pytest.mark.parametrize("hour", [8, 15, 19])
async def test_the_home_of_kit_is_made_for_kids(demo: Demo, zone_at: Zone, email: str, hour: int) -> None:
    kit = await sign_in_kit(demo, email)
    rows = await read_rows(kit.with_headers(X_Time_Zone=zone_at(hour)))
    check_rows(rows)
    assert {row["kind"] for row in rows} == FOR_EVERYBODY | {"TIME_OF_DAY"}
    for item in (item for row in rows for item in items_of(row)):
        assert item["title"]["maturityRating"] in ("ALL", "AGE_7")
        assert "Children & Family" in [genre["name"] for genre in item["title"]["genres"]]
    assert "Children & Family" not in [row["name"] for row in rows]
    assert {row["name"] for row in of_kind(rows, "GENRE")} >= {"Comedies", "Animation", "Action & Adventure"}


async def test_no_row_of_the_hour_keeps_kids_awake(demo: Demo, zone_at: Zone) -> None:
    kit = await sign_in_kit(demo, "premium@example.com")
    assert of_kind(await read_rows(kit.with_headers(X_Time_Zone=zone_at(23))), "TIME_OF_DAY") == []


async def test_the_badges_of_kids_are_those_of_their_own_ten(demo: Demo) -> None:
    rows = await read_rows(await sign_in_kit(demo, "premium@example.com"))
    top = set(titles_of(find_row(rows, "TOP_TEN")))
    for row in rows:
        marked = {item["title"]["id"] for item in items_of(row) if "TOP_TEN" in item["title"]["badges"]}
        assert marked == top & set(titles_of(row))


async def sign_in_kit(demo: Demo, email: str) -> Client:
    ada = await demo.sign_in(email)
    profiles: list[dict[str, Any]] = (await ada.fetch("{ viewer { account { profiles { id name } } } }"))["viewer"][
        "account"
    ]["profiles"]
    return await demo.sign_in(email, profileId=next(each["id"] for each in profiles if each["name"] == "Kit"))
