"""What it means that Redis is away, and how long it is then left alone."""

import time

from redis.exceptions import OutOfMemoryError

_REFUSALS = ("OOM ", "MISCONF ", "NOREPLICAS ")


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


def refuses_writes(error: Exception) -> bool:
    """Whether Redis says by it that it is full, cannot save, or lacks replicas: it is there, and answers reads."""
    _, _, said = str(error).rpartition("caused error: (")  # redis-py's of a pipeline: which command, and a tuple's repr
    return isinstance(error, OutOfMemoryError) or said.lstrip("'\"").startswith(_REFUSALS)
