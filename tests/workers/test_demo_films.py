"""The films of the demo that play: ordered with the first start, behind whatever else is to be made."""

import asyncpg

from bff.artwork.photographs import poster_key
from bff.catalog.open_films import list_open_films
from bff.domain.ingest import IngestState, Preset, Priority
from bff.domain.video import SubtitleKind
from bff.stores.ingest_progress import read_ingest_jobs
from tests.engines import Engines
from tests.media.workshop import INSERT, open_shop
from workers.ingest_order import order_demo_films


async def test_they_are_ordered_once_at_the_lowest_priority(database: Engines, pool: asyncpg.Pool) -> None:
    shop, films = open_shop(database, pool), list_open_films()
    for film in films:
        await pool.execute(INSERT, film.title_id, film.natural_key, film.added_on)
    missing: list[str] = []
    for _ in range(2):
        await order_demo_films(pool, shop.objects, missing.append)
    assert missing == []
    jobs = await read_ingest_jobs(pool)
    assert {job.title_id for job in jobs} == {film.title_id for film in films}
    for job in jobs:
        assert (job.state, job.preset, job.priority) == (IngestState.QUEUED, Preset.QUICK, Priority.LOW)
        assert job.is_encrypted
        assert {(text.language, text.kind) for text in job.order.subtitles} == {
            ("de", SubtitleKind.CLOSED_CAPTIONS),
            ("en", SubtitleKind.CLOSED_CAPTIONS),
        }
        assert await shop.objects.measure(job.source.key)
        assert await shop.objects.exists(poster_key(job.title_id))
