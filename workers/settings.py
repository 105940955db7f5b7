"""What `bff worker` runs: its jobs, its engines, and how it starts and ends."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import msgspec
from arq.connections import RedisSettings
from arq.cron import cron

from bff.settings import Settings
from bff.stores.postgres import open_pool
from bff.stores.redis import DocumentCache, open_redis
from workers.lifecycle import remove_ended_sign_ins
from workers.outbox import relay_outbox


async def start(context: dict[Any, Any]) -> None:
    settings: Settings = context["settings"]
    context["pool"] = await open_pool(settings, max_size=4)
    context["cache"] = DocumentCache(open_redis(settings), deadline=2)
    context["relay"] = asyncio.create_task(relay_outbox(context["pool"], context["cache"]), name="outbox relay")


async def stop(context: dict[Any, Any]) -> None:
    context["relay"].cancel()
    with suppress(asyncio.CancelledError):
        await context["relay"]
    await context["cache"].close()
    await context["pool"].close()


class WorkerSettings:
    """What arq reads. Jobs may run twice, never half; what must not be lost has a row in PostgreSQL."""

    cron_jobs: ClassVar[list[Any]] = [cron(remove_ended_sign_ins, hour=3, minute=30)]
    on_startup = start
    on_shutdown = stop
    job_timeout = 20
    max_tries = 3
    # arq pickles by default, which runs whatever stands in Redis.
    job_serializer = msgspec.msgpack.encode
    job_deserializer = msgspec.msgpack.decode


def worker_options(settings: Settings) -> dict[str, Any]:
    """What arq is told at the start: where Redis is, and the settings that jobs find in their context."""
    return {"redis_settings": RedisSettings.from_dsn(settings.redis_url), "ctx": {"settings": settings}}
