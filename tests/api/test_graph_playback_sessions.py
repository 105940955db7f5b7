"""What a playback session says of itself, to whom it says it, and with what it begins."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bff.domain.accounts import PlanCode
from bff.domain.ids import IdKind, derive_id
from bff.domain.ingest import PlannedTask, SourceFile, TaskKind
from bff.domain.titles import LicenceWindow, MaturityRating, MovieCard, TrailerCard
from bff.domain.video import (
    AudioKind,
    AudioTrack,
    Quality,
    SkipKind,
    SkipMarker,
    SubtitleKind,
    SubtitleTrack,
    TrickPlay,
    Video,
    VideoState,
)
from bff.stores.ingest_jobs import queue_ingest
from bff.stores.ingest_tasks import finish_task, renew_task, take_task
from bff.stores.new_accounts import NewProfile
from bff.stores.profiles import add_profile
from bff.stores.videos import set_markers
from tests.live import OPERATIONS, Client, Demo
from tests.media.screening import catch_up, make_video, pick_film, show, start
from tests.profile_rows import add_progress

LADDER = (Quality.P240, Quality.P480, Quality.P1080, Quality.P2160)
LASTS = 600.0
ALL = """query ($id: ID!) { playbackSession(id: $id) {
  id state dashUrl hlsUrl startPosition position heartbeatInterval expiresAt
  playable { __typename id } device { id class }
  drm { system licenseUrl certificateUrl expiresAt }
  audioTracks { language name kind channels } subtitles { language name kind url }
  audio { language kind } subtitle { language kind url }
  skipMarkers { kind start end } thumbnails { vttUrl tileWidth tileHeight interval }
  edge { id region tier steeringUrl }
  renditions { quality width height bitrate codec hdr vmaf } refused { rendition { quality } reason } } }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
REGISTER = "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id } }"
STOP = "mutation ($id: ID!) { stopPlayback(sessionId: $id) { __typename } }"
PREFER = """mutation ($id: ID!, $preferences: PlaybackPreferencesInput!) {
  updateProfile(profileId: $id, input: {preferences: $preferences}) { __typename } }"""


def make_film_video() -> Video:
    sounds = (("ja", AudioKind.ORIGINAL), ("en", AudioKind.DUBBED), ("en", AudioKind.DESCRIPTION))
    texts = (("en", SubtitleKind.CLOSED_CAPTIONS), ("en", SubtitleKind.SUBTITLES), ("de", SubtitleKind.SUBTITLES))
    return replace(
        make_video("ast_sessions", *LADDER, is_encrypted=True),
        audio=tuple(
            AudioTrack(folder=f"a{number}", language=language, name=language, kind=kind, channels=2, bitrate=1)
            for number, (language, kind) in enumerate(sounds)
        ),
        subtitles=tuple(
            SubtitleTrack(folder=f"t{number}", file=f"t{number}.vtt", language=language, name=language, kind=kind)
            for number, (language, kind) in enumerate(texts)
        ),
        thumbnails=TrickPlay(file="thumbnails.vtt", tile_width=160, tile_height=90, interval=2.0),
    )


@pytest.fixture(scope="module")
async def film(demo: Demo) -> MovieCard:
    card = pick_film(demo, skip=3)
    async with demo.services.pool.acquire() as connection, connection.transaction():
        await set_markers(connection, {card.id: [SkipMarker(SkipKind.INTRO, 5, 20)]})
    await show(demo, card.id, make_film_video())
    return card


@pytest.fixture(scope="module")
async def viewer(demo: Demo) -> Client:
    return await demo.make_viewer()


async def test_a_session_says_all_that_a_player_needs(demo: Demo, film: MovieCard, viewer: Client) -> None:
    begun = await start(viewer, film)
    session = (await viewer.fetch(ALL, id=begun["id"]))["playbackSession"]
    base = session["dashUrl"].removesuffix("/manifest.mpd")
    claims = demo.services.media_tokens.verify(base.removeprefix("/media/"), demo.services.now())
    assert (claims.session_id, claims.account_id, claims.asset_id) == (begun["id"], viewer.account_id, "ast_sessions")
    assert (claims.region, claims.max_quality) == ("US", Quality.P1080)
    expires_at = datetime.fromisoformat(session["expiresAt"])
    assert expires_at == claims.expires_at
    assert (
        timedelta(0) <= expires_at - demo.services.now() - timedelta(hours=2, seconds=LASTS - 5) < timedelta(seconds=9)
    )
    assert session["hlsUrl"] == f"{base}/master.m3u8"
    assert session["heartbeatInterval"] == 30
    assert session["playable"] == {"__typename": "Movie", "id": film.id}
    assert session["device"]["class"] == "WEB"
    assert session["drm"] == [
        {
            "system": "CLEARKEY", "licenseUrl": f"/drm/clearkey/{base.removeprefix('/media/')}", "certificateUrl": None,
            "expiresAt": session["expiresAt"],
        }
    ]  # fmt: skip
    assert [(track["language"], track["kind"]) for track in session["audioTracks"]] == [
        ("ja", "ORIGINAL"), ("en", "DUBBED"), ("en", "DESCRIPTION"),
    ]  # fmt: skip
    assert [track["url"] for track in session["subtitles"]] == [f"{base}/t{number}.vtt" for number in range(3)]
    assert session["skipMarkers"] == [{"kind": "INTRO", "start": 5.0, "end": 20.0}]
    assert session["thumbnails"] == {
        "vttUrl": f"{base}/thumbnails.vtt", "tileWidth": 160, "tileHeight": 90, "interval": 2.0,
    }  # fmt: skip
    assert session["edge"] == {"id": "edge_origin", "region": "US", "tier": "ORIGIN", "steeringUrl": None}
    assert session["renditions"][0] == {
        "quality": "P1080", "width": 1920, "height": 1080, "bitrate": 3240000, "codec": "H264", "hdr": False,
        "vmaf": None,
    }  # fmt: skip
    assert session["refused"] == [{"rendition": {"quality": "P2160"}, "reason": "DEVICE_HEIGHT"}]


@pytest.mark.parametrize(
    ("preferences", "audio", "subtitle"),
    [
        ({}, ("ja", "ORIGINAL"), None),
        ({"audioLanguage": "en", "subtitleLanguage": "de"}, ("en", "DUBBED"), ("de", "SUBTITLES")),
        ({"audioLanguage": "en", "audioDescription": True}, ("en", "DESCRIPTION"), None),
        ({"audioLanguage": "fr", "subtitleLanguage": "en-GB"}, ("ja", "ORIGINAL"), ("en", "SUBTITLES")),
    ],
)
async def test_languages_are_by_the_profiles_preferences(
    demo: Demo, film: MovieCard, preferences: dict[str, Any], audio: tuple[str, str], subtitle: tuple[str, str] | None
) -> None:
    client = await demo.make_viewer()
    await client.fetch(PREFER, id=client.profile_id, preferences=preferences)
    session = (await client.fetch(ALL, id=(await start(client, film))["id"]))["playbackSession"]
    assert tuple(session["audio"].values()) == audio
    found = session["subtitle"]
    assert (found and (found["language"], found["kind"])) == subtitle
    assert found is None or found in session["subtitles"] or found["url"]


async def test_who_saves_data_is_shown_less(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    await client.fetch(PREFER, id=client.profile_id, preferences={"dataSaver": True})
    session = await start(client, film)
    assert [rendition["quality"] for rendition in session["renditions"]] == ["P480", "P240"]
    assert {left["reason"] for left in session["refused"]} == {"DATA_SAVER", "DEVICE_HEIGHT"}


@pytest.mark.parametrize(
    ("left", "asked", "begins"),
    [
        ({"position": 123.5}, None, 123.5),
        ({"position": 123.5}, 0, 0.0),
        ({"position": 123.5}, 9999, LASTS),
        ({"position": 590, "completed": True}, None, 0.0),
        (None, None, 0.0),
    ],
)
async def test_it_goes_on_where_the_profile_left_off(
    demo: Demo, film: MovieCard, left: dict[str, Any] | None, asked: float | None, begins: float
) -> None:
    client = await demo.make_viewer()
    if left is not None:
        at = demo.services.now() - timedelta(hours=1)
        await add_progress(demo.services.pool, str(client.profile_id), film.id, film.id, at, **left)
    given = {} if asked is None else {"position": asked}
    session = await start(client, film, **given)
    assert (session["startPosition"], session["state"]) == (begins, "PLAYING")


async def test_a_device_that_can_decrypt_nothing_is_told_so(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    given = {"class": "WEB", "capabilities": {"drm": ["FAIRPLAY"]}}
    device_id = (await client.fetch(REGISTER, input=given))["registerDevice"]["id"]
    answer = await start(client, film, deviceId=device_id)
    assert (answer["__typename"], answer["video"]) == ("NotReady", "READY")
    assert "`registerDevice`" in answer["message"]


@pytest.mark.parametrize(
    ("plan", "device", "qualities"),
    [
        (PlanCode.BASIC, "WEB", ["P480", "P240"]),
        (PlanCode.PREMIUM, "WEB", ["P1080", "P480", "P240"]),
        (PlanCode.PREMIUM, "MOBILE", ["P480", "P240"]),
        (None, "WEB", ["P1080", "P480", "P240"]),
    ],
)
async def test_a_title_shows_the_renditions_that_device_and_plan_can_play(
    demo: Demo, film: MovieCard, plan: PlanCode | None, device: str, qualities: list[str]
) -> None:
    """Whom no plan limits, the device does."""
    client = demo.visitor if plan is None else await demo.make_viewer(plan=plan)
    query = """query ($id: ID!) { title(id: $id) { ... on Movie {
      renditions { quality } thumbnails { vttUrl interval } subtitles { url } } } }"""
    found = (await client.with_headers(X_Device_Class=device).fetch(query, id=film.id))["title"]
    assert [rendition["quality"] for rendition in found["renditions"]] == qualities
    assert found["thumbnails"] == {"vttUrl": None, "interval": 2.0}
    assert {track["url"] for track in found["subtitles"]} == {None}


async def test_a_key_is_remembered_for_a_day(demo: Demo, film: MovieCard) -> None:
    client = await demo.make_viewer()
    first = await start(client, film, idempotencyKey="a key")
    await client.fetch(STOP, id=first["id"])
    again = await start(client, film, idempotencyKey="a key")
    assert (again["id"], again["state"], again["dashUrl"]) == (first["id"], "STOPPED", first["dashUrl"])
    for other in ({"maxQuality": "P240"}, {"position": 1}):
        variables = {"input": {"playableId": film.id, "idempotencyKey": "a key", **other}}
        answer = await client.run(OPERATIONS["playback"], variables, "StartPlayback")
        assert answer.codes == ["CONFLICT"], other
    shift = "UPDATE playback_session SET started_at = started_at - $2::interval WHERE profile_id = $1"
    await demo.services.pool.execute(shift, client.profile_id, timedelta(hours=23, minutes=58))
    assert (await start(client, film, idempotencyKey="a key"))["id"] == first["id"]
    await demo.services.pool.execute(shift, client.profile_id, timedelta(minutes=3))
    assert (await start(client, film, idempotencyKey="a key", position=1))["id"] != first["id"]
    for odd in ("", "x" * 256, "a\nb"):
        variables = {"input": {"playableId": film.id, "idempotencyKey": odd}}
        answer = await client.run(OPERATIONS["playback"], variables, "StartPlayback")
        assert answer.codes == ["BAD_USER_INPUT"], odd


async def test_a_video_in_the_making_says_when_it_will_play(demo: Demo, viewer: Client) -> None:
    card, pool, now = pick_film(demo, skip=40), demo.services.pool, demo.services.now()
    begun = now - timedelta(minutes=1)
    async with pool.acquire() as connection, connection.transaction():
        source = SourceFile(key="masters/none", sha256="7" * 64, name="film.mp4")
        job_id = await queue_ingest(connection, playable_id=card.id, source=source, now=begun)
    try:
        await catch_up(demo)
        waiting = await start(viewer, card)
        assert (waiting["__typename"], waiting["video"], waiting["readyAt"]) == ("NotReady", "PROCESSING", None)
        probe = await take_task(pool, "worker", begun)
        assert probe is not None
        await renew_task(pool, probe, now, 0.5)
        assert (await start(viewer, card))["readyAt"] is None  # nobody knows yet how much there is to do
        async with pool.acquire() as connection, connection.transaction():
            planned = PlannedTask(kind=TaskKind.CHUNK, name="chunk", weight=10)
            await finish_task(connection, probe, now, then=[planned])
        chunk = await take_task(pool, "worker", now)
        assert chunk is not None
        await renew_task(pool, chunk, now, 0.5)
        ready_at = datetime.fromisoformat((await start(viewer, card))["readyAt"])
        assert now < ready_at < now + timedelta(minutes=10)
    finally:
        await pool.execute("DELETE FROM ingest_job WHERE id = $1", job_id)


async def test_sessions_are_nodes_of_their_own_profile(demo: Demo, film: MovieCard) -> None:
    client, stranger = await demo.make_viewer(), await demo.make_viewer()
    ids = [(await start(client, film))["id"] for _ in range(3)]
    await client.fetch(STOP, id=ids[2])
    demo.statements.clear()
    nodes = (await client.fetch(NODES, ids=[*ids, "ses_none", "ses_é", ids[0]]))["nodes"]
    sessions = [{"__typename": "PlaybackSession", "id": identifier} for identifier in ids]
    assert nodes == [*sessions, None, None, sessions[0]]
    assert sum("playback_session" in statement for statement in demo.statements) == 1
    sibling = NewProfile(
        id=derive_id(IdKind.PROFILE, ids[0]), name="Other", avatar="fox", is_kids=False, language="en",
        maturity_ceiling=MaturityRating.AGE_18,
    )  # fmt: skip
    await add_profile(demo.services.pool, str(client.account_id), sibling)
    given = "UPDATE playback_session SET profile_id = $1 WHERE id = $2"
    await demo.services.pool.execute(given, sibling.id, ids[0])
    assert (await client.fetch(NODES, ids=ids))["nodes"] == [None, *sessions[1:]]
    for other in (stranger, demo.visitor):
        assert (await other.fetch(NODES, ids=ids))["nodes"] == [None, None, None]


@pytest.fixture
async def announced(demo: Demo) -> AsyncIterator[MovieCard]:
    """A film with a trailer that plays, in the snapshot that the process holds."""
    card = pick_film(demo, skip=4)
    trailer = TrailerCard(
        id="tra_announced", name="Trailer", duration=LASTS, video=make_video("ast_trailer", Quality.P240),
        video_state=VideoState.READY,
    )  # fmt: skip
    follower = demo.services.follower
    held = follower.catalogue
    shown = replace(card, trailers=(trailer,), windows={"US": card.windows["US"], "GB": LicenceWindow(FAR)})
    follower.catalogue = held.apply(held.version + 1, [shown], (), held.genres.values())
    yield shown
    follower.catalogue = held


FAR = datetime.fromisoformat("2099-01-01T00:00:00+00:00")


async def test_a_trailer_is_seen_and_played_where_its_title_is(demo: Demo, announced: MovieCard) -> None:
    viewers = {
        "open": await demo.make_viewer(),
        "closed": await demo.make_viewer(region="GB"),
        "over the ceiling": await demo.make_viewer(ceiling=MaturityRating.AGE_7),
        "never licensed": await demo.make_viewer(region="IN"),
    }
    query = """query ($id: ID!) { node(id: $id) { __typename id
      ... on Trailer { name label title { id } duration video progress { position } next { id } } } }"""
    seen = {name: (await client.fetch(query, id="tra_announced"))["node"] for name, client in viewers.items()}
    assert seen["open"] == {
        "__typename": "Trailer", "id": "tra_announced", "name": "Trailer", "label": None, "duration": LASTS,
        "title": {"id": announced.id}, "video": "READY", "progress": None, "next": None,
    }  # fmt: skip
    assert seen["closed"] == seen["open"]
    assert seen["over the ceiling"] is seen["never licensed"] is None
    begin = """mutation ($id: ID!) { startPlayback(input: {playableId: $id}) { __typename
      ... on PlaybackSession { playable { __typename id } } } }"""
    answers = {name: await client.run(begin, {"id": "tra_announced"}) for name, client in viewers.items()}
    assert answers["open"].data["startPlayback"] == {
        "__typename": "PlaybackSession", "playable": {"__typename": "Trailer", "id": "tra_announced"},
    }  # fmt: skip
    assert answers["closed"].data["startPlayback"]["__typename"] == "NotAvailable"
    assert answers["over the ceiling"].codes == answers["never licensed"].codes == ["NOT_FOUND"]
