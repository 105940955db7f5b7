"""Puts an asset behind a title of the demo, as the end of the pipeline does."""

from bff.domain.ids import IdKind, random_id
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.video import Video
from bff.stores.objects import open_objects
from bff.stores.outbox import deliver_outbox
from bff.stores.videos import publish_video
from tests.live import Demo
from tests.media.assets import Asset

EVERYWHERE = ("US", "GB", "IN")


def pick_film(demo: Demo, rating: MaturityRating = MaturityRating.AGE_13, *, skip: int = 0) -> MovieCard:
    """An open film without a video, of exactly this rating."""
    shown = demo.services.follower.catalogue.by_popularity
    now = demo.services.now()
    films = [
        card
        for card in shown
        if isinstance(card, MovieCard)
        and card.video is None
        and card.maturity is rating
        and all(
            (window := card.windows.get(region)) is not None
            and window.opens <= now
            and (window.closes is None or window.closes > now)
            for region in EVERYWHERE
        )
    ]
    return films[skip]


async def publish(demo: Demo, asset: Asset, playable_id: str) -> Video:
    """The video as the demo's app shows it from now on."""
    video = asset.describe(random_id(IdKind.ASSET))
    objects = open_objects(demo.services.settings)
    for path in asset.folder.rglob("*"):
        if path.is_file():
            await objects.write(f"media/{video.asset_id}/{path.relative_to(asset.folder)}", path.read_bytes())
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
