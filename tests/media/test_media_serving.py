"""`/media/{token}/…` over HTTP: what a session's token opens, and what it does not."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest

from bff.domain.accounts import PlanCode
from bff.domain.titles import MovieCard
from bff.domain.video import Video
from tests.live import OPERATIONS, Client, Demo
from tests.media.assets import Asset
from tests.media.screening import begin, pick_film, publish, start

DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(scope="module")
async def film(demo: Demo, clear_asset: Asset) -> MovieCard:
    """One that plays."""
    found = pick_film(demo)
    await publish(demo, clear_asset, found.id)
    return found


@pytest.fixture(scope="module")
def video(demo: Demo, film: MovieCard) -> Video:
    card = demo.services.follower.catalogue.cards[film.id]
    assert isinstance(card, MovieCard)
    assert card.video is not None
    return card.video


@pytest.fixture
async def viewer(demo: Demo) -> Client:
    return await demo.make_viewer()


@pytest.fixture
async def base(viewer: Client, film: MovieCard, video: Video) -> str:
    """The address of everything that a session of the viewer may fetch."""
    assert video.renditions
    return await begin(viewer, film)


@pytest.fixture
async def http(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30, trust_env=False) as client:
        yield client


async def test_files_are_the_packagers(
    http: httpx.AsyncClient, viewer: Client, film: MovieCard, video: Video, clear_asset: Asset
) -> None:
    base = await begin(viewer, film)
    for path in sorted(clear_asset.folder.rglob("*")):
        name = str(path.relative_to(clear_asset.folder))
        if not path.is_file() or name in ("manifest.mpd", "master.m3u8"):
            continue
        got = await http.get(f"{base}/{name}")
        assert (got.status_code, got.content) == (200, path.read_bytes()), name
        assert got.headers["cache-control"].startswith("private, max-age=")


async def test_ranges_and_etags(
    http: httpx.AsyncClient, viewer: Client, film: MovieCard, video: Video, clear_asset: Asset
) -> None:
    base = await begin(viewer, film)
    whole = (clear_asset.folder / "h264-240/00001.m4s").read_bytes()
    url = f"{base}/h264-240/00001.m4s"
    first = await http.get(url)
    etag = first.headers["etag"]
    for header, content in {
        "bytes=0-0": whole[:1], "bytes=10-19": whole[10:20], "bytes=5-": whole[5:], "bytes=-7": whole[-7:],
        f"bytes=0-{len(whole) + 99}": whole,
    }.items():  # fmt: skip
        part = await http.get(url, headers={"Range": header})
        assert (part.status_code, part.content) == (206, content), header
        assert part.headers["content-range"].endswith(f"/{len(whole)}")
    past = await http.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    for odd in ("bytes=0-1,3-4", "lines=1-2", "bytes=9-2", "bytes=-"):
        assert (await http.get(url, headers={"Range": odd})).status_code == 200
    assert (await http.get(url, headers={"If-None-Match": etag})).status_code == 304
    assert (await http.get(url, headers={"Range": "bytes=0-0", "If-Range": '"else"'})).content == whole
    head = await http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole)))


async def test_manifests_are_cut_to_the_session(
    demo: Demo, http: httpx.AsyncClient, film: MovieCard, video: Video
) -> None:
    viewer = await demo.make_viewer(plan=PlanCode.BASIC)
    base = await begin(viewer, film, maxQuality="P240")
    mpd = await http.get(f"{base}/manifest.mpd")
    assert mpd.headers["content-type"] == "application/dash+xml"
    root = ET.fromstring(mpd.content)  # noqa: S314
    heights = {found.get("height") for found in root.iter(f"{DASH}Representation") if found.get("height")}
    assert heights == {"240"}
    assert not {"av1-240", "vp9-240", "h264-720"} & set(re.findall(r"[a-z0-9]+-[0-9]{3}", mpd.text)), (
        "a browser's device"
    )
    assert {found.get("contentType") for found in root.iter(f"{DASH}AdaptationSet")} >= {"video", "audio", "text"}
    master = (await http.get(f"{base}/master.m3u8")).text
    assert "h264-240.m3u8" in master
    assert not {"av1-240", "vp9-240", "h264-720"} & set(re.findall(r"[a-z0-9]+-[0-9]{3}", master))


async def test_nothing_else_is_reached(
    demo: Demo, http: httpx.AsyncClient, viewer: Client, film: MovieCard, video: Video
) -> None:
    base = await begin(viewer, film)
    token = base.removeprefix("/media/")
    head, claims, seal = token.split(".")
    flipped = ("A" if seal[0] != "A" else "B") + seal[1:]
    for url in (
        f"{base}/%2e%2e/{video.asset_id}/manifest.mpd",
        f"{base}/..%2f..%2fkeys/x.mp4", f"{base}/h264-240/%2e%2e/%2e%2e/x.mp4", f"{base}//etc/passwd",
        f"{base}/.hidden.mp4",
        f"{base}/digests.json", f"{base}/h264-240", f"{base}/a/b/c/d.m4s", f"{base}/h264-240%00/init.mp4",
        f"/media/{head}.{claims}.{flipped}/manifest.mpd", f"/media/{head}.{claims}./manifest.mpd",
        f"/media/{claims}/manifest.mpd", f"/media/{viewer.headers['Authorization'].split()[1]}/manifest.mpd",
        f"/media/{token}x/manifest.mpd", "/media/x/manifest.mpd",
    ):  # fmt: skip
        request = http.build_request("GET", "/")
        request.url = httpx.URL(demo.url).copy_with(raw_path=url.encode())
        assert (await http.send(request)).status_code in (403, 404), url
    missing = await http.get(f"{base}/h264-240/99999.m4s")
    assert missing.status_code == 404


async def test_a_token_runs_out(
    demo: Demo, http: httpx.AsyncClient, viewer: Client, film: MovieCard, video: Video
) -> None:
    base = await begin(viewer, film)
    shift = timedelta(seconds=video.duration + 2 * 3600 + 5)
    demo.clock.shift += shift
    try:
        assert (await http.get(f"{base}/h264-240/00001.m4s")).status_code == 403
    finally:
        demo.clock.shift -= shift
    assert (await http.get(f"{base}/h264-240/00001.m4s")).status_code == 200


async def test_stopping_takes_the_media_away(
    http: httpx.AsyncClient, viewer: Client, film: MovieCard, video: Video
) -> None:
    session = await start(viewer, film)
    base = session["dashUrl"].removesuffix("/manifest.mpd")
    assert (await http.get(f"{base}/h264-240/00001.m4s")).status_code == 200
    await viewer.run(OPERATIONS["playback"], {"sessionId": session["id"]}, "StopPlayback")
    assert (await http.get(f"{base}/h264-240/00001.m4s")).status_code == 403
    assert (await http.get(f"{base}/manifest.mpd")).status_code == 403
    del video
