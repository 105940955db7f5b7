"""Instants of the loop's clock, and what is done at them to a task that still waits."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from bff.errors import DeadlineExceeded


class Deadline(NamedTuple):
    """`at` is an instant of the loop's clock, `limit` the seconds it was set from."""

    at: float
    limit: float

    def as_error(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"This took longer than {self.limit:g} s; ask for less, or try again.")


class Alarm:
    """Cancels the task that is in the block when it is `at`; the block raises TimeoutError then.

    So does `asyncio.timeout_at`, for three times as long: every request has a few of these. With `warn` that is called
    at the instant, and the task has `grace` seconds more from then on, however late the loop was.
    """

    __slots__ = ("_at", "_cancelling", "_grace", "_loop", "_task", "_timer", "_warn", "has_rung")

    def __init__(self, at: float, *, warn: Callable[[], None] | None = None, grace: float = 0.0) -> None:
        self.has_rung = False
        self._at = at
        self._warn = warn
        self._grace = grace

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task(self._loop))
        self._cancelling = self._task.cancelling()
        self._timer = self._loop.call_at(self._at, self._ring)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._timer.cancel()
        # Whoever else cancels the task at the same time must have it cancelled.
        if self.has_rung and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self) -> None:
        if self._warn is None:
            self.has_rung = True
            self._task.cancel()
            return
        warn, self._warn = self._warn, None
        self._timer = self._loop.call_later(self._grace, self._ring)
        warn()
