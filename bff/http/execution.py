"""Runs one valid operation against the schema, with a deadline that leaves what was done in time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from functools import partial
from typing import Any, Self, TypeVar, cast

from graphql import DocumentNode, ExecutionResult, GraphQLResolveInfoHelpers
from graphql.execution import (
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
    create_source_event_stream,
)
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import RefMap
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable

from bff.errors import DeadlineExceeded, TooExpensive
from bff.execution import CompiledExecutor, FragmentCache, PlanCache, Uncompilable
from bff.http.deadlines import Alarm, Deadline
from bff.http.errors import InvalidOperation
from bff.http.operations import WALKED_COST, FoundOperation
from bff.http.requests import GraphQLRequest
from bff.telemetry import Step

T = TypeVar("T")
Part = ExecutionResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult
_STEP = "graphql.execute"
_INPUTS = (
    *("schema", "fragment_definitions", "fragments", "operation", "variable_values"),
    *("field_resolver", "type_resolver", "subscribe_field_resolver"),
)
"""What an executor is built from, the same for all requests that ask the same with the same variables."""
_STATEFUL = (set, dict, list, RefMap, CollectedErrors)
_MOST_ERRORS = 5
"""Of variables that do not fit."""
_GRACE = 0.1
"""Seconds after the deadline for the rest to settle into partial data; what still runs then is cancelled whole."""


class DeadlineExecutor(CompiledExecutor):
    """An executor whose fields stop waiting at the deadline, each with an error at its path.

    One timer an operation: it wakes every task that waits for a resolver. Fields that are done keep their values.
    Copies, which run what is deferred, share what is kept here.
    """

    cost = 0
    takes_turns = True
    own_state: tuple[tuple[str, type], ...] = ()
    """What every executor has for itself, empty before it runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: set[asyncio.Task[Any]] = set()
        self._woken: set[asyncio.Task[Any]] = set()
        self._late: list[DeadlineExceeded] = []

    def let_go(self) -> None:
        """Once the operation is over. graphql-core's executor holds itself by these helpers: without them it goes with
        whoever holds it, and what the operation read with it; else a collection would have to find them."""
        del self.async_helpers

    def start_anew(self, root_value: Any, context: Any, extensions: dict[str, Any] | None) -> Self:
        """An executor like this one, which was never run, for another request that asks the same. To build it takes
        three times as long."""
        executor = object.__new__(type(self))
        state = vars(executor)
        state.update(vars(self))
        for name, kind in self.own_state:
            state[name] = kind()
        executor.async_helpers = GraphQLResolveInfoHelpers(executor.gather_async_work, executor.track_async_work)
        executor.prototype = self
        executor.root_value = root_value
        executor.context_value = context
        executor.operation_extensions = extensions
        return executor

    def expire(self, deadline: Deadline) -> None:
        self._late.append(deadline.as_error())
        self._woken.update(self._waiting)
        for task in self._woken:
            task.cancel()

    async def with_abort_signal(self, awaitable: Awaitable[T]) -> T:
        """Await what a resolver gave; the executor calls this for every awaitable, one at a time in each task."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        if self._late:
            _discard(awaitable)
            raise DeadlineExceeded(self._late[0].message)
        self._waiting.add(task)
        try:
            return await awaitable
        except asyncio.CancelledError:
            # A future that several fields share is cancelled with the first of them that is woken.
            if not self._late or not (self._was_woken(task) or not task.cancelling()):
                raise
            raise DeadlineExceeded(self._late[0].message) from None
        finally:
            self._waiting.discard(task)

    def _was_woken(self, task: asyncio.Task[Any]) -> bool:
        if task not in self._woken:
            return False
        self._woken.discard(task)
        return task.uncancel() == 0


def bind_executor(
    schema: Schema, plans: PlanCache | None, fragments: FragmentCache | None = None
) -> type[DeadlineExecutor]:
    """The executor of one schema; without plans graphql-core executes everything."""
    namespace = {
        "plans": plans,
        "fragment_cache": fragments,
        "strawberry_config": schema.config,
        "scalars": schema.schema_converter.scalar_registry,
    }
    return type("BoundExecutor", (DeadlineExecutor,), namespace)


def build_executor(
    executor_class: type[DeadlineExecutor],
    schema: Schema,
    document: DocumentNode,
    request: GraphQLRequest,
    context: Any,
    *,
    hide_suggestions: bool,
    root_value: Any = None,
    found: FoundOperation | None = None,
) -> DeadlineExecutor:
    """What is known of an operation by its cost is `found`; without it graphql-core may run it, whatever it costs.

    Raises InvalidOperation (BAD_USER_INPUT) when the variables do not fit."""
    if found is not None and found.prototype is not None:
        return _follow(found, request, context, root_value)
    constant: dict[str, Any] = {"is_awaitable": optimized_is_awaitable, "hide_suggestions": hide_suggestions}
    built: Any = executor_class.build(
        schema._schema,
        document,
        root_value,
        context,
        request.variables,
        request.operation_name,
        max_coercion_errors=_MOST_ERRORS,
        operation_extensions=request.extensions,
        **constant,
    )
    if isinstance(built, list):
        raise InvalidOperation("BAD_USER_INPUT", built)
    if found is None:
        return cast(DeadlineExecutor, built)
    inputs = {name: getattr(built, name) for name in _INPUTS}
    found.prototype = prototype = executor_class(**inputs, root_value=None, context_value=None, **constant)
    built.let_go()  # it held the context, and nobody runs it
    prototype.comes_again = found.is_worth_a_plan
    prototype.must_compile = found.cost > WALKED_COST
    prototype.cost = found.cost
    prototype.own_state = tuple(
        (name, type(value))
        for name, value in vars(prototype).items()
        if isinstance(value, _STATEFUL) and name not in _INPUTS
    )
    prototype.kept_tokens = {}
    if found.is_for_all:
        prototype.variable_values = VariableValues({}, {})
    return _follow(found, request, context, root_value, variables=inputs["variable_values"])


def _follow(
    found: FoundOperation,
    request: GraphQLRequest,
    context: Any,
    root_value: Any,
    *,
    variables: VariableValues | None = None,
) -> DeadlineExecutor:
    """An executor after the prototype; with variables of its own, which are given or held to their types."""
    prototype: DeadlineExecutor = found.prototype
    if not found.is_for_all:
        return prototype.start_anew(root_value, context, request.extensions)
    coerced = variables or get_variable_values(
        prototype.schema,
        found.operation.variable_definitions or (),
        request.variables or {},
        max_errors=_MOST_ERRORS,
        hide_suggestions=prototype.hide_suggestions,
    )
    if isinstance(coerced, list):
        raise InvalidOperation("BAD_USER_INPUT", coerced)
    executor = prototype.start_anew(root_value, context, request.extensions)
    executor.variable_values = coerced
    executor.prototype = None  # which would keep plan and fragments of these variables for others
    return executor


async def execute(executor: DeadlineExecutor, deadline: Deadline) -> ExecutionResult:
    """Run a query or mutation, or a subscription for one event, until the deadline.

    Past it, fields that still wait are null with DEADLINE_EXCEEDED at their path. Raises DeadlineExceeded when not
    even partial data came together, TooExpensive for what has no plan and is too dear to be run without one.
    """
    with Step(_STEP) as step:
        try:
            return await _execute(executor, deadline)
        except Uncompilable as error:
            raise TooExpensive(
                f"The operation may cost {executor.cost}, and has no plan ({error.reason}); then at most {WALKED_COST} "
                "is served. Ask for smaller pages or fewer fields.",
                cost=executor.cost,
                limit=WALKED_COST,
            ) from None
        finally:
            step.attributes["marquee.execution"] = executor.ran_by
            executor.let_go()


async def _execute(executor: DeadlineExecutor, deadline: Deadline) -> ExecutionResult:
    result = executor.execute_operation()
    if isinstance(result, ExecutionResult):
        return result
    try:
        with Alarm(deadline.at, warn=partial(executor.expire, deadline), grace=_GRACE):
            return cast(ExecutionResult, await cast("Awaitable[object]", result))
    except TimeoutError:
        raise deadline.as_error() from None


async def execute_in_parts(executor: DeadlineExecutor, deadline: Deadline) -> AsyncGenerator[Part, None]:
    """Run an operation that defers or streams: its first result, then what follows, until the deadline. Close it.

    Raises DeadlineExceeded when what is late does not even come to an error in time.
    """
    timer = asyncio.get_running_loop().call_at(deadline.at, executor.expire, deadline)
    try:
        result: Any = executor.execute_operation()
        if executor.is_awaitable(result):
            result = await _in_time(result, deadline)
        if isinstance(result, ExecutionResult):
            yield result
            return
        initial, parts = result
        async with aclosing(parts):
            yield initial
            while (part := await _in_time(anext(parts, None), deadline)) is not None:
                yield part
    finally:
        timer.cancel()


async def _in_time(awaitable: Awaitable[T], deadline: Deadline) -> T:
    try:
        with Alarm(deadline.at + _GRACE):
            return await awaitable
    except TimeoutError:
        raise deadline.as_error() from None


async def open_events(executor: DeadlineExecutor, deadline: Deadline) -> AsyncGenerator[Any, None] | ExecutionResult:
    """The events of a subscription, or the errors for which there are none. Close them.

    Raises DeadlineExceeded when they do not begin in time.
    """
    try:
        with Alarm(deadline.at):
            events: Any = create_source_event_stream(executor)
            return cast("AsyncGenerator[Any, None]", await events if executor.is_awaitable(events) else events)
    except TimeoutError:
        raise deadline.as_error() from None


def _discard(awaitable: Awaitable[Any]) -> None:
    if asyncio.iscoroutine(awaitable):
        awaitable.close()
