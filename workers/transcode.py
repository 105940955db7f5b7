"""Encodes video on queues of its own, for which no interactive job waits.

Its jobs take tasks of masters from PostgreSQL, hold them by a heartbeat, and end when none is ready.
"""

import asyncio
import errno
import logging
import os
import secrets
import shutil
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from arq.connections import ArqRedis
from arq.worker import func
from redis.exceptions import RedisError

from bff.domain.ingest import HEARTBEAT, MOST_TRIES, Task
from bff.errors import Unavailable
from bff.media.commands import DiskFull, MediaError, Refused
from bff.settings import Settings
from bff.stores.ingest_jobs import park_task, sweep_tasks
from bff.stores.ingest_tasks import TaskLost, has_work, put_off_task, release_task, renew_task, take_task, wait_before
from bff.stores.objects import open_objects
from bff.telemetry import tracing
from workers.ingest_tasks import do_task
from workers.sources import Sources
from workers.workshop import Progress, Workshop

log = logging.getLogger(__name__)

QUEUES = "marquee:transcode"
"""What the queues of workers begin with. Each has one of its own: arq keeps a job that died with its worker for as long
as it might have run, which would keep whom it was to wake."""
QUEUE_AGE = 24 * 60 * 60
"""Seconds after which Redis forgets the queue of a worker that is gone."""
CALL_EVERY = 1.0
"""Seconds between two looks for work."""
TURN = 300
"""Seconds after which a job takes no further task; the next one does."""
LONGEST_JOB = 24 * 60 * 60
_REST = timedelta(seconds=20)
"""How long a task waits while a machine or an engine is in trouble."""
_RELEASE_DEADLINE = 1.0


def open_workshop(settings: Settings, pool: asyncpg.Pool) -> Workshop:
    """Remove what workers that died left on this machine, too."""
    scratch = settings.data_dir.resolve() / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        if not _is_in_use(left):
            shutil.rmtree(left, ignore_errors=True)
    name = f"{socket.gethostname()}-{os.getpid()}"
    objects = open_objects(settings)
    return Workshop(
        pool=pool,
        objects=objects,
        key_encryption_key=settings.key_encryption_key,
        scratch=scratch,
        name=name,
        encoders=settings.encoders,
        queue=f"{QUEUES}:{name}:{secrets.token_hex(4)}",
        sources=Sources(objects, scratch / f"{name}.sources"),
    )


def transcode_settings(queue: ArqRedis, ctx: dict[Any, Any]) -> dict[str, Any]:
    """What arq is told about the worker's queue; jobs find `workshop` in their `ctx`."""
    return {
        "redis_pool": queue,
        "queue_name": ctx["workshop"].queue,
        "ctx": ctx,
        "functions": [func(transcode, name="transcode", keep_result=0, timeout=LONGEST_JOB, max_tries=1000)],
        "handle_signals": False,
        "max_jobs": ctx["workshop"].encoders,
        "job_serializer": queue.job_serializer,
        "job_deserializer": queue.job_deserializer,
        "poll_delay": 0.25,
    }


async def call_for_work(shop: Workshop, queue: ArqRedis) -> None:
    """Runs until it is cancelled: where tasks are ready, there is a job for each encoder of this worker."""
    while True:
        with suppress(RedisError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if await has_work(shop.pool, datetime.now(UTC)):
                for number in range(shop.encoders):
                    await queue.enqueue_job("transcode", _job_id=f"{shop.queue}:{number}", _queue_name=shop.queue)
                await queue.expire(shop.queue, QUEUE_AGE)
            shop.sources.drop_unused()
        await asyncio.sleep(CALL_EVERY)


async def transcode(ctx: dict[Any, Any]) -> int:
    """Take tasks, one after the other, until none is ready. Answers how many it was."""
    shop: Workshop = ctx["workshop"]
    loop = asyncio.get_running_loop()
    ends, done = loop.time() + TURN, 0
    while loop.time() < ends:
        await sweep_tasks(shop.pool, datetime.now(UTC))
        task = await take_task(shop.pool, shop.name, datetime.now(UTC))
        if task is None:
            break
        with tracing(ctx.get("spans"), f"task {task.kind.lower()}"):
            await work_on(shop, task)
        done += 1
    return done


async def work_on(shop: Workshop, task: Task) -> None:
    """Do a task, saying all the while that it goes on; what becomes of it is in PostgreSQL afterwards."""
    progress = Progress()
    work = asyncio.create_task(do_task(shop, task, progress), name=task.name)
    heart = asyncio.create_task(_keep(shop, task, progress, work), name="heartbeat")
    try:
        await work
    except asyncio.CancelledError:
        if heart.done():
            return  # the task is no longer ours
        with suppress(Exception):
            async with asyncio.timeout(_RELEASE_DEADLINE):
                await release_task(shop.pool, task)
        raise
    except TaskLost:
        log.info("%s of %s was done by another worker, or is not wanted any more", task.name, task.job_id)
    except Exception as error:
        await _tell(shop, task, error)
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


async def _keep(shop: Workshop, task: Task, progress: Progress, work: "asyncio.Task[None]") -> None:
    """Until it is cancelled, or the task is lost: then the work is."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        try:
            is_ours = await renew_task(shop.pool, task, datetime.now(UTC), progress.share)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            continue  # what is done by then counts only if nobody else took the task
        if not is_ours:
            work.cancel()
            return


async def _tell(shop: Workshop, task: Task, error: Exception) -> None:
    now = datetime.now(UTC)
    words = describe_failure(error)
    try:
        if isinstance(error, Refused):
            await park_task(shop.pool, task, now, words)
        elif is_trouble(error):
            log.warning("%s of %s waits: %s", task.name, task.job_id, words)
            await put_off_task(shop.pool, task, now + _REST, words, is_fault=False)
        elif task.tries >= MOST_TRIES:
            log.warning("%s of %s is given up: %s", task.name, task.job_id, words)
            await park_task(shop.pool, task, now, f"{task.name} failed {task.tries} times: {words}")
        else:
            log.warning("%s of %s failed: %s", task.name, task.job_id, words)
            await put_off_task(shop.pool, task, now + wait_before(task.tries), words, is_fault=True)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as away:
        log.warning("PostgreSQL was not told of %s: %s", task.name, away)


def is_trouble(error: Exception) -> bool:
    """Whether it is the machine's or an engine's, and nothing is wrong with the master."""
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT) or isinstance(error, ConnectionError)
    return isinstance(error, DiskFull | Unavailable | asyncpg.PostgresError | asyncpg.InterfaceError)


def describe_failure(error: Exception) -> str:
    """For operators: the last lines of what a command said, or what is wrong with the machine."""
    if isinstance(error, DiskFull) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return "There is no room on the worker's disk. Make some; the work goes on by itself."
    if isinstance(error, TimeoutError):
        return "It took too long."
    if isinstance(error, MediaError | Refused | Unavailable):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _is_in_use(folder: Path) -> bool:
    """Whether the worker that made it still runs here, and is not this one."""
    owner = folder.name.rpartition(".")[0].rpartition("-")[2]
    return owner.isdigit() and int(owner) != os.getpid() and Path(f"/proc/{owner}").exists()
