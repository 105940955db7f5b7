"""The page of `/watch/{id}` in headless Chromium: a film plays, and what the graph refuses is told plainly."""

import asyncio
import json
from pathlib import Path
from typing import Any

from bff.domain.video import KeyLabel
from bff.stores.content_keys import make_content_keys
from tests.engines import KEY_ENCRYPTION_KEY
from tests.live import Demo
from tests.media.assets import CUES, package_asset
from tests.media.screening import choose_films, name_asset, screening

DRIVER = Path(__file__).with_name("watch.mjs")


async def open_page(url: str, folder: Path, *answers: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node", DRIVER, url, folder / "page.png", *answers, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(120):
        output, _ = await process.communicate()
    assert process.returncode == 0
    report: dict[str, Any] = json.loads(output)
    assert report["foreignRequests"] == []
    assert report["complaints"] == []
    assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")
    return report


async def test_page_plays_with_all_its_controls(demo: Demo, encodes: Path, tmp_path: Path) -> None:
    (film,) = choose_films(demo, 1)
    async with demo.services.pool.acquire() as connection, connection.transaction():
        keys = await make_content_keys(
            connection, KEY_ENCRYPTION_KEY, name_asset(film), (KeyLabel.SD, KeyLabel.HD, KeyLabel.AUDIO)
        )
    folder = tmp_path / "asset"
    folder.mkdir()
    async with screening(demo, [(film, await package_asset(encodes, folder, keys))]):
        report = await open_page(f"{demo.url}/watch/{film.id}", tmp_path)
    assert report["gates"] == []
    assert report["title"] == f"{film.name} · Marquee"
    assert report["options"]["audio"] == ["English", "Spanish"]
    assert report["options"]["subtitles"] == ["Off", "English", "Spanish"]
    assert len(report["options"]["quality"]) == 3
    assert report["height"] == 240
    assert report["subtitle"] in CUES["en"]
    assert report["chosen"] == ["Spanish", "English"]
    assert "thumbnails/001.jpg" in report["preview"]
    assert "org.w3.clearkey" in report["facts"]


async def test_page_asks_who_is_there_and_says_what_is_refused(demo: Demo, tmp_path: Path) -> None:
    """Under another host's name the page opens for a visitor, as it does in production."""
    (film,) = choose_films(demo, 1)
    url = f"{demo.url.replace('127.0.0.1', 'marquee.localhost')}/watch/{film.id}"
    report = await open_page(url, tmp_path, "premium@example.com", "demo-password")
    assert report["gates"][0] == "Sign in"
    assert report["gates"][-1] == "Not Ready"
    assert "no video" in report["message"]
