"""Instants of the loop's clock, and what is done at them to a task that still waits."""

import asyncio
import math
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, cast

from bff.errors import DeadlineExceeded

TICK = 0.02
"""Seconds by which what is due may be late."""


class Deadline(NamedTuple):
    """`at` is an instant of the loop's clock, `limit` the seconds it was set from."""

    at: float
    limit: float

    def as_error(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"This took longer than {self.limit:g} s; ask for less, or try again.")


class Bell(Protocol):
    """Something to be rung once it is `at`."""

    at: float

    def ring(self) -> None: ...


class Clock:
    """Rings the bells of one loop by one timer, which goes off when the first of them is due.

    Every request hangs up a few, and takes them down before they ring: with a timer each, of the loop's own, they would
    be a twentieth of a home. The timer stays as it is when they go: it hardly ever has to be set to an earlier instant.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._bells: set[Bell] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._goes_off_at = math.inf

    def hang(self, bell: Bell) -> None:
        self._bells.add(bell)
        if bell.at + TICK < self._goes_off_at:
            self._set_timer(bell.at)

    def take_down(self, bell: Bell) -> None:
        self._bells.discard(bell)

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._goes_off_at = max(at, self.loop.time() + TICK)
        self._timer = self.loop.call_at(self._goes_off_at, self._go_off)

    def _go_off(self) -> None:
        self._timer, self._goes_off_at = None, math.inf
        now = self.loop.time()
        try:
            for bell in [bell for bell in self._bells if bell.at <= now]:
                self._bells.discard(bell)
                bell.ring()
        finally:
            if self._bells:
                self._set_timer(min(bell.at for bell in self._bells))


_latest: Clock | None = None


def find_clock() -> Clock:
    """That of the running loop, of which a process that serves has one."""
    global _latest  # noqa: PLW0603
    loop = asyncio.get_running_loop()
    if _latest is None or _latest.loop is not loop:
        _latest = Clock(loop)
    return _latest


class Alarm:
    """Cancels the task that is in the block when it is `at`; the block raises TimeoutError then.

    So does `asyncio.timeout_at`, for several times as long. With `warn` that is called at the instant, and the task has
    `grace` seconds more from then on, however late the loop was.
    """

    __slots__ = ("_cancelling", "_clock", "_grace", "_task", "_warn", "at", "has_rung")

    def __init__(self, at: float, *, warn: Callable[[], None] | None = None, grace: float = 0.0) -> None:
        self.at = at
        self.has_rung = False
        self._warn = warn
        self._grace = grace

    def __enter__(self) -> Self:
        self._clock = find_clock()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task(self._clock.loop))
        self._cancelling = self._task.cancelling()
        self._clock.hang(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._clock.take_down(self)
        # Whoever else cancels the task at the same time must have it cancelled.
        if self.has_rung and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def ring(self) -> None:
        if self._warn is None:
            self.has_rung = True
            self._task.cancel()
            return
        warn, self._warn = self._warn, None
        self.at = self._clock.loop.time() + self._grace
        self._clock.hang(self)
        warn()
