"""Puts assets behind films of the demo catalogue, for good or for a while, and plays them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from bff.domain.devices import VideoCodec
from bff.domain.ids import IdKind, derive_id, random_id
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.video import Quality, Rendition, Video, VideoState
from bff.domain.visibility import Audience, Visibility, judge
from bff.stores.objects import open_objects
from bff.stores.outbox import deliver_outbox
from bff.stores.title_cards import rebuild_cards
from bff.stores.videos import publish_video
from tests.live import OPERATIONS, Client, Demo
from tests.media.assets import Asset
from tests.media.workshop import add_film

EVERYWHERE = ("US", "GB", "IN")


def choose_films(demo: Demo, count: int) -> list[MovieCard]:
    """Films for all ages that can be watched in the US."""
    return _list_films(demo, MaturityRating.ALL, EVERYWHERE[:1])[:count]


def pick_film(demo: Demo, rating: MaturityRating = MaturityRating.AGE_13, *, skip: int = 0) -> MovieCard:
    """A film without a video, of exactly this rating, that can be watched everywhere."""
    return [film for film in _list_films(demo, rating, EVERYWHERE) if film.video is None][skip]


def _list_films(demo: Demo, rating: MaturityRating, regions: Sequence[str]) -> list[MovieCard]:
    now = demo.services.now()
    audiences = [Audience(region=region, ceiling=rating) for region in regions]
    return [
        card
        for card in demo.services.follower.catalogue.by_popularity
        if isinstance(card, MovieCard)
        and card.maturity is rating
        and all(judge(card, audience, now) is Visibility.OPEN for audience in audiences)
    ]


def name_asset(film: MovieCard) -> str:
    return derive_id(IdKind.ASSET, f"screened {film.id}")


@asynccontextmanager
async def screening(demo: Demo, shown: Sequence[tuple[MovieCard, Asset]]) -> AsyncIterator[None]:
    """Each asset is the video of its film in this process, until the block ends."""
    for film, asset in shown:
        await _store(demo, asset, name_asset(film))
    follower = demo.services.follower
    held = follower.catalogue
    cards = [
        replace(film, video=asset.describe(name_asset(film)), video_state=VideoState.READY) for film, asset in shown
    ]
    follower.catalogue = held.apply(held.version + 1, cards, (), held.genres.values())
    try:
        yield
    finally:
        follower.catalogue = held


async def publish(demo: Demo, asset: Asset, playable_id: str) -> Video:
    """As the end of the pipeline does: the video as every process shows it from now on."""
    video = asset.describe(random_id(IdKind.ASSET))
    await _store(demo, asset, video.asset_id)
    await show(demo, playable_id, video)
    return video


async def show(demo: Demo, playable_id: str, video: Video) -> None:
    async with demo.services.pool.acquire() as connection, connection.transaction():
        await publish_video(connection, playable_id, video)
    await catch_up(demo)


async def catch_up(demo: Demo) -> None:
    """Let the app see what was committed."""
    while await deliver_outbox(demo.services.pool, demo.services.cache):
        pass
    await demo.services.follower.catch_up()


async def add_screened_films(demo: Demo, names: Sequence[str], video: Video) -> dict[str, MovieCard]:
    """New films, by their names, for those of 13 years in the US; the same video is that of all."""
    pool, opens = demo.services.pool, demo.services.now() - timedelta(days=1)
    ids = {name: await add_film(pool, name) for name in names}
    async with pool.acquire() as connection, connection.transaction():
        for film_id in ids.values():
            await connection.execute("UPDATE title SET maturity = 13 WHERE id = $1", film_id)
            window = "INSERT INTO licence_window (title_id, region, opens) VALUES ($1, 'US', $2)"
            await connection.execute(window, film_id, opens)
        await rebuild_cards(connection, list(ids.values()))
        for film_id in ids.values():
            await publish_video(connection, film_id, video)
    await catch_up(demo)
    cards = demo.services.follower.catalogue.cards
    return {name: card for name, film_id in ids.items() if isinstance(card := cards[film_id], MovieCard)}


def make_video(
    asset_id: str, *qualities: Quality, codec: VideoCodec = VideoCodec.H264, is_encrypted: bool = False
) -> Video:
    """Of ten minutes; its files are nowhere."""
    return Video(
        asset_id=asset_id,
        duration=600.0,
        segment_duration=4.0,
        segment_count=150,
        renditions=tuple(
            Rendition(
                name=f"{codec.value.lower()}-{quality.lines}",
                quality=quality,
                width=quality.lines * 16 // 9,
                height=quality.lines,
                bitrate=quality.lines * 3000,
                average_bitrate=quality.lines * 2000,
                codec=codec,
                codecs="avc1.64001f",
            )
            for quality in sorted(qualities, key=lambda quality: -quality.lines)
        ),
        is_encrypted=is_encrypted,
    )


async def start(client: Client, film: MovieCard, **options: Any) -> dict[str, Any]:
    """What startPlayback answers."""
    variables = {"input": {"playableId": film.id, **options}}
    answer = await client.run(OPERATIONS["playback"], variables, "StartPlayback")
    session: dict[str, Any] = answer.data["startPlayback"]
    return session


async def begin(client: Client, film: MovieCard, **options: Any) -> str:
    """The address of everything that a session may fetch."""
    session = await start(client, film, **options)
    assert session["__typename"] == "PlaybackSession", session
    base: str = session["dashUrl"].removesuffix("/manifest.mpd")
    return base


async def _store(demo: Demo, asset: Asset, asset_id: str) -> None:
    objects = open_objects(demo.services.settings)
    for path in asset.folder.rglob("*"):
        if path.is_file():
            await objects.write(f"media/{asset_id}/{path.relative_to(asset.folder)}", path.read_bytes())
