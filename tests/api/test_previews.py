"""Clips behind cards: in the width of the device, by names that lead to them and nothing else."""

import httpx
import pytest

from bff.domain.ids import IdKind, random_id
from bff.domain.titles import MovieCard
from bff.domain.video import Preview, Video
from bff.stores.objects import open_objects
from tests.live import Demo
from tests.media.screening import pick_film, show

FIND = "query ($id: ID!, $width: Int) { title(id: $id) { preview(width: $width) { url width height duration codec } } }"
SECRET = "0123456789abcdef0123456789abcdef"
CONTENT = bytes(range(256)) * 4


@pytest.fixture(scope="module")
async def film(demo: Demo) -> MovieCard:
    film = pick_film(demo, skip=20)
    sizes = (("hover", 342), ("hover", 500), ("hero", 780), ("hero", 1280))
    video = Video(
        asset_id=random_id(IdKind.ASSET),
        duration=60,
        segment_duration=4,
        segment_count=15,
        renditions=(),
        previews=tuple(
            Preview(name=f"{SECRET}/{place}-{width}.mp4", width=width, height=width * 9 // 16, duration=6)
            for place, width in sizes
        ),
    )
    for preview in video.previews:
        await open_objects(demo.services.settings).write(f"previews/{preview.name}", CONTENT)
    await show(demo, film.id, video)
    return film


@pytest.mark.parametrize(
    ("device", "wish", "width"),
    [("TV", None, 500), ("MOBILE", None, 342), ("MOBILE", 343, 500), ("WEB", 1, 342), ("WEB", 4000, 500)],
)
async def test_the_width_goes_by_the_device_and_the_wish(
    demo: Demo, film: MovieCard, device: str, wish: int | None, width: int
) -> None:
    client = demo.visitor.with_headers(X_Device_Class=device)
    found = (await client.fetch(FIND, id=film.id, width=wish))["title"]["preview"]
    assert found == {
        "url": f"/previews/{SECRET}/hover-{width}.mp4",
        "width": width,
        "height": width * 9 // 16,
        "duration": 6.0,
        "codec": "H264",
    }


async def test_what_has_no_video_has_no_preview(demo: Demo, film: MovieCard) -> None:
    other = pick_film(demo, skip=21)
    assert other.id != film.id
    assert (await demo.visitor.fetch(FIND, id=other.id))["title"]["preview"] is None


async def test_clips_are_served_with_ranges_and_kept_for_ever(demo: Demo, film: MovieCard) -> None:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30, trust_env=False) as http:
        whole = await http.get(f"/previews/{SECRET}/hover-342.mp4")
        part = await http.get(f"/previews/{SECRET}/hover-342.mp4", headers={"Range": "bytes=10-19"})
        again = await http.get(f"/previews/{SECRET}/hover-342.mp4", headers={"If-None-Match": whole.headers["etag"]})
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, CONTENT, "video/mp4")
    assert "immutable" in whole.headers["cache-control"]
    assert (part.status_code, part.content) == (206, CONTENT[10:20])
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        f"{SECRET}/hover-341.mp4",
        f"{SECRET}/hover-342.mp4.bak",
        f"{SECRET[:-1]}0/hover-342.mp4",
        f"{SECRET}/%2e%2e/{SECRET}/hover-342.mp4",
        f"%2e%2e/previews/{SECRET}/hover-342.mp4",
        "",
    ],
)
async def test_other_names_lead_nowhere(demo: Demo, film: MovieCard, name: str) -> None:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30, trust_env=False) as http:
        answer = await http.get(httpx.URL(demo.url).copy_with(raw_path=f"/previews/{name}".encode()))
    assert answer.status_code == 404
    assert answer.headers.get("cache-control") != "public, max-age=31536000, immutable, no-transform"
