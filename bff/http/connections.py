"""The connections that stay open - sockets and streams - counted, ended when their token ends or the process does."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

from starlette.requests import HTTPConnection

from bff.errors import Unauthenticated

CHECK_EVERY = 2.0
"""Seconds between two looks at the tokens of all connections."""
_AT_ONCE = 100

log = logging.getLogger(__name__)


class Ending(Enum):
    """Why the server ends a connection."""

    EXPIRED = "The access token is good no more; connect again with a new one"
    RESTART = "This server stops; connect again"


class Live(Protocol):
    """A connection that stays open; `connection` bears the headers that it identifies itself by."""

    connection: HTTPConnection

    def end(self, why: Ending) -> None:
        """Come to an end soon, the way that the transport has for it; called at most once for each reason."""


class Connections:
    """Those of one process. `identify` raises Unauthenticated for a connection whose token is good no more."""

    def __init__(self, identify: Callable[[HTTPConnection], object] | None = None) -> None:
        self.sockets = 0
        self.streams = 0
        self._identify = identify
        self._held: set[Live] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._is_draining = False

    @contextmanager
    def holding_socket(self, live: Live) -> Iterator[None]:
        self.sockets += 1
        try:
            with self._holding(live):
                yield
        finally:
            self.sockets -= 1

    @contextmanager
    def holding_stream(self, live: Live) -> Iterator[None]:
        self.streams += 1
        try:
            with self._holding(live):
                yield
        finally:
            self.streams -= 1

    def drain(self) -> None:
        """The process is told to stop: end every connection once what was asked on it is answered."""
        if not self._is_draining:
            self._is_draining = True
            for live in list(self._held):
                live.end(Ending.RESTART)

    @contextmanager
    def _holding(self, live: Live) -> Iterator[None]:
        self._held.add(live)
        if self._is_draining:
            live.end(Ending.RESTART)
        if self._identify is not None and (self._watcher is None or self._watcher.done()):
            self._watcher = asyncio.create_task(self._watch(self._identify), name="tokens of connections")
        try:
            yield
        finally:
            self._held.discard(live)

    async def _watch(self, identify: Callable[[HTTPConnection], object]) -> None:
        """One task for all of them, while there are any."""
        while self._held:
            await asyncio.sleep(CHECK_EVERY)
            for number, live in enumerate(list(self._held), start=1):
                try:
                    if live in self._held and "authorization" in live.connection.headers:
                        identify(live.connection)
                except Unauthenticated:
                    live.end(Ending.EXPIRED)
                except Exception:
                    log.exception("a connection's token could not be checked")
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
