"""What `bff worker` runs: its jobs, its engines, and how it starts and ends."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from arq.connections import RedisSettings
from arq.cron import cron

from bff.settings import Settings
from bff.stores.postgres import open_pool
from bff.stores.redis import DocumentCache, open_redis
from workers.lifecycle import remove_ended_sign_ins
from workers.outbox import relay_outbox


async def start(ctx: dict[Any, Any]) -> None:
    settings: Settings = ctx["settings"]
    ctx["pool"] = await open_pool(settings, max_size=4)
    ctx["cache"] = DocumentCache(open_redis(settings), deadline=2)
    ctx["relay"] = asyncio.create_task(relay_outbox(ctx["pool"], ctx["cache"]), name="outbox relay")


async def stop(ctx: dict[Any, Any]) -> None:
    ctx["relay"].cancel()
    with suppress(asyncio.CancelledError):
        await ctx["relay"]
    await ctx["cache"].close()
    await ctx["pool"].close()


def worker_settings(settings: Settings) -> dict[str, Any]:
    """What arq is told. Jobs may run twice, never half; what must not be lost has a row in PostgreSQL."""
    return {
        "redis_settings": RedisSettings.from_dsn(settings.redis_url),
        "ctx": {"settings": settings},
        "functions": [],
        "cron_jobs": [cron(remove_ended_sign_ins, hour=3, minute=30)],
        "on_startup": start,
        "on_shutdown": stop,
        "job_timeout": 20,
        "max_tries": 3,
        # arq pickles by default, which runs whatever stands in Redis.
        "job_serializer": msgspec.msgpack.encode,
        "job_deserializer": msgspec.msgpack.decode,
    }
