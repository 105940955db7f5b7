"""Round trips to Redis: one for all who ask for documents at the same time, and one for each script."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

from hiredis import pack_command

from bff.stores.redis_breaker import RedisAway
from bff.telemetry import Place, note_call, traced_place

_pack = cast("Callable[[tuple[bytes | str | int, ...]], bytes]", pack_command)  # its stub knows commands of one word
_MOST_KEYS = 128
"""From so many on a round trip takes nobody else in."""


class _Asker(NamedTuple):
    """Who waits for an answer, or for the documents of so many keys; since when, and where to tell of it."""

    answered: "asyncio.Future[Any]"
    keys: int
    since: float
    place: Place | None

    def take(self, answer: Any, command: str) -> None:
        if not self.answered.done():
            self.answered.set_result(answer)
        self._tell(command)

    def fail(self, reason: str, failure: str, command: str) -> None:
        if not self.answered.done():
            self.answered.set_exception(RedisAway(reason))
            self.answered.exception()  # not to be logged, should nobody await it in the end
        self._tell(command, failure)

    def _tell(self, command: str, failure: str = "") -> None:
        if self.place is not None:
            note_call("redis", command, time.perf_counter() - self.since, failure, self.place)


def _make_asker(keys: int = 0) -> _Asker:
    return _Asker(asyncio.get_running_loop().create_future(), keys, time.perf_counter(), traced_place())


class RoundTrip(Protocol):
    """`began` is the owner's to set, and it counts `times_sent`."""

    began: int
    times_sent: int

    @property
    def may_be_repeated(self) -> bool: ...

    def pack(self) -> bytes:
        """What is sent."""
        ...

    def takes(self, reply: object) -> bool:
        """Whether a reply that is no error answers it."""
        ...

    def answer(self, reply: Any) -> None: ...

    def fail(self, reason: str, failure: str) -> None:
        """Whoever waits gets RedisAway for the reason; traces are told the kind of failure."""
        ...


class ScriptRun:
    """A script for one caller. Who goes away cancels `answered`, and nothing else."""

    __slots__ = ("_asker", "_packed", "answered", "began", "times_sent")
    may_be_repeated = False

    def __init__(self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes]) -> None:
        self._packed = _pack(("EVAL", script, len(keys), *keys, *arguments))
        self._asker = _make_asker()
        self.answered = self._asker.answered
        self.began = 0
        self.times_sent = 0

    def pack(self) -> bytes:
        return self._packed

    def takes(self, reply: object) -> bool:
        del reply  # whatever it is
        return True

    def answer(self, reply: Any) -> None:
        self._asker.take(reply, "EVAL")

    def fail(self, reason: str, failure: str) -> None:
        self._asker.fail(reason, failure, "EVAL")


class Gathered:
    """All keys, and who wants the documents of how many of them."""

    __slots__ = ("_askers", "began", "keys", "times_sent")
    may_be_repeated = True

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.began = 0
        self.times_sent = 0
        self._askers: list[_Asker] = []

    @property
    def is_full(self) -> bool:
        return len(self.keys) >= _MOST_KEYS

    def add(self, keys: Sequence[bytes]) -> "asyncio.Future[list[bytes | None]]":
        """Who goes away cancels the future, and nothing else."""
        self.keys += keys
        asker = _make_asker(len(keys))
        self._askers.append(asker)
        return asker.answered

    def pack(self) -> bytes:
        return _pack((b"MGET", *self.keys))

    def takes(self, reply: object) -> bool:
        return type(reply) is list

    def answer(self, reply: list[bytes | None]) -> None:
        """To each what it asked for; the reply has the order of the keys."""
        start = 0
        for asker in self._askers:
            asker.take(reply[start : start + asker.keys], "MGET")
            start += asker.keys

    def fail(self, reason: str, failure: str) -> None:
        for asker in self._askers:
            asker.fail(reason, failure, "MGET")
