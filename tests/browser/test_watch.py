"""The page of `/watch/{id}` in headless Chromium: a film plays, and what the graph refuses is told plainly."""

from pathlib import Path
from typing import Any

from bff.domain.titles import MaturityRating
from bff.domain.video import KeyLabel
from bff.stores.content_keys import make_content_keys
from tests.browser.driving import Drive
from tests.engines import KEY_ENCRYPTION_KEY
from tests.live import Demo
from tests.media.assets import CUES, Asset, package_asset
from tests.media.screening import choose_films, name_asset, pick_film, screening

PASSWORD = "demo-password"


async def open_page(drive: Drive, url: str, folder: Path, *answers: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = await drive("watch", url, folder / "page.png", told=answers)
    assert report["foreignRequests"] == []
    assert report["complaints"] == []
    assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")
    return report


async def test_page_plays_with_all_its_controls(demo: Demo, drive: Drive, encodes: Path, tmp_path: Path) -> None:
    (film,) = choose_films(demo, 1)
    async with demo.services.pool.acquire() as connection, connection.transaction():
        keys = await make_content_keys(
            connection, KEY_ENCRYPTION_KEY, name_asset(film), (KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO)
        )
    folder = tmp_path / "asset"
    folder.mkdir()
    async with screening(demo, [(film, await package_asset(encodes, folder, keys))]):
        report = await open_page(drive, f"{demo.url}/watch/{film.id}", tmp_path)
    assert report["asked"] == []
    assert report["title"] == f"{film.name} · Marquee"
    assert report["options"]["audio"] == ["English", "Spanish"]
    assert report["options"]["subtitles"] == ["Off", "English", "Spanish"]
    assert len(report["options"]["quality"]) == 3
    assert report["inOneLine"], "on a page of a thousand pixels the controls have room beside one another"
    assert report["height"] == 240
    assert report["subtitle"] in CUES["en"]
    assert report["chosen"] == ["Spanish", "English"]
    assert "thumbnails/001.jpg" in report["preview"]
    assert report["speed"] == 2
    assert "org.w3.clearkey" in report["facts"]
    assert "session has ended" in report["ended"]


async def test_page_asks_who_is_there_for_the_pin_and_lets_somebody_else_in(
    demo: Demo, drive: Drive, clear_asset: Asset, tmp_path: Path
) -> None:
    """Under another host's name the page opens for a visitor, as it does in production."""
    film = pick_film(demo, MaturityRating.AGE_18)
    async with screening(demo, [(film, clear_asset)]):
        report = await open_page(
            drive,
            f"{demo.url.replace('127.0.0.1', 'marquee.localhost')}/watch/{film.id}",
            tmp_path,
            {"fill": ["premium@example.com", "wrong"]},
            {"fill": ["premium@example.com", PASSWORD]},
            {"choose": "Max"},
            {"fill": ["0000"]},
            {"choose": "Max"},
            {"fill": ["2468"]},
            {"fill": ["1111"]},
            {"fill": ["2468"]},
            {"fill": ["basic@example.com", PASSWORD]},
            {"choose": "Ada"},
        )
    titles = [title for title, _ in report["asked"]]
    assert titles == ["Sign in", "Sign in", "Who is watching?", "PIN", "Who is watching?", "PIN", "PIN", "PIN"]
    messages = [message for _, message in report["asked"]]
    assert "password" in messages[1]
    assert "PIN" in messages[4]
    assert messages[6] != messages[7]
    assert report["height"] == 240
    again = report["askedAgain"]
    assert ([title for title, _ in again["asked"]], again["account"]) == (
        ["Sign in", "Who is watching?"],
        "basic@example.com",
    )
    assert "720p: PLAN" in again["facts"]


async def test_page_says_what_is_refused(demo: Demo, drive: Drive, tmp_path: Path) -> None:
    (film,) = choose_films(demo, 1)
    report = await open_page(drive, f"{demo.url}/watch/{film.id}", tmp_path)
    assert report["asked"] == [["Not Ready", "There is no video of this yet."]]
