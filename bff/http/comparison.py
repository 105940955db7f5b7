"""Holds compiled answers to graphql-core's: one query at the start, then in the shadow a share of those served.

Nothing of it reaches a client: differences are logged and counted. Where the first query differs nothing is compiled.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, OperationType, parse
from strawberry import Schema

from bff.errors import DeadlineExceeded, Unavailable
from bff.execution import write_data
from bff.http.deadlines import Deadline
from bff.http.execution import DeadlineExecutor, bind_executor, build_executor, execute
from bff.http.operations import WALKED_COST, FoundOperation
from bff.http.requests import GraphQLRequest

log = logging.getLogger(__name__)

DEADLINE = 5.0
_PAUSE = 0.05
"""Seconds from a result to its comparison, so that the answer is out before."""


class Shadow:
    """Executes a share of the served queries by graphql-core as well, one at a time, after they were answered.

    What is too dear for graphql-core, which holds the loop until it is done, is skipped. `share` is from 0 to 1; `draw`
    gives numbers below 1. The context of an operation serves it again, so that both see one instant, one catalogue and
    what loaders have read.
    """

    def __init__(self, schema: Schema, share: float, *, draw: Callable[[], float] = random.random) -> None:
        self.counts: Counter[str] = Counter()
        self._schema = schema
        self._reference = bind_executor(schema, None)
        self._share = share
        self._draw = draw
        self._running: asyncio.Task[None] | None = None

    def follow(self, found: FoundOperation, request: GraphQLRequest, context: Any, result: ExecutionResult) -> None:
        """To be called with what is going to be answered; returns at once."""
        if found.operation.operation is not OperationType.QUERY or self._draw() >= self._share:
            return
        if found.cost > WALKED_COST or (self._running is not None and not self._running.done()):
            self.counts["skipped"] += 1
            return
        self._running = asyncio.create_task(self._compare(found, request, context, result), name="shadow")

    async def _compare(
        self, found: FoundOperation, request: GraphQLRequest, context: Any, result: ExecutionResult
    ) -> None:
        name = found.operation.name.value if found.operation.name is not None else "anonymous"
        try:
            await asyncio.sleep(_PAUSE)
            expected = await _run(self._reference, self._schema, found.document, request, context)
            if _is_unsettled(expected) or _is_unsettled(result):
                self.counts["unsettled"] += 1
                return
            difference = find_difference(expected, result)
        except Exception:
            self.counts["failed"] += 1
            log.exception("the answer to %s of document %s could not be compared", name, found.document_hash or "-")
            return
        self.counts["alike" if difference is None else "different"] += 1
        if difference is not None:
            document_id = found.document_hash or "of no published text"
            log.error("%s, document %s: compiled, the answer differs at %s", name, document_id, difference)


async def find_fault(
    executor_class: type[DeadlineExecutor], schema: Schema, text: str, make_context: Callable[[], Any]
) -> str | None:
    """What is wrong with a compiled query, run twice and held to graphql-core; None where nothing is."""
    document, request = parse(text), GraphQLRequest(query=text)
    plans = executor_class.plans
    if plans is None:
        return None
    try:
        expected = await _run(bind_executor(schema, None), schema, document, request, make_context())
        for _ in range(2):
            compiled = plans.counts["compiled"]
            result = await _run(executor_class, schema, document, request, make_context())
            if plans.counts["compiled"] == compiled:
                return "it was not compiled"
            difference = find_difference(expected, result)
            if difference is not None:
                return f"the answer differs at {difference}"
    except Exception as error:
        log.exception("the self-check failed")
        return f"{type(error).__name__}"
    return None


def find_difference(expected: ExecutionResult, result: ExecutionResult) -> str | None:
    """The first place where the data, or else the errors, are not alike; never a value of the data."""
    told, found = write_data(expected.data), write_data(result.data)
    if told != found:
        return _find_place(orjson.loads(told), orjson.loads(found), "data")
    wanted, given = _list_places(expected), _list_places(result)
    return None if wanted == given else f"errors: {' '.join(sorted(wanted ^ given))}"


async def _run(
    executor_class: type[DeadlineExecutor],
    schema: Schema,
    document: DocumentNode,
    request: GraphQLRequest,
    context: Any,
) -> ExecutionResult:
    executor = build_executor(executor_class, schema, document, request, context, hide_suggestions=True)
    executor.comes_again = True
    return await execute(executor, Deadline(asyncio.get_running_loop().time() + DEADLINE, DEADLINE))


def _is_unsettled(result: ExecutionResult) -> bool:
    """Whether it went by the time that it took, or by an engine that was away."""
    return any(isinstance(error.original_error, DeadlineExceeded | Unavailable) for error in result.errors or ())


def _list_places(result: ExecutionResult) -> set[str]:
    return {".".join(map(str, error.path or ())) for error in result.errors or ()}


def _find_place(expected: Any, found: Any, place: str) -> str:
    """Where the first difference stands; keys in another order are one."""
    if isinstance(expected, dict) and isinstance(found, dict) and list(expected) == list(found):
        below = [(key, expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        below = [(number, *pair) for number, pair in enumerate(zip(expected, found, strict=True))]
    else:
        return place
    differing = next((entry for entry in below if orjson.dumps(entry[1]) != orjson.dumps(entry[2])), None)
    return place if differing is None else _find_place(differing[1], differing[2], f"{place}.{differing[0]}")
