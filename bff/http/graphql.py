"""GraphQL over HTTP: negotiation, parsing, one operation, and its answer with the right status and headers.

Ignorant of what the schema is about; the context comes from outside.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from graphql import OperationDefinitionNode, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from bff.domain.costs import CostMap
from bff.errors import BadUserInput, Error
from bff.execution import FragmentCache, PlanCache
from bff.http import errors
from bff.http.answers import Answer, answer_error, answer_invalid_operation, answer_result, send_answer
from bff.http.caching import CacheRules
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import Documents
from bff.http.execution import Deadline, bind_executor, execute
from bff.http.limits import Limits
from bff.http.metrics import Metrics, read_sender
from bff.http.negotiation import GRAPHQL_RESPONSE, HTML, JSON, choose_media_type
from bff.http.operations import Admit, FoundOperation, OperationFinder
from bff.http.requests import (
    MAX_BODY_BYTES,
    GraphQLRequest,
    check_content_type,
    parse_body,
    parse_query_string,
    would_be_preflighted,
)
from bff.http.trusted import FindText, TrustedDocuments

OpenContext = Callable[[Request], Awaitable[Any]]
ServePage = Callable[[Request], Awaitable[Response]]
BODY_DEADLINE = 10.0
"""Seconds a client has to send its body."""
_NO_COSTS = CostMap()
_LIMITS = Limits()
_WATCH_AFTER = 0.05
"""Seconds after which an operation is worth watching for a client that leaves."""


class GraphQLEndpoint:
    """The ASGI app of `/graphql` for GET and POST; CORS answers OPTIONS before it.

    `open_context` may raise errors of `bff.errors`, which are answered with their status; `request.state.deadline`
    is then an instant of the loop's clock, the context's to pass on. A context's `locale` (str) becomes
    `Content-Language`, its `degraded` (set of engine names) `extensions.degraded`.
    `graphiql` serves a GET that likes HTML best. `deadline` is in seconds; a client lowers it by
    `X-Request-Deadline-Ms`. Without `plans` every operation is executed by graphql-core. `costs` declares what fields
    cost; an operation above `cost_limit` is refused, and one whose shape is past `limits`.
    `admit` is told the context and the cost of every operation before it runs; it raises RateLimited to refuse it.
    `find_document` gives the text of a published hash; unless the endpoint `takes_texts`, nothing else is served.
    `country_header` names a header that answers are made from, too. `metrics` are told of every operation.
    """

    def __init__(
        self,
        schema: Schema,
        open_context: OpenContext,
        *,
        graphiql: ServePage | None = None,
        development: bool = False,
        deadline: float = 5.0,
        plans: PlanCache | None = None,
        fragments: FragmentCache | None = None,
        costs: CostMap = _NO_COSTS,
        cost_limit: int = COST_LIMIT,
        limits: Limits = _LIMITS,
        admit: Admit | None = None,
        find_document: FindText | None = None,
        takes_texts: bool = True,
        country_header: str = "",
        metrics: Metrics | None = None,
    ) -> None:
        self._schema = schema
        self._executor = bind_executor(schema, plans, fragments)
        self._open_context = open_context
        self._graphiql = graphiql
        self._metrics = metrics
        self._development = development
        self._deadline = deadline
        make_documents = partial(
            Documents, schema._schema, development=development, limits=limits, login_fields=costs.login_fields
        )
        self.operations = OperationFinder(
            make_documents(),
            CostRules(schema._schema, costs),
            cost_limit=cost_limit,
            admit=admit,
            trusted=TrustedDocuments(find_document, make_documents()) if find_document is not None else None,
            takes_texts=takes_texts,
        )
        self._cache_rules = CacheRules(schema._schema, country_header=country_header)
        if metrics is not None:
            self._report(metrics, plans)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        offered = [JSON, GRAPHQL_RESPONSE]
        if self._graphiql is not None and request.method == "GET":
            offered.append(HTML)
        media_type = choose_media_type(_join_header(request, "accept"), offered)
        if media_type == HTML and self._graphiql is not None:
            page = await self._graphiql(request)
            await page(scope, receive, send)
            return
        try:
            answer = await self._answer(request, media_type)
        except ClientDisconnect:
            return
        await send_answer(send, answer, request.method)

    async def _answer(self, request: Request, media_type: str | None) -> Answer:
        incident = errors.Incident()
        told_in = media_type or JSON
        started = time.perf_counter()
        found, outcome = None, "cancelled"
        try:
            if media_type is None:
                raise errors.NotAcceptable(f"Answers come as {GRAPHQL_RESPONSE} or {JSON}; accept one of them.")
            parameters = await _read_request(request)
            deadline = self._set_deadline(request)
            found = await self.operations.find(parameters)
            _check_operation(request.method, found.operation)
            answer = await _until_disconnect(
                self._run(request, parameters, found, deadline=deadline, media_type=told_in, incident=incident),
                request,
            )
            outcome = "ok" if answer.is_whole else "partial"
            if request.method == "GET" and not found.has_text:
                return self._cache_rules.mark(answer, found, request.headers)
            return answer
        except errors.InvalidOperation as error:
            outcome = error.code
            return answer_invalid_operation(error, told_in)
        except Error as error:
            outcome = error.code
            return answer_error(error, told_in, bears_token="authorization" in request.headers)
        except (ClientDisconnect, asyncio.CancelledError):
            raise
        except Exception as error:
            outcome = errors.InternalServerError.code
            return answer_error(incident.mask(error), told_in)
        finally:
            if self._metrics is not None:
                self._metrics.note(found, read_sender(request.headers), outcome, time.perf_counter() - started)

    def _report(self, metrics: Metrics, plans: PlanCache | None) -> None:
        """Have the metrics look at what the endpoint keeps."""
        documents, fragments = self.operations, self._executor.fragment_cache
        metrics.watch_counts("bff_document_lookups", "Documents by where they were found", "in", documents.count)
        if plans is not None:
            metrics.watch("bff_plans", "Compiled plans that are kept", lambda: len(plans))
            metrics.watch_counts(
                "bff_executions", "Executions: compiled, or by graphql-core and why", "by", lambda: plans.counts
            )
        if fragments is not None:
            metrics.watch("bff_fragment_bytes", "What kept fragments take", lambda: fragments.size)
            metrics.watch_counts(
                "bff_fragment_lookups",
                "Fragments found and not",
                "outcome",
                lambda: {"hit": fragments.hits, "miss": fragments.misses},
            )

    def _set_deadline(self, request: Request) -> Deadline:
        limit = self._deadline
        wish = request.headers.get("x-request-deadline-ms")
        if wish is not None:
            if not (wish.isascii() and wish.isdigit() and 0 < len(wish) < 10 and int(wish) > 0):
                raise BadUserInput("X-Request-Deadline-Ms must be a positive whole number of milliseconds.")
            limit = min(limit, int(wish) / 1000)
        deadline = Deadline(at=asyncio.get_running_loop().time() + limit, limit=limit)
        request.state.deadline = deadline.at
        return deadline

    async def _run(
        self,
        request: Request,
        parameters: GraphQLRequest,
        found: FoundOperation,
        *,
        deadline: Deadline,
        media_type: str,
        incident: errors.Incident,
    ) -> Answer:
        timeout = asyncio.timeout_at(deadline.at)
        try:
            async with timeout:
                context = await self._open_context(request)
        except TimeoutError:
            if timeout.expired():
                raise deadline.as_error() from None
            raise
        self.operations.admit(context, found)
        result = await execute(
            self._executor,
            self._schema,
            found.document,
            parameters,
            context,
            deadline=deadline,
            hide_suggestions=not self._development,
            comes_again=found.is_trusted,
        )
        return answer_result(result, context, media_type, incident)


async def _read_request(request: Request) -> GraphQLRequest:
    if request.method == "GET":
        parameters = parse_query_string(request.scope["query_string"])
        if parameters.query is not None and not would_be_preflighted(request.headers):
            raise BadUserInput(
                "A GET that executes a text needs the header Apollo-Require-Preflight: true, or use POST."
            )
        return parameters
    if request.method != "POST":
        raise errors.MethodNotAllowed("Use POST, or GET for queries.", allow="GET, POST")
    check_content_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
    return parse_body(await _read_body(request))


async def _read_body(request: Request) -> bytes:
    """All of the body, or what is past the limit by one chunk: the parser refuses it."""
    chunks = []
    size = 0
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            async for chunk in request.stream():
                size += len(chunk)
                chunks.append(chunk)
                if size > MAX_BODY_BYTES:
                    break
    except TimeoutError:
        raise errors.RequestTimeout(f"The body did not arrive within {BODY_DEADLINE:g} s; send it again.") from None
    return b"".join(chunks)


def _check_operation(method: str, operation: OperationDefinitionNode) -> None:
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION:
        raise BadUserInput(
            "A subscription needs a streaming transport; open a WebSocket with the subprotocol graphql-transport-ws."
        )
    if method == "GET" and kind is OperationType.MUTATION:
        raise errors.MethodNotAllowed("GET runs queries only; send mutations by POST.", allow="POST")


async def _until_disconnect(work: Awaitable[Answer], request: Request) -> Answer:
    """The answer, unless the client leaves first: then the work is cancelled and ClientDisconnect raised."""
    loop = asyncio.get_running_loop()
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    watcher: asyncio.Task[None] | None = None
    has_left = False

    async def watch() -> None:
        nonlocal has_left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        has_left = True
        task.cancel()

    def start() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    timer = loop.call_later(_WATCH_AFTER, start)
    try:
        return await work
    except asyncio.CancelledError:
        if has_left and task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        if watcher is not None:
            watcher.cancel()


def _join_header(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    return ", ".join(values) if values else None
