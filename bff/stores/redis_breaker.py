"""What it means that Redis is away, and how long it is then left alone."""

import time


class RedisAway(Exception):
    """Redis did not answer in time or could not be reached; go on without it, and say so in `degraded`."""


class Breaker:
    """After a failure Redis is left alone for `rest` seconds: whoever calls fails at once instead of waiting."""

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        self._open_until = time.monotonic() + self._rest

    def reset(self) -> None:
        self._open_until = 0.0
