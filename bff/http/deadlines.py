"""Instants of the loop's clock, and what is done at them to a task that still waits."""

import asyncio
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
    """Rings the bells of one loop by one timer, which ticks while there are any.

    Every request hangs up a few, and takes them down before they ring: with a timer each, of the loop's own, they would
    be a twentieth of a home.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._bells: set[Bell] = set()
        self._is_ticking = False

    def hang(self, bell: Bell) -> None:
        self._bells.add(bell)
        if not self._is_ticking:
            self._is_ticking = True
            self.loop.call_later(TICK, self._tick)

    def take_down(self, bell: Bell) -> None:
        self._bells.discard(bell)

    def _tick(self) -> None:
        now = self.loop.time()
        try:
            for bell in [bell for bell in self._bells if bell.at <= now]:
                self._bells.discard(bell)
                bell.ring()
        finally:
            self._is_ticking = bool(self._bells)
            if self._is_ticking:
                self.loop.call_later(TICK, self._tick)


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
