"""What a media token does not open: better pictures, other assets, other countries, what has closed since."""

from collections.abc import AsyncIterator
from dataclasses import replace as replace_field
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace

from bff.app import build_app
from bff.domain.accounts import PlanCode
from bff.domain.titles import LicenceWindow, MovieCard
from tests.http_server import serve_to_client
from tests.live import Client, Demo
from tests.media.assets import Asset
from tests.media.screening import begin, choose_films, name_asset, screening, start

SEGMENT = "h264-240/00001.m4s"
FIND = """query ($id: ID!) { playbackSession(id: $id) {
  low: segmentUrl(position: 0, quality: P240) high: segmentUrl(position: 0, quality: P720) } }"""


@pytest.fixture(scope="module")
async def films(demo: Demo, clear_asset: Asset) -> AsyncIterator[list[MovieCard]]:
    """Three; the last is to be had for ten minutes more."""
    found = choose_films(demo, 6)[3:]
    now = demo.services.now()
    closing = {"US": LicenceWindow(now - timedelta(days=9), now + timedelta(minutes=10))}
    shown = [*found[:2], replace(found[2], windows=closing)]
    async with screening(demo, [(film, clear_asset) for film in shown]):
        yield shown


@pytest.fixture(scope="module")
async def viewer(demo: Demo) -> Client:
    return await demo.make_viewer()


@pytest.fixture
def http(demo: Demo) -> httpx.AsyncClient:
    return demo.visitor.http


async def read_status(http: httpx.AsyncClient, url: str, *countries: str) -> int:
    """`countries`: what stands in the header that a proxy sets, a line each."""
    return (await http.get(url, headers=[("X-Country", country) for country in countries])).status_code


async def test_pictures_above_the_plan_are_closed(demo: Demo, http: httpx.AsyncClient, films: list[MovieCard]) -> None:
    basic = await demo.make_viewer(plan=PlanCode.BASIC)
    session = await start(basic, films[0])
    base = session["dashUrl"].removesuffix("/manifest.mpd")
    for path in ("h264-720/00001.m4s", "h264-720/init.mp4", "h264-720.m3u8", "h264-720_iframe.m3u8"):
        assert await read_status(http, f"{base}/{path}") == 403, path
        assert await read_status(http, f"{base}/{path.replace('720', '240')}") == 200, path
    assert await read_status(http, f"{base}/H264-720/00001.m4s") in (403, 404)
    assert await read_status(http, f"{base}/h264-0720/00001.m4s") in (403, 404)
    found = (await basic.fetch(FIND, id=session["id"]))["playbackSession"]
    assert found == {"low": f"{base}/{SEGMENT}", "high": None}
    better = await begin(await demo.make_viewer(), films[0])
    assert await read_status(http, f"{better}/h264-720/00001.m4s") == 200


async def test_another_asset_is_closed(
    demo: Demo, http: httpx.AsyncClient, viewer: Client, films: list[MovieCard]
) -> None:
    mine, other = await begin(viewer, films[0]), name_asset(films[1])
    for url in (
        f"{mine}/../{other}/{SEGMENT}", f"{mine}/%2e%2e/{other}/{SEGMENT}", f"{mine}/..%2f{other}/{SEGMENT}",
        f"{mine}/{other}/{SEGMENT}", f"{mine}/%2e%2e%2f{other}%2f{SEGMENT}", f"{mine}/h264-240/../../{other}/{SEGMENT}",
        f"{mine}/..%5c{other}%5ch264-240%5c00001.m4s", f"/media/{other}/{SEGMENT}", f"/media//{other}/{SEGMENT}",
    ):  # fmt: skip
        request = http.build_request("GET", "/")
        request.url = httpx.URL(demo.url).copy_with(raw_path=url.encode())
        assert (await http.send(request)).status_code in (403, 404), url


async def test_another_country_is_closed_where_a_proxy_names_it(
    demo: Demo, viewer: Client, films: list[MovieCard]
) -> None:
    session = await start(viewer, films[0])
    url = session["dashUrl"].replace("manifest.mpd", SEGMENT)
    settings = replace(demo.services.settings, country_header="X-Country")
    async with serve_to_client(build_app(replace_field(demo.services, settings=settings))) as behind_proxy:
        assert await read_status(behind_proxy, url, "US") == 200
        assert await read_status(behind_proxy, url, "IN") == 403
        assert await read_status(behind_proxy, session["dashUrl"], "IN") == 403
        assert await read_status(behind_proxy, url, "US", "IN") == 403, "what a client says stands before the proxy's"
        assert await read_status(behind_proxy, url, "US, IN") == 403
        assert await read_status(behind_proxy, url, "IN", "us") == 200
        for unknown in ((), ("XX",), ("T1",), ("",)):
            assert await read_status(behind_proxy, url, *unknown) == 200, unknown


async def test_no_country_is_compared_without_a_proxy(
    http: httpx.AsyncClient, viewer: Client, films: list[MovieCard]
) -> None:
    assert await read_status(http, f"{await begin(viewer, films[0])}/{SEGMENT}", "IN") == 200


async def test_a_window_that_closes_takes_the_media_along_at_once(
    demo: Demo, http: httpx.AsyncClient, viewer: Client, films: list[MovieCard]
) -> None:
    base, other = await begin(viewer, films[2]), await begin(viewer, films[0])
    assert await read_status(http, f"{base}/{SEGMENT}") == 200
    demo.clock.shift = timedelta(minutes=11)
    try:
        assert await read_status(http, f"{base}/{SEGMENT}") == 403
        assert await read_status(http, f"{base}/manifest.mpd") == 403
        assert await read_status(http, f"{other}/{SEGMENT}") == 200
        refused = await start(viewer, films[2])
        assert (refused["__typename"], refused["availableFrom"]) == ("NotAvailable", None)
    finally:
        demo.clock.shift = timedelta(0)
