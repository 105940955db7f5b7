"""Assets that play as films of the demo catalogue for a while, and the sessions that play them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.video import VideoState
from bff.stores.objects import open_objects
from tests.live import OPERATIONS, Client, Demo
from tests.media.assets import Asset


def name_asset(film: MovieCard) -> str:
    return derive_id(IdKind.ASSET, f"screened {film.id}")


def choose_films(demo: Demo, count: int) -> list[MovieCard]:
    """Films for all ages that can be watched in the US."""
    now: datetime = demo.services.now()
    films = (card for card in demo.services.follower.catalogue.by_popularity if isinstance(card, MovieCard))
    found = []
    for film in films:
        window = film.windows.get("US")
        is_open = window is not None and window.opens <= now and (window.closes is None or now < window.closes)
        if is_open and film.maturity is MaturityRating.ALL:
            found.append(film)
            if len(found) == count:
                return found
    raise LookupError(f"the catalogue has fewer than {count} such films")


@asynccontextmanager
async def screening(demo: Demo, shown: Sequence[tuple[MovieCard, Asset]]) -> AsyncIterator[None]:
    """Each asset is the video of its film in this process, until the block ends."""
    objects = open_objects(demo.services.settings)
    for film, asset in shown:
        for path in asset.folder.rglob("*"):
            if path.is_file():
                await objects.write(f"media/{name_asset(film)}/{path.relative_to(asset.folder)}", path.read_bytes())
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


async def start(client: Client, film: MovieCard, **options: Any) -> dict[str, Any]:
    """What startPlayback answers."""
    variables = {"input": {"playableId": film.id, **options}}
    session: dict[str, Any] = (await client.run(OPERATIONS["playback"], variables, "StartPlayback")).data[
        "startPlayback"
    ]
    return session
