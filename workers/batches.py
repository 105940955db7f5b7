"""Jobs that take a little at a time, so that no transaction is long."""

from collections.abc import Awaitable, Callable


async def repeat(step: Callable[[], Awaitable[int]]) -> int:
    """Until nothing is left, or the job's time is over: the next one goes on. Answers how many it was."""
    done = 0
    while some := await step():
        done += some
    return done
