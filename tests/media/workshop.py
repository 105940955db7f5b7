"""A worker without a queue, and what tests order of it."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bff.domain.ids import IdKind, derive_id
from bff.domain.ingest import IngestJob
from bff.domain.titles import MovieCard
from bff.domain.video import Video
from bff.stores.catalogue import read_cards
from bff.stores.ingest_progress import read_ingest_job
from tests.engines import Engines
from workers.ingest_order import FilmOrder, order_video
from workers.transcode import open_workshop, transcode
from workers.workshop import Workshop

INSERT = """INSERT INTO title (id, natural_key, type, name, synopsis, release_year, maturity, added_at, popularity,
    rating_count) VALUES ($1, $2, 'MOVIE', $2, '', 2010, 0, $3, 1, 0)"""


async def add_film(pool: asyncpg.Pool, name: str) -> str:
    film_id = derive_id(IdKind.TITLE, name)
    await pool.execute(INSERT, film_id, name, datetime.now(UTC))
    return film_id


def open_shop(database: Engines, pool: asyncpg.Pool) -> Workshop:
    return open_workshop(database.settings, pool)


async def order(shop: Workshop, film: FilmOrder) -> str:
    return await order_video(shop.pool, shop.objects, film, lambda _: None)


async def work(shop: Workshop, job_id: str) -> IngestJob:
    """Until no task is ready."""
    while await transcode({"workshop": shop}):
        pass
    job = await read_ingest_job(shop.pool, job_id)
    assert job is not None
    return job


async def read_video(pool: asyncpg.Pool, film_id: str) -> Video:
    [card] = [card for card in (await read_cards(pool)).cards if card.id == film_id]
    assert isinstance(card, MovieCard)
    assert card.video is not None
    return card.video


def asset_folder(database: Engines, asset_id: str) -> Path:
    return database.data_dir / "objects" / "media" / asset_id
