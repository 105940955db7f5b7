"""Runs operations for transports that carry several results: subscriptions, and whatever else is sent over them.

Every event has a context of its own, so that it reads what is true then. Knows no transport.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from typing import Any

from graphql import ExecutionResult, OperationType
from msgspec import Struct
from starlette.requests import HTTPConnection
from strawberry import Schema

from bff.errors import DeadlineExceeded, Error
from bff.http.answers import answer_result
from bff.http.deadlines import Deadline
from bff.http.errors import (
    Incident,
    InternalServerError,
    InvalidOperation,
    format_error,
    format_field_errors,
    format_invalid_operation,
)
from bff.http.execution import DeadlineExecutor, build_executor, execute, execute_in_parts, open_events
from bff.http.incremental import IncrementalOperations, Parts
from bff.http.metrics import Metrics, read_sender
from bff.http.negotiation import JSON
from bff.http.operations import FoundOperation, OperationFinder
from bff.http.requests import GraphQLRequest
from bff.http.tracing import end_operation
from bff.telemetry import Spans, Trace, begin_trace

OpenContext = Callable[[Any], Any]

OPENING_AT_ONCE = 64
"""Subscriptions that begin at once. When all clients come back together the others wait for their turn, and only then
does their deadline run: else each would be late for the sake of all."""


class Refused(Exception):
    """The operation has ended with these errors, in the form in which clients get them; `code` is that of the first."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors

    @property
    def code(self) -> str:
        code: str = self.errors[0]["extensions"]["code"]
        return code


@contextmanager
def refusing(incident: Incident) -> Iterator[None]:
    """Whatever goes wrong inside becomes Refused."""
    try:
        yield
    except Refused:
        raise
    except InvalidOperation as error:
        raise Refused(format_invalid_operation(error)) from error
    except Error as error:
        raise Refused([format_error(error)]) from error
    except Exception as error:
        raise Refused([format_error(incident.mask(error))]) from error


class Asked(Struct, frozen=True, kw_only=True):
    """One operation that a connection asked for; `in_parts` where it defers or streams and the client takes parts.

    `lane` is held while a result is made and until the next one is asked for, so that it bounds what waits to be sent.
    `patience` is the seconds that the client waits for a result, where that is less than the server would take.
    """

    connection: HTTPConnection
    request: GraphQLRequest
    found: FoundOperation
    incident: Incident
    lane: AbstractAsyncContextManager[object] = nullcontext()
    in_parts: bool = False
    patience: float | None = None

    @property
    def is_subscription(self) -> bool:
        return self.found.operation.operation is OperationType.SUBSCRIPTION


class ResultStreams:
    """One a process. `live` counts the subscriptions that are followed; `deadline` is in seconds, for each event."""

    def __init__(
        self,
        schema: Schema,
        executor: type[DeadlineExecutor],
        finder: OperationFinder,
        open_context: OpenContext,
        *,
        deadline: float,
        hide_suggestions: bool,
        metrics: Metrics | None = None,
        spans: Spans | None = None,
        incremental: IncrementalOperations | None = None,
    ) -> None:
        self.live = 0
        self._opening = asyncio.Semaphore(OPENING_AT_ONCE)
        self.incremental = incremental
        self._schema = schema
        self._executor = executor
        self._finder = finder
        self._open_context = open_context
        self._deadline = deadline
        self._hide_suggestions = hide_suggestions
        self._metrics = metrics
        self._spans = spans

    def begin_trace(self) -> Trace:
        """Of an operation that shares its connection with others, so that no header of theirs tells of it alone."""
        return begin_trace(self._spans)

    def charge_reading(self, connection: HTTPConnection) -> None:
        """To be called before `find`. Raises errors of `bff.errors`."""
        self._finder.charge_reading(connection)

    async def find(self, connection: HTTPConnection, request: GraphQLRequest, incident: Incident) -> FoundOperation:
        """What gives whole results, even where it asks for parts. Raises Refused."""
        with self._noting(connection, None, incident, only_failure=True), refusing(incident):
            found = await self._finder.find(request)
            return found if self.incremental is None else self.incremental.make_whole(found)

    async def open(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        """The results of an operation, each in JSON; one for a query or mutation. Close it.

        Raises errors of `bff.errors` where the connection may not, Refused where the operation cannot begin.
        """
        with self._noting(asked.connection, asked.found, asked.incident, only_failure=not asked.is_subscription):
            context = self._open_context(asked.connection)
            self._finder.admit(context, asked.found)
            if not asked.is_subscription:
                return self._run_in_parts(asked, context) if asked.in_parts else self._run_once(asked, context)
            try:
                async with self._opening:
                    events = await open_events(self._build(asked, context), self._set_deadline(asked))
            except InvalidOperation as error:
                raise Refused(format_invalid_operation(error)) from error
            if isinstance(events, ExecutionResult):
                raise Refused(format_field_errors(events.errors or (), asked.incident))
            return self._follow(asked, events)

    async def _run_once(self, asked: Asked, context: Any) -> AsyncGenerator[bytes, None]:
        with self._noting(asked.connection, asked.found, asked.incident), refusing(asked.incident):
            async with asked.lane:
                yield await self._execute(asked, context, None)

    async def _run_in_parts(self, asked: Asked, context: Any) -> AsyncGenerator[bytes, None]:
        with self._noting(asked.connection, asked.found, asked.incident), refusing(asked.incident):
            parts = Parts(context, asked.incident)
            async with aclosing(execute_in_parts(self._build(asked, context), self._set_deadline(asked))) as executed:
                try:
                    async for part in executed:
                        yield parts.write(part)
                except DeadlineExceeded as late:
                    yield parts.give_up(late)

    async def _follow(self, asked: Asked, events: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes, None]:
        self.live += 1
        try:
            with refusing(asked.incident):
                async with aclosing(events):
                    async for event in events:
                        async with asked.lane:
                            yield await self._execute(asked, self._open_context(asked.connection), event)
        finally:
            self.live -= 1

    async def _execute(self, asked: Asked, context: Any, event: Any) -> bytes:
        result = await execute(self._build(asked, context, event), self._set_deadline(asked))
        return answer_result(result, context, JSON, asked.incident).body

    def _build(self, asked: Asked, context: Any, event: Any = None) -> DeadlineExecutor:
        return build_executor(
            self._executor,
            self._schema,
            asked.found.document,
            asked.request,
            context,
            hide_suggestions=self._hide_suggestions,
            root_value=event,
            found=asked.found,
        )

    def _set_deadline(self, asked: Asked) -> Deadline:
        limit = self._deadline if asked.patience is None else min(self._deadline, asked.patience)
        return Deadline(at=asyncio.get_running_loop().time() + limit, limit=limit)

    @contextmanager
    def _noting(
        self,
        connection: HTTPConnection,
        found: FoundOperation | None,
        incident: Incident,
        *,
        only_failure: bool = False,
    ) -> Iterator[None]:
        started = time.perf_counter()
        outcome = ""
        try:
            yield
            outcome = "" if only_failure else "ok"
        except (Refused, Error, InvalidOperation) as refused:
            outcome = refused.code
            raise
        except (GeneratorExit, asyncio.CancelledError):
            outcome = "cancelled"
            raise
        except Exception:
            outcome = InternalServerError.code
            raise
        finally:
            if outcome:
                end_operation(incident.trace, found, outcome)
                if self._metrics is not None:
                    seconds = time.perf_counter() - started
                    self._metrics.note(found, read_sender(connection.headers), outcome, seconds)
