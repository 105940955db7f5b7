"""`startPlayback` and the sessions that it begins, over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bff.domain.accounts import PlanCode
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.video import Quality
from tests.live import OPERATIONS, Demo
from tests.media.screening import make_video, pick_film, show, start

FIND = "query ($id: ID!) { playbackSession(id: $id) { id state position dashUrl playable { id } } }"


LADDER = (Quality.P240, Quality.P480, Quality.P1080, Quality.P2160)


@pytest.fixture(scope="module")
async def film(demo: Demo) -> MovieCard:
    card = pick_film(demo)
    await show(demo, card.id, make_video("ast_ladder", *LADDER))
    return card


def list_qualities(renditions: Sequence[dict[str, Any]]) -> list[str]:
    return [rendition["quality"] for rendition in renditions]


@pytest.mark.parametrize(
    ("plan", "kept", "refused"),
    [
        (PlanCode.BASIC, ["P480", "P240"], {"P2160": "DEVICE_HEIGHT", "P1080": "PLAN"}),
        (PlanCode.STANDARD, ["P1080", "P480", "P240"], {"P2160": "DEVICE_HEIGHT"}),
        (PlanCode.PREMIUM, ["P1080", "P480", "P240"], {"P2160": "DEVICE_HEIGHT"}),
    ],
)
async def test_plan_and_device_decide_what_is_shown(
    demo: Demo, film: MovieCard, plan: PlanCode, kept: list[str], refused: dict[str, str]
) -> None:
    client = await demo.make_viewer(plan=plan)
    session = await start(client, film)
    assert session["__typename"] == "PlaybackSession"
    assert session["state"] == "PLAYING"
    assert session["startPosition"] == 0
    assert session["dashUrl"].startswith("/media/")
    assert list_qualities(session["renditions"]) == kept
    assert {left["rendition"]["quality"]: left["reason"] for left in session["refused"]} == refused


async def test_a_television_shows_all_that_the_best_plan_holds(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    registered = await client.run(
        "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id } }",
        {"input": {"class": "TV", "capabilities": {"maxHeight": 2160, "videoCodecs": ["H264", "HEVC"]}}},
    )
    session = await start(client, film, deviceId=registered.data["registerDevice"]["id"])
    assert list_qualities(session["renditions"]) == ["P2160", "P1080", "P480", "P240"]


async def test_the_client_may_ask_for_less(demo: Demo, film: MovieCard) -> None:
    session = await start(await demo.make_viewer(), film, maxQuality="P480")
    assert list_qualities(session["renditions"]) == ["P480", "P240"]
    assert {left["reason"] for left in session["refused"]} == {"DATA_SAVER", "DEVICE_HEIGHT"}


async def test_a_plan_too_small_for_all_names_the_one_that_will_do(demo: Demo) -> None:
    card = pick_film(demo, skip=1)
    await show(demo, card.id, make_video("ast_large", Quality.P1080))
    answer = await start(await demo.make_viewer(plan=PlanCode.BASIC), card)
    assert answer["__typename"] == "PlanUpgradeRequired"
    assert answer["required"]["code"] == "STANDARD"
    assert answer["required"]["price"] == {"amount": 1549, "currency": "USD"}


async def test_without_a_membership_one_is_asked_for(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    await demo.services.pool.execute("UPDATE membership SET status = 'ENDED' WHERE account_id = $1", client.account_id)
    assert await start(client, film) == {
        "__typename": "MembershipRequired",
        "message": "The membership has ended: begin another one with `startMembership`.",
        "status": "ENDED",
    }


async def test_without_a_video_nothing_is_ready(demo: Demo) -> None:
    answer = await start(await demo.make_viewer(), pick_film(demo, skip=2))
    assert (answer["__typename"], answer["video"], answer["readyAt"]) == ("NotReady", "NONE", None)


async def test_what_is_over_the_ceiling_does_not_exist(demo: Demo, film: MovieCard) -> None:
    kid = await demo.make_viewer(ceiling=MaturityRating.AGE_7, is_kids=True)
    answer = await kid.run(OPERATIONS["playback"], {"input": {"playableId": film.id}}, "StartPlayback")
    nothing = await kid.run(OPERATIONS["playback"], {"input": {"playableId": "tit_nothing"}}, "StartPlayback")
    assert answer.codes == nothing.codes == ["NOT_FOUND"]
    assert answer.body["errors"][0]["message"] == nothing.body["errors"][0]["message"]


async def test_a_window_that_has_closed_says_so(demo: Demo) -> None:
    client = await demo.make_viewer()
    now = demo.services.now()
    closed = next(
        card
        for card in demo.services.follower.catalogue.by_popularity
        if isinstance(card, MovieCard) and (window := card.windows.get("US")) is not None and window.opens > now
    )
    answer = await start(client, closed)
    assert answer["__typename"] == "NotAvailable"
    assert answer["region"] == "US"
    assert answer["availableFrom"] is not None


async def test_the_pin_is_asked_for_what_is_for_adults(demo: Demo) -> None:
    card = pick_film(demo, MaturityRating.AGE_18)
    await show(demo, card.id, make_video("ast_adults", *LADDER))
    maxed = await demo.sign_in("premium@example.com")
    gate = await maxed.fetch("{ viewer { account { profiles { id name } } } }")
    profile = next(held for held in gate["viewer"]["account"]["profiles"] if held["name"] == "Max")
    switched = await maxed.run(OPERATIONS["account"], {"profileId": profile["id"], "pin": "2468"}, "SwitchProfile")
    client = maxed.with_headers(Authorization=f"Bearer {switched.data['switchProfile']['accessToken']}")
    assert (await start(client, card))["__typename"] == "PinRequired"
    wrong = await start(client, card, pin="1111")
    assert (wrong["__typename"], wrong["wasWrong"]) == ("PinRequired", True)
    assert (await start(client, card, pin="2468"))["__typename"] == "PlaybackSession"
    assert (await start(await demo.make_viewer(), card))["__typename"] == "PlaybackSession"


async def test_one_key_begins_one_session(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    begun = await asyncio.gather(*(start(client, film, idempotencyKey="once") for _ in range(8)))
    assert len({session["id"] for session in begun}) == 1
    assert len({session["dashUrl"] for session in begun}) == 1
    other = await client.run(
        OPERATIONS["playback"], {"input": {"playableId": film.id, "idempotencyKey": "once", "position": 5}},
        "StartPlayback",
    )  # fmt: skip
    assert other.codes == ["CONFLICT"]
    stranger = await start(await demo.make_viewer(), film, idempotencyKey="once")
    assert stranger["id"] != begun[0]["id"]


async def test_a_key_is_free_again_after_a_day(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    first = await start(client, film, idempotencyKey="once")
    await demo.services.pool.execute(
        "UPDATE playback_session SET started_at = started_at - interval '25 hours' WHERE id = $1", first["id"]
    )
    begun = await asyncio.gather(*(start(client, film, idempotencyKey="once", position=7) for _ in range(4)))
    assert len({session["id"] for session in begun}) == 1
    assert begun[0]["id"] != first["id"]


async def test_a_session_is_its_profiles_own(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    session = await start(client, film, position=12.5)
    assert session["startPosition"] == 12.5
    found = (await client.fetch(FIND, id=session["id"]))["playbackSession"]
    assert found == {
        "id": session["id"], "state": "PLAYING", "position": 12.5, "dashUrl": session["dashUrl"],
        "playable": {"id": film.id},
    }  # fmt: skip
    assert (await (await demo.make_viewer()).fetch(FIND, id=session["id"]))["playbackSession"] is None
    stolen = await (await demo.make_viewer()).run(OPERATIONS["playback"], {"sessionId": session["id"]}, "StopPlayback")
    assert stolen.codes == ["NOT_FOUND"]


async def test_a_session_goes_with_its_title(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    session = await start(client, film)
    lowered = await client.run(
        "mutation ($id: ID!) { updateProfile(profileId: $id, input: {maturityCeiling: AGE_7}) { __typename } }",
        {"id": client.profile_id},
    )
    assert lowered.data["updateProfile"]["__typename"] == "Profile", lowered.body
    assert (await client.fetch(FIND, id=session["id"]))["playbackSession"] is None


async def test_stopping_ends_it_once(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    session = await start(client, film)
    stopped = await client.run(OPERATIONS["playback"], {"sessionId": session["id"], "position": 33.0}, "StopPlayback")
    assert stopped.data["stopPlayback"] == {
        "__typename": "PlaybackSession", "id": session["id"], "state": "STOPPED", "position": 33.0,
    }  # fmt: skip
    again = await client.run(OPERATIONS["playback"], {"sessionId": session["id"]}, "StopPlayback")
    assert again.data["stopPlayback"]["reason"] == "STOPPED"


async def test_segments_have_addresses_of_their_own(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer(plan=PlanCode.BASIC)
    session = await start(client, film)
    asked = {
        "first": "position: 0, quality: P480", "last": "position: 599.9, quality: P240",
        "past": "position: 600, quality: P240", "before": "position: -1, quality: P240",
        "better": "position: 0, quality: P1080", "other": "position: 0, quality: P480, codec: AV1",
    }  # fmt: skip
    fields = " ".join(f"{name}: segmentUrl({arguments})" for name, arguments in asked.items())
    found = (await client.fetch(f"query ($id: ID!) {{ playbackSession(id: $id) {{ {fields} }} }}", id=session["id"]))[
        "playbackSession"
    ]
    base = session["dashUrl"].removesuffix("/manifest.mpd")
    assert found == {
        "first": f"{base}/h264-480/00001.m4s", "last": f"{base}/h264-240/00150.m4s",
        "past": None, "before": None, "better": None, "other": None,
    }  # fmt: skip
