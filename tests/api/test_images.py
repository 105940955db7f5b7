"""Pictures over HTTP: drawn once, unchanging, and served by names that only the server mints."""

import asyncio
import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from bff.artwork.photographs import hash_photograph
from bff.domain.badges import is_new
from bff.domain.ids import IdKind, random_id
from bff.domain.titles import SeriesCard
from bff.domain.video import Video
from bff.stores.objects import open_objects
from bff.stores.videos import add_trailer, publish_video
from tests.live import Client, Demo
from tests.media.screening import catch_up, pick_film

CARD = """query ($width: Int) { browse(first: 1) { edges { node { id
  boxart: artwork(kind: BOXART, width: $width) { url width height format alt placeholder }
  wide: artwork(kind: WIDE) { url width height }
  hero: artwork(kind: HERO) { url width height }
  logo: artwork(kind: LOGO) { url width height format }
  credits(first: 1) { person { photo { url width height } } } } } } }"""


async def read_pictures(client: Client, **variables: int) -> dict[str, dict[str, object]]:
    node = (await client.fetch(CARD, **variables))["browse"]["edges"][0]["node"]
    pictures = {kind: node[kind] for kind in ("boxart", "wide", "hero", "logo")}
    pictures["photo"] = node["credits"][0]["person"]["photo"]
    return pictures


async def test_every_picture_has_the_size_and_format_that_the_graph_says(demo: Demo) -> None:
    for kind, picture in (await read_pictures(demo.visitor, width=342)).items():
        response = await demo.visitor.http.get(str(picture["url"]))
        assert response.status_code == 200, kind
        drawn = Image.open(io.BytesIO(response.content))
        assert drawn.size == (picture["width"], picture["height"]), kind
        assert response.headers["content-type"] == f"image/{str(drawn.format).lower()}"


async def test_pictures_never_change_and_say_so(demo: Demo) -> None:
    url = str((await read_pictures(demo.visitor, width=240))["boxart"]["url"])
    first = await demo.visitor.http.get(url)
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.headers["x-content-type-options"] == "nosniff"
    again = await demo.visitor.http.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await demo.visitor.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))


async def test_a_picture_asked_for_at_once_by_many_is_drawn_once_and_kept(demo: Demo) -> None:
    url = str((await read_pictures(demo.visitor, width=780))["boxart"]["url"])
    answers = await asyncio.gather(*(demo.visitor.http.get(url) for _ in range(10)))
    assert {answer.content for answer in answers} == {answers[0].content}
    folder = Path(demo.services.settings.data_dir) / "objects" / "images"
    kept = list(folder.rglob("boxart-780.*"))
    assert len(kept) == 1
    assert kept[0].read_bytes() == answers[0].content


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("boxart-342", "boxart-500"),
        lambda url: url.replace("boxart-342", "boxart-343"),
        lambda url: url.replace("tit_", "tit_a"),
        lambda url: url.replace(".webp", ".avif"),
        lambda url: url.replace("boxart", "hero"),
        lambda url: url.rsplit(".", 2)[0] + ".AAAAAAAAAAAAAAAA.webp",
        lambda url: url + "/../../../etc/passwd",
        lambda _: "/images/",
        lambda _: "/images/fox/avatar-240.1.AAAAAAAAAAAAAAAA.webp",
    ],
)
async def test_names_that_the_server_did_not_mint_name_nothing(demo: Demo, change: object) -> None:
    url = str((await read_pictures(demo.visitor, width=342))["boxart"]["url"])
    assert callable(change)
    response = await demo.visitor.http.get(change(url))
    assert response.status_code == 404


async def test_avatars_and_stills_are_drawn(demo: Demo) -> None:
    ada = await demo.sign_in("premium@example.com")
    viewer = await ada.fetch("{ viewer { account { profiles { name avatar { url width height alt } } } } }")
    urls = [profile["avatar"]["url"] for profile in viewer["viewer"]["account"]["profiles"]]
    found = await ada.fetch(
        '{ search(query: "stranger things", first: 1) { edges { node { ... on Series { season(number: 1) {'
        " episodes(first: 2) { edges { node { still { url } } } } } } } } } }"
    )
    episodes = found["search"]["edges"][0]["node"]["season"]["episodes"]["edges"]
    urls += [edge["node"]["still"]["url"] for edge in episodes]
    assert len(set(urls)) == len(urls) == 5
    for url in urls:
        response = await ada.http.get(url)
        assert response.status_code == 200
        Image.open(io.BytesIO(response.content)).verify()


SHOWN = """query ($id: ID!) { node(id: $id) {
  ... on Movie { still { url } wide: artwork(kind: WIDE) { url }
    hero: artwork(kind: HERO, width: 780) { url placeholder } boxart: artwork { url } trailers { still { url } } }
  ... on Episode { still { url } } } }"""
RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


async def keep_frame(demo: Demo, colour: tuple[int, int, int]) -> Video:
    """A video of which one frame is kept, all of one colour."""
    frame = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(frame, "JPEG")
    video = Video(
        asset_id=random_id(IdKind.ASSET),
        duration=60,
        segment_duration=4,
        segment_count=15,
        renditions=(),
        stills=("stills/1.jpg",),
        placeholder=hash_photograph(frame.getvalue()),
    )
    objects = open_objects(demo.services.settings)
    await objects.write(f"media/{video.asset_id}/{video.stills[0]}", frame.getvalue())
    return video


def read_average(placeholder: str) -> tuple[float, ...]:
    """The mean colour that a ThumbHash says, by the published format: 6 bits of lightness, 6 of each axis of colour."""
    bits = int.from_bytes(base64.b64decode(placeholder)[:3], "little")
    lightness, yellow, red = (bits & 63) / 63, (bits >> 6 & 63) / 31.5 - 1, (bits >> 12 & 63) / 31.5 - 1
    blue = lightness - 2 / 3 * yellow
    share = (3 * lightness - blue + red) / 2
    return tuple(255 * part for part in (share, share - red, blue))


async def look_at(client: Client, picture: dict[str, str]) -> object:
    """The colour in the middle."""
    response = await client.http.get(picture["url"])
    assert response.status_code == 200
    drawn = Image.open(io.BytesIO(response.content)).convert("RGB")
    return drawn.getpixel((drawn.width // 2, drawn.height // 2))


async def test_frames_of_videos_are_the_pictures_of_what_has_no_poster(demo: Demo) -> None:
    viewer, film = await demo.make_viewer(), pick_film(demo, skip=22)
    catalogue = demo.services.follower.catalogue
    episode = next(
        next(card.walk_episodes())[1]
        for card in reversed(catalogue.by_popularity)
        if isinstance(card, SeriesCard) and any(card.walk_episodes()) and is_new(card, "US", demo.services.now())
    )
    drawn = await look_at(viewer, (await viewer.fetch(SHOWN, id=film.id))["node"]["boxart"])
    trailer_id = random_id(IdKind.TRAILER)
    async with demo.services.pool.acquire() as connection, connection.transaction():
        await add_trailer(connection, trailer_id, film.id, "Teaser")
        for playable_id, colour in ((film.id, RED), (trailer_id, GREEN), (episode.id, BLUE)):
            await publish_video(connection, playable_id, await keep_frame(demo, colour))
    await catch_up(demo)
    shown = (await viewer.fetch(SHOWN, id=film.id))["node"]
    for kind in ("still", "wide", "hero"):
        assert await look_at(viewer, shown[kind]) == pytest.approx(RED, abs=12), kind
    assert await look_at(viewer, shown["boxart"]) == drawn
    assert read_average(shown["hero"]["placeholder"]) == pytest.approx(RED, abs=12)
    (trailer,) = shown["trailers"]
    assert await look_at(viewer, trailer["still"]) == pytest.approx(GREEN, abs=12)
    still = (await viewer.fetch(SHOWN, id=episode.id))["node"]["still"]
    assert await look_at(viewer, still) == pytest.approx(BLUE, abs=12)
