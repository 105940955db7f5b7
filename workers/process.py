"""One worker process: it runs the jobs, the relay of the outbox and the sweep of playback sessions, and
outlasts a Redis that is away."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from arq.connections import ArqRedis
from arq.worker import create_worker
from redis.exceptions import RedisError

from bff.billing.payments import Billing
from bff.cancellation import run_until_cancelled
from bff.settings import Settings
from bff.stores.local_gateway import open_gateway
from bff.stores.postgres import StatementCount, open_pool
from bff.stores.redis import DocumentCache, RedisAway, open_redis
from bff.telemetry import exporting
from workers.mail import open_mail_room
from workers.outbox import relay_outbox
from workers.playback import keep_sweeping
from workers.settings import open_queue, worker_settings
from workers.transcode import call_for_work, open_workshop, transcode_settings
from workers.workshop import Workshop

log = logging.getLogger(__name__)

Describe = Callable[[ArqRedis, dict[Any, Any]], dict[str, Any]]
"""What tells arq about a queue."""

REST = 0.5
"""Seconds between two looks for a Redis that is away."""

CLOSING_DEADLINE = 2.0
"""Seconds that jobs have to give up; who supervises a worker waits longer."""
ENDING_DEADLINE = 8.0
"""Seconds after a signal at which the process ends whatever still holds it: all that matters is in PostgreSQL."""


async def run_until_signalled(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; jobs that this cuts off are run again by whichever worker comes next.

    Raises SettingsError, and what asyncpg does where PostgreSQL cannot be reached at the start.
    """
    work = asyncio.create_task(_work(settings), name="worker")
    loop = asyncio.get_running_loop()

    def end() -> None:
        work.cancel()
        loop.call_later(ENDING_DEADLINE, _give_up)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    with suppress(asyncio.CancelledError):
        await work


def _give_up() -> None:
    held = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks()))
    log.warning("The worker ends though it has not come to its end: %s", held)
    logging.shutdown()
    os._exit(0)


async def _work(settings: Settings) -> None:
    mail_room = open_mail_room(settings)
    async with (
        exporting(settings.traces_endpoint) as spans,
        await open_pool(settings, max_size=6, on_query=StatementCount()) as pool,
    ):
        cache = DocumentCache(open_redis(settings), deadline=2)
        billing = Billing(pool, open_gateway(settings, pool))
        shop = open_workshop(settings, pool)
        ctx = {
            "pool": pool,
            "objects": shop.objects,
            "cache": cache,
            "settings": settings,
            "mail_room": mail_room,
            "billing": billing,
            "spans": spans,
            "workshop": shop,
        }
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(relay_outbox(pool, cache), name="outbox relay")
                group.create_task(keep_sweeping(pool, spans), name="playback sweep")
                group.create_task(_run_jobs(settings, cache, ctx, worker_settings), name="jobs")
                if settings.encoders:
                    group.create_task(_run_jobs(settings, cache, ctx, transcode_settings), name="encodes")
                    group.create_task(_call_for_work(settings, shop), name="calls for work")
        finally:
            await cache.close()


async def _call_for_work(settings: Settings, shop: Workshop) -> None:
    queue = open_queue(settings)
    try:
        await run_until_cancelled(call_for_work(shop, queue))
    finally:
        await queue.aclose(close_connection_pool=True)


async def _run_jobs(settings: Settings, cache: DocumentCache, ctx: dict[str, Any], describe: Describe) -> None:
    """Runs until it is cancelled. arq ends with the first command that Redis does not answer, and is begun anew."""
    while True:
        queue = open_queue(settings)
        worker = create_worker(describe(queue, dict(ctx)))
        try:
            await run_until_cancelled(worker.async_run())
        except (RedisError, OSError) as error:
            log.warning("Redis is away, and the jobs wait for it: %s", error)
        finally:
            with suppress(RedisError, OSError):
                async with asyncio.timeout(CLOSING_DEADLINE):
                    await worker.close()
            await queue.aclose(close_connection_pool=True)
        await _wait_for_redis(cache)


async def _wait_for_redis(cache: DocumentCache) -> None:
    while True:
        await asyncio.sleep(REST)
        with suppress(RedisAway):
            return await cache.ping()
