"""Ends tasks that await what may lose a cancellation."""

import asyncio
from collections.abc import Coroutine
from typing import Any

CANCEL_EVERY = 0.1
"""Seconds that what was cancelled has to end before it is cancelled again."""


async def run_until_cancelled(work: Coroutine[Any, Any, None]) -> None:
    """Like `await work` of what has nothing to put away; once cancelled it ends for sure, whatever `work` makes of it.

    redis-py sends by `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes as it returns.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_EVERY)
        failure = None if task.cancelled() else task.exception()
    if failure is not None:
        raise failure
