"""What arq is told: the jobs, when they run, and how they are written into Redis."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
from arq.connections import ArqRedis
from arq.cron import CronJob, cron
from redis.asyncio import ConnectionPool

from bff.settings import Settings
from bff.telemetry import tracing
from workers.billing import DEADLINE, bill_memberships, forget_requests
from workers.ingest_upkeep import forget_tasks, remove_unfinished, remove_uploads
from workers.keys import rotate_keys
from workers.lifecycle import REMOVE_EVERY, remove_accounts, remove_ended_sign_ins
from workers.mail import EVERY, JOB_DEADLINE, remove_mails, send_mails
from workers.playback import forget_playback


def open_queue(settings: Settings) -> ArqRedis:
    """The connections of the jobs; nothing is sent before the first command, and each has a deadline of 5 s."""
    connections = ConnectionPool.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=1)
    # arq pickles by default, which runs whatever stands in Redis.
    return ArqRedis(connections, job_serializer=msgspec.msgpack.encode, job_deserializer=msgspec.msgpack.decode)


def worker_settings(queue: ArqRedis, ctx: dict[Any, Any]) -> dict[str, Any]:
    """Jobs find `pool`, `cache`, `objects`, `settings`, `mail_room`, `billing` and `spans` in their `ctx`; they may run
    twice, never half. Each is a trace of its own.

    What must not be lost has a row in PostgreSQL. Signals and a Redis that is away are the concern of
    `workers.process`.
    """
    return {
        "redis_pool": queue,
        "ctx": ctx,
        "functions": [],
        "cron_jobs": [
            _at(remove_ended_sign_ins, minute=30),
            _at(remove_accounts, second=set(range(0, 60, REMOVE_EVERY)), timeout=60),
            _at(send_mails, second=set(range(0, 60, EVERY)), timeout=JOB_DEADLINE + 30),
            _at(remove_mails, minute=41),
            _at(bill_memberships, second=5, timeout=DEADLINE + 10, run_at_startup=True),
            _at(forget_requests, hour=3, minute=40),
            _at(forget_playback, minute=23, timeout=60),
            _at(remove_uploads, minute=set(range(2, 60, 10)), timeout=120),
            _at(forget_tasks, minute=53, timeout=60),
            _at(remove_unfinished, minute=7, timeout=120),
            _at(rotate_keys, minute=17, run_at_startup=True),
        ],
        "handle_signals": False,
        "job_timeout": 20,
        "max_tries": 3,
        "job_serializer": queue.job_serializer,
        "job_deserializer": queue.job_deserializer,
    }


def _at(job: Callable[[dict[Any, Any]], Awaitable[object]], **when: Any) -> CronJob:
    @wraps(job)
    async def run(ctx: dict[Any, Any]) -> object:
        with tracing(ctx["spans"], f"job {job.__name__}"):
            return await job(ctx)

    return cron(run, **when)
