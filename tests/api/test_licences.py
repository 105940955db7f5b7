"""Licences of real sessions: what the plan's labels are, for as long as the session goes on."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bff.domain.accounts import PlanCode
from bff.domain.titles import MovieCard
from bff.domain.video import ContentKey, KeyLabel, TrickPlay
from bff.stores.content_keys import make_content_keys
from tests.engines import KEY_ENCRYPTION_KEY
from tests.live import Client, Demo
from tests.media.assets import Asset
from tests.media.screening import choose_films, name_asset, screening, start

STOP = "mutation ($id: ID!) { stopPlayback(sessionId: $id) { __typename } }"
LABELS = (KeyLabel.SD, KeyLabel.HD, KeyLabel.UHD, KeyLabel.AUDIO)


@pytest.fixture
async def keys(demo: Demo, film: MovieCard) -> dict[KeyLabel, ContentKey]:
    async with demo.services.pool.acquire() as connection, connection.transaction():
        return await make_content_keys(connection, KEY_ENCRYPTION_KEY, name_asset(film), LABELS)


@pytest.fixture
def film(demo: Demo) -> MovieCard:
    return choose_films(demo, 3)[-1]


@pytest.fixture
async def shown(
    demo: Demo, film: MovieCard, keys: dict[KeyLabel, ContentKey], tmp_path: Path
) -> AsyncIterator[MovieCard]:
    """A film that is encrypted; nobody asks for its files here."""
    thumbnails = TrickPlay(file="thumbnails.vtt", tile_width=160, tile_height=90, interval=2.0)
    async with screening(demo, [(film, Asset(tmp_path, thumbnails, keys))]):
        yield film


async def ask(viewer: Client, session: dict[str, Any], keys: dict[KeyLabel, ContentKey]) -> httpx.Response:
    kids = [base64.urlsafe_b64encode(key.key_id).rstrip(b"=").decode() for key in keys.values()]
    (licence,) = session["drm"]
    assert licence["system"] == "CLEARKEY"
    return await viewer.http.post(licence["licenseUrl"], json={"kids": kids, "type": "temporary"})


def read_labels(answer: httpx.Response, keys: dict[KeyLabel, ContentKey]) -> set[KeyLabel]:
    given = {base64.urlsafe_b64decode(key["k"] + "==") for key in answer.json()["keys"]}
    return {label for label, key in keys.items() if key.key in given}


async def test_licence_holds_the_labels_of_the_plan(
    demo: Demo, shown: MovieCard, keys: dict[KeyLabel, ContentKey]
) -> None:
    for plan, labels in (
        (PlanCode.BASIC, {KeyLabel.SD, KeyLabel.AUDIO}),
        (PlanCode.PREMIUM, {KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO}),
    ):
        viewer = await demo.make_viewer(plan=plan)
        session = await start(viewer, shown)
        answer = await ask(viewer, session, keys)
        assert (answer.status_code, read_labels(answer, keys)) == (200, labels)
        claims = demo.services.media_tokens.verify(read_token(session), demo.services.now())
        assert {key["exp"] for key in answer.json()["keys"]} == {claims.expires}


async def test_bare_keys_are_those_of_the_licence(
    demo: Demo, shown: MovieCard, keys: dict[KeyLabel, ContentKey]
) -> None:
    viewer = await demo.make_viewer(plan=PlanCode.BASIC)
    token = read_token(await start(viewer, shown))
    given = {label: await viewer.http.get(f"/drm/identity/{token}/{key.key_id.hex()}") for label, key in keys.items()}
    assert {label for label, answer in given.items() if answer.content == keys[label].key} == {
        KeyLabel.SD,
        KeyLabel.AUDIO,
    }
    assert given[KeyLabel.HD].status_code == 403


async def test_an_ended_session_gets_no_licence(demo: Demo, shown: MovieCard, keys: dict[KeyLabel, ContentKey]) -> None:
    viewer = await demo.make_viewer()
    session = await start(viewer, shown)
    assert (await ask(viewer, session, keys)).status_code == 200
    await viewer.fetch(STOP, id=session["id"])
    assert (await ask(viewer, session, keys)).status_code == 403


async def test_a_session_past_its_time_gets_no_licence(
    demo: Demo, shown: MovieCard, keys: dict[KeyLabel, ContentKey]
) -> None:
    viewer = await demo.make_viewer()
    session = await start(viewer, shown)
    demo.clock.shift = timedelta(hours=3)
    try:
        assert (await ask(viewer, session, keys)).status_code == 403
    finally:
        demo.clock.shift = timedelta(0)


async def test_a_token_opens_its_own_asset_alone(
    demo: Demo, shown: MovieCard, keys: dict[KeyLabel, ContentKey]
) -> None:
    async with demo.services.pool.acquire() as connection, connection.transaction():
        others = await make_content_keys(connection, KEY_ENCRYPTION_KEY, "ast_other", LABELS)
    viewer = await demo.make_viewer()
    session = await start(viewer, shown)
    assert (await ask(viewer, session, others)).status_code == 403
    token = read_token(session)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    answer = await viewer.http.post(f"/drm/clearkey/{forged}", json={"kids": []})
    assert answer.status_code == 403


def read_token(session: dict[str, Any]) -> str:
    token: str = session["dashUrl"].split("/")[2]
    return token
