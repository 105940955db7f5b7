"""Opens the pool of PostgreSQL connections that every store works on."""

import re
from collections.abc import Callable
from functools import lru_cache

import asyncpg
from asyncpg.connection import LoggedQuery
from asyncpg.pool import PoolConnectionProxy

from bff.settings import Settings
from bff.telemetry import note_call

COMMAND_TIMEOUT = 10.0
"""Seconds after which a statement fails, unless its caller gives it a deadline of its own."""

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection, whether it is the pool's or one's own."""

OnQuery = Callable[[LoggedQuery], None]


_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?([a-z_]+)\b", re.IGNORECASE)


class StatementCount:
    """Counts statements for the metrics, tells the trace of each, and passes it on to `then`."""

    def __init__(self, then: OnQuery | None = None) -> None:
        self.count = 0
        self._then = then

    def __call__(self, query: LoggedQuery) -> None:
        self.count += 1
        failure = type(query.exception).__name__ if query.exception is not None else ""
        note_call("postgresql", summarise(query.query), query.elapsed, failure)
        if self._then is not None:
            self._then(query)


@lru_cache(maxsize=1000)
def summarise(statement: str) -> str:
    """What a statement does and to which table, like `SELECT profile`; nothing of what it was given."""
    words = statement.split(None, 1)
    verb = words[0].rstrip(";").upper() if words else ""
    table = _TABLE.search(statement)
    return f"{verb} {table[1]}" if table is not None else verb


async def open_pool(settings: Settings, *, max_size: int = 10, on_query: OnQuery | None = None) -> asyncpg.Pool:
    """A pool in UTC under the name `marquee`; jsonb arrives as text. The caller closes it.

    `on_query` is told of every statement, on all connections: what counts round trips.
    """

    async def prepare(connection: asyncpg.Connection) -> None:
        if on_query:
            connection.add_query_logger(on_query)

    return await asyncpg.create_pool(
        settings.database_url,
        min_size=1,
        max_size=max_size,
        command_timeout=COMMAND_TIMEOUT,
        timeout=10,
        init=prepare,
        reset=_leave_as_is,
        server_settings={"application_name": "marquee", "timezone": "UTC"},
    )


async def _leave_as_is(connection: asyncpg.Connection) -> None:
    """Nothing here changes a session (locks and settings are those of transactions, which end in any case), so a
    connection that goes back to the pool need not be asked to forget: that would be a round trip for every read."""
    del connection


def is_unwritable(error: BaseException) -> bool:
    """Whether a failure says that a text holds U+0000, which PostgreSQL can't take."""
    return isinstance(error, asyncpg.CharacterNotInRepertoireError)


def is_away(error: BaseException) -> bool:
    """Whether a failure says that PostgreSQL cannot be reached, is starting or ending, or did not answer in time; or
    that a transaction had to give way to others, and may be tried again."""
    return isinstance(
        error,
        OSError
        | TimeoutError
        | asyncpg.InterfaceError
        | asyncpg.InternalClientError
        | asyncpg.PostgresConnectionError
        | asyncpg.TooManyConnectionsError
        | asyncpg.AdminShutdownError
        | asyncpg.CrashShutdownError
        | asyncpg.CannotConnectNowError
        | asyncpg.QueryCanceledError
        | asyncpg.TransactionRollbackError,
    )
