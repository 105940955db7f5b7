"""Shaka Player, hls.js and dash.js in headless Chromium, on sessions of the real application."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bff.domain.accounts import PlanCode
from bff.domain.video import KeyLabel
from bff.stores.content_keys import make_content_keys
from tests.browser.driving import Drive
from tests.engines import KEY_ENCRYPTION_KEY
from tests.live import Client, Demo
from tests.media.assets import CUES, Asset, package_asset
from tests.media.screening import choose_films, name_asset, screening, start

STEPS = {"qualities": [240, 720], "audio": "es", "subtitles": {"language": "es", "time": 1}}
"""The time is amid the first cue."""
CODECS = {"AV1": "av01", "VP9": "vp09"}
ABLE = (
    *(("shaka", manifest, kind) for manifest in ("dash", "hls") for kind in ("clear", "encrypted")),
    ("hls", "hls", "clear"),
    ("dash", "dash", "clear"),
    ("dash", "dash", "encrypted"),
)
"""Which player plays what: hls.js knows no ClearKey for fragments of MP4."""
LABELS = (KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO)
CAPABILITIES = {"maxHeight": 1080, "hdr": False, "audioCodecs": ["AAC"], "drm": ["CLEARKEY"]}
REGISTER = "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id } }"
STOP = "mutation ($id: ID!) { stopPlayback(sessionId: $id) { __typename } }"

Report = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
async def report(
    demo: Demo, drive: Drive, clear_asset: Asset, encodes: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Report]:
    """What the driver saw of each run."""
    clear, encrypted = choose_films(demo, 2)
    async with demo.services.pool.acquire() as connection, connection.transaction():
        keys = await make_content_keys(connection, KEY_ENCRYPTION_KEY, name_asset(encrypted), LABELS)
    asset = await package_asset(encodes, tmp_path_factory.mktemp("films"), keys)
    async with screening(demo, [(clear, clear_asset), (encrypted, asset)]):
        viewer = await demo.make_viewer()
        open_, shut = await start(viewer, clear), await start(viewer, encrypted)
        runs = {
            "shaka dash clear": play("shaka", open_["dashUrl"], steps=STEPS | thumbnail(open_)),
            "shaka hls clear": play("shaka", open_["hlsUrl"], steps=STEPS),
            "shaka dash encrypted": play("shaka", shut["dashUrl"], shut, steps=STEPS),
            "shaka hls encrypted": play("shaka", shut["hlsUrl"], steps=STEPS),
            "hls hls clear": play("hls", open_["hlsUrl"], steps=STEPS),
            "dash dash clear": play("dash", open_["dashUrl"], steps=STEPS),
            "dash dash encrypted": play("dash", f"{shut['dashUrl']}?drm=clearkey", steps=STEPS),
            "no licence": play("shaka", shut["dashUrl"]),
        }
        for codec, name in CODECS.items():
            device = await register_device(viewer, [codec])
            sessions = {
                "clear": await start(viewer, clear, deviceId=device),
                "encrypted": await start(viewer, encrypted, deviceId=device),
            }
            for player, manifest, kind in ABLE:
                session = sessions[kind]
                url = session[f"{manifest}Url"] + ("?drm=clearkey" if player == "dash" else "")
                runs[f"{player} {manifest} {kind} {name}"] = play(player, url, session)
        basic = await demo.make_viewer(plan=PlanCode.BASIC)
        small = await start(basic, encrypted)
        runs["small plan"] = play("shaka", small["dashUrl"], small)
        runs["keys of another plan"] = play("shaka", shut["dashUrl"], small, steps={"position": 2.5})
        stopped = await start(viewer, encrypted)
        await viewer.fetch(STOP, id=stopped["id"])
        runs["licence of a stopped session"] = play("shaka", shut["dashUrl"], stopped)
        runs["media of a stopped session"] = play("shaka", stopped["hlsUrl"], stopped)
        watched = await start(viewer, encrypted)
        stop = {"query": STOP, "variables": {"id": watched["id"]}}
        headers = {**viewer.headers, "Content-Type": "application/json"}
        runs["stopped while it plays"] = play(
            "shaka", watched["dashUrl"], watched, steps={"stop": {"headers": headers, "body": json.dumps(stop)}}
        )
        plan = [{"name": name, **run} for name, run in runs.items()]
        seen: Report = await drive("players", demo.url, told=plan)
        assert seen.keys() == runs.keys()
        yield seen


def play(player: str, url: str, session: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    licences = session["drm"] if session else []
    return {"player": player, "url": url, **({"license": licences[0]["licenseUrl"]} if licences else {}), **options}


def thumbnail(session: dict[str, Any]) -> dict[str, Any]:
    return {"thumbnail": {"vtt": session["thumbnails"]["vttUrl"], "time": 5}}


async def register_device(viewer: Client, codecs: list[str]) -> str:
    device = {"name": "Laptop", "class": "WEB", "capabilities": {**CAPABILITIES, "videoCodecs": codecs}}
    registered: str = (await viewer.fetch(REGISTER, input=device))["registerDevice"]["id"]
    return registered


def check_playing(run: dict[str, Any]) -> None:
    assert run["errors"] == []
    assert "gaveUp" not in run
    assert run["frames"] > 0
    assert set(run["languages"]) == {"en", "es"}


@pytest.mark.parametrize("able", ABLE, ids=" ".join)
def test_players_switch_quality_audio_and_subtitles(report: Report, able: tuple[str, str, str]) -> None:
    run = report[" ".join(able)]
    check_playing(run)
    assert (run["height"], run["audio"]) == (720, "es")
    assert run["subtitles"] == CUES["es"][:1]
    assert set(run["qualities"]) == {240, 720}
    if able[0] == "shaka":
        assert run["keySystem"] == ("org.w3.clearkey" if "encrypted" in able else "")


@pytest.mark.parametrize("codec", CODECS.values())
@pytest.mark.parametrize("able", ABLE, ids=" ".join)
def test_other_codecs_play(report: Report, able: tuple[str, str, str], codec: str) -> None:
    run = report[" ".join((*able, codec))]
    check_playing(run)
    assert codec in run["codec"]


def test_thumbnails_are_cut_from_their_sheet(report: Report) -> None:
    tile = report["shaka dash clear"]["thumbnail"]
    assert (tile["x"], tile["y"], tile["width"], tile["height"]) == (320, 0, 160, 90)
    assert tile["sprite"] == [800, 360]


def test_nothing_plays_without_a_licence(report: Report) -> None:
    run = report["no licence"]
    assert (run["frames"], run["position"]) == (0, 0)
    assert run["errors"] == [6012]


def test_a_smaller_plan_gets_the_keys_of_its_labels(report: Report) -> None:
    check_playing(report["small plan"])
    assert report["small plan"]["qualities"] == [240]
    check_playing(report["keys of another plan"])
    assert (report["keys of another plan"]["qualities"], report["keys of another plan"]["height"]) == ([240], 240)


def test_nothing_plays_once_the_session_has_ended(report: Report) -> None:
    for name, error in (("licence of a stopped session", 6007), ("media of a stopped session", 1001)):
        assert report[name]["errors"] == [error]
        assert report[name]["frames"] == 0
    run = report["stopped while it plays"]
    assert run["frames"] > 0
    assert run["refusedAfter"] < 5000
    assert 1001 in run["errors"]
