"""Pictures fit the device: format by capabilities and `Accept`, width by the wish or the device's class."""

from typing import Any

import pytest

from bff.domain.titles import MovieCard, SeriesCard
from tests.demo_titles import find_card, has_episodes
from tests.live import Client, Demo

ARTWORK = """query ($id: ID!, $kind: ArtworkKind, $width: Int) {
    title(id: $id) { name artwork(kind: $kind, width: $width) { url width height format alt placeholder } } }"""
REGISTER = (
    "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id class capabilities { imageFormats } } }"
)
JSON = "application/json"


async def fetch_artwork(client: Client, title_id: str, **variables: Any) -> dict[str, Any]:
    artwork: dict[str, Any] = (await client.fetch(ARTWORK, id=title_id, **variables))["title"]["artwork"]
    return artwork


@pytest.mark.parametrize(
    ("device_class", "kind", "size"),
    [
        ("TV", "BOXART", (342, 513)),
        ("WEB", "BOXART", (342, 513)),
        ("MOBILE", "BOXART", (240, 360)),
        ("TABLET", "BOXART", (342, 513)),
        ("TV", "WIDE", (500, 281)),
        ("WEB", "WIDE", (500, 281)),
        ("MOBILE", "WIDE", (342, 192)),
        ("TABLET", "WIDE", (500, 281)),
        ("TV", "HERO", (1920, 1080)),
        ("WEB", "HERO", (1920, 1080)),
        ("MOBILE", "HERO", (780, 439)),
        ("TABLET", "HERO", (1280, 720)),
        ("TV", "LOGO", (780, 312)),
        ("WEB", "LOGO", (500, 200)),
        ("MOBILE", "LOGO", (342, 137)),
        ("TABLET", "LOGO", (500, 200)),
    ],
)
async def test_size_goes_by_kind_and_device_class(
    demo: Demo, device_class: str, kind: str, size: tuple[int, int]
) -> None:
    client = (await demo.make_viewer()).with_headers(X_Device_Class=device_class)
    artwork = await fetch_artwork(client, find_card(demo, MovieCard).id, kind=kind)
    assert (artwork["width"], artwork["height"]) == size


@pytest.mark.parametrize(
    ("kind", "asked", "given"),
    [
        ("BOXART", 342, 342),
        ("BOXART", 1, 160),
        ("BOXART", 0, 160),
        ("BOXART", -5, 160),
        ("BOXART", 300, 342),
        ("BOXART", 290, 240),
        ("BOXART", 291, 342),
        ("BOXART", 2147483647, 780),
        ("WIDE", 1000, 780),
        ("WIDE", 1030, 1280),
        ("HERO", 1, 780),
        ("LOGO", 9999, 780),
        (None, 500, 500),
    ],
)
async def test_a_width_is_a_wish_answered_by_the_nearest(demo: Demo, kind: str | None, asked: int, given: int) -> None:
    client = await demo.make_viewer()
    artwork = await fetch_artwork(client, find_card(demo, MovieCard).id, kind=kind, width=asked)
    assert artwork["width"] == given


@pytest.mark.parametrize(
    ("accept", "kind", "expected"),
    [
        (JSON, "BOXART", "WEBP"),
        (JSON, "LOGO", "WEBP"),
        (f"{JSON}, image/avif", "BOXART", "AVIF"),
        (f"{JSON}, image/avif, image/webp", "BOXART", "AVIF"),
        (f"{JSON}, image/jpeg", "BOXART", "JPEG"),
        (f"{JSON}, image/jpeg", "LOGO", "PNG"),
        (f"{JSON}, image/png", "BOXART", "PNG"),
        (f"{JSON}, image/avif;q=0, image/webp", "BOXART", "WEBP"),
        (f"{JSON}, image/webp;q=0", "BOXART", "JPEG"),
        ("*/*", "BOXART", "WEBP"),
    ],
)
async def test_format_goes_by_accept_where_the_device_said_nothing(
    demo: Demo, accept: str, kind: str, expected: str
) -> None:
    client = (await demo.make_viewer()).with_headers(Accept=accept)
    assert (await fetch_artwork(client, find_card(demo, MovieCard).id, kind=kind))["format"] == expected


@pytest.mark.parametrize(
    ("formats", "accept", "kind", "expected"),
    [
        (["AVIF", "WEBP", "JPEG"], JSON, "BOXART", "AVIF"),
        (["JPEG"], JSON, "BOXART", "JPEG"),
        (["JPEG"], JSON, "LOGO", "PNG"),
        (["JPEG", "PNG"], f"{JSON}, image/avif", "BOXART", "JPEG"),
        (["AVIF", "JPEG"], f"{JSON}, image/jpeg", "BOXART", "JPEG"),
        (["PNG"], JSON, "HERO", "PNG"),
    ],
)
async def test_format_goes_by_what_a_registered_device_can_show(
    demo: Demo, formats: list[str], accept: str, kind: str, expected: str
) -> None:
    client = await demo.make_viewer()
    registered = await client.fetch(REGISTER, input={"class": "TV", "capabilities": {"imageFormats": formats}})
    assert registered["registerDevice"]["capabilities"]["imageFormats"] == formats
    client = client.with_headers(X_Device_Id=registered["registerDevice"]["id"], Accept=accept)
    assert (await fetch_artwork(client, find_card(demo, MovieCard).id, kind=kind))["format"] == expected


async def test_a_registered_class_outweighs_the_header(demo: Demo) -> None:
    client = (await demo.make_viewer()).with_headers(X_Device_Class="TV")
    card = find_card(demo, MovieCard)
    assert (await fetch_artwork(client, card.id, kind="HERO"))["width"] == 1920
    registered = (await client.fetch(REGISTER, input={"class": "MOBILE"}))["registerDevice"]
    assert registered["class"] == "MOBILE"
    for named in (client, client.with_headers(X_Device_Id=registered["id"])):
        assert (await fetch_artwork(named, card.id, kind="HERO"))["width"] == 780


async def test_a_picture_has_words_and_a_placeholder(demo: Demo) -> None:
    card = find_card(demo, MovieCard)
    client = await demo.make_viewer()
    for kind in ("BOXART", "WIDE", "HERO"):
        artwork = await fetch_artwork(client, card.id, kind=kind)
        assert artwork["alt"] == card.name
        assert artwork["placeholder"] == card.artwork.placeholders[kind]
        assert artwork["url"].startswith(f"/images/{card.id}/{kind.lower()}-{artwork['width']}.{card.artwork.version}.")


async def test_stills_people_and_avatars_have_sizes_of_their_own(demo: Demo) -> None:
    card = find_card(demo, SeriesCard, lambda card: has_episodes(card) and bool(card.credits))
    query = """query ($id: ID!) {
        title(id: $id) { play { name still { ...I } small: still(width: 1) { ...I } }
            credits(first: 1) { person { name photo { ...I } large: photo(width: 9999) { ...I } } } }
        viewer { profile { name avatar { ...I } } } } fragment I on Image { url width height format alt }"""
    for device_class, widths in {"TV": (500, 342, 342), "MOBILE": (240, 160, 160)}.items():
        answer = await (await demo.make_viewer()).with_headers(X_Device_Class=device_class).fetch(query, id=card.id)
        play, person = answer["title"]["play"], answer["title"]["credits"][0]["person"]
        profile = answer["viewer"]["profile"]
        pictures = (play["still"], person["photo"], profile["avatar"])
        assert tuple(picture["width"] for picture in pictures) == widths
        assert [picture["alt"] for picture in pictures] == [play["name"], person["name"], profile["name"]]
        assert play["small"]["width"] == 240
        assert person["large"]["width"] == person["large"]["height"] == 500
