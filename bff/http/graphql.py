"""GraphQL over HTTP: negotiation, parsing, one operation, and its answer with the right status and headers.

Ignorant of what the schema is about; the context comes from outside.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from msgspec import Struct
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
from bff.http.comparison import Shadow, find_fault
from bff.http.connections import Connections
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.deadlines import Deadline
from bff.http.documents import Documents
from bff.http.execution import bind_executor, build_executor, execute
from bff.http.framings import choose_framing, choose_parts, choose_stream
from bff.http.incremental import IncrementalOperations
from bff.http.limits import Limits
from bff.http.metrics import Metrics, read_sender
from bff.http.negotiation import EVENT_STREAM, GRAPHQL_RESPONSE, HTML, JSON, choose_media_type
from bff.http.operations import Admit, ChargeReading, FoundOperation, OperationFinder, check_method
from bff.http.reading import IndexedRequest, join_header, read_request, until_disconnect
from bff.http.sse import SERVER_SENT_EVENTS
from bff.http.streaming import StreamAnswer, open_stream, refuse, send_stream
from bff.http.subscriptions import Asked, Refused, ResultStreams
from bff.http.tracing import end_operation
from bff.http.trusted import FindText, TrustedDocuments
from bff.http.watches import watch_executor, watch_shadow
from bff.telemetry import Spans, begin_trace

OpenContext = Callable[[Request], Any]
ServePage = Callable[[Request], Awaitable[Response]]
log = logging.getLogger(__name__)

_NO_COSTS = CostMap()
_LIMITS = Limits()


class _Wish(Struct, frozen=True):
    """What a client accepts, and the type it likes best; None where it takes no single answer that there is."""

    accept: str | None
    media_type: str | None

    @property
    def told_in(self) -> str:
        """The type of a single answer: what goes wrong before a stream begins is told in one."""
        return GRAPHQL_RESPONSE if self.media_type == GRAPHQL_RESPONSE else JSON


class _Course(Struct):
    """How far a request has come, for who counts it: `is_noted` where the streams count it themselves."""

    incident: errors.Incident
    found: FoundOperation | None = None
    outcome: str = "cancelled"
    is_noted: bool = False


class GraphQLEndpoint:
    """The ASGI app of `/graphql` for GET and POST; CORS answers OPTIONS before it.

    `open_context` asks no engine; it may raise errors of `bff.errors`, which are answered with their status. A
    context's `locale` (str) becomes `Content-Language`, its `degraded` (set of engine names) `extensions.degraded`.
    `graphiql` serves a GET that likes HTML best. `deadline` is in seconds; a client lowers it by
    `X-Request-Deadline-Ms`. Without `plans` every operation is executed by graphql-core. `costs` declares what fields
    cost; an operation above `cost_limit` is refused, and one whose shape is past `limits`.
    `charge_reading` is told of every request before its operation is looked for, `admit` of the context and the cost of
    every operation before it runs; they raise RateLimited to refuse it.
    `find_document` gives the text of a published hash; unless the endpoint `takes_texts`, nothing else is served.
    `country_header` names a header that answers are made from, too. `metrics` and `spans` are told of every operation.
    A schema that has `@defer` and `@stream` is served in parts to those who accept them.
    Answers that are streams are held in `connections`; `streams` runs operations for other transports.
    `shadow` is shown what answers are made from.
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
        charge_reading: ChargeReading | None = None,
        admit: Admit | None = None,
        find_document: FindText | None = None,
        takes_texts: bool = True,
        country_header: str = "",
        metrics: Metrics | None = None,
        spans: Spans | None = None,
        connections: Connections | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        self._schema = schema
        self._executor = bind_executor(schema, plans, fragments)
        self._open_context = open_context
        self._graphiql = graphiql
        self._metrics = metrics
        self._spans = spans
        self._development = development
        self._deadline = deadline
        make_documents = partial(
            Documents, schema._schema, development=development, limits=limits, login_fields=costs.login_fields
        )
        self.operations = OperationFinder(
            make_documents(),
            CostRules(schema._schema, costs),
            cost_limit=cost_limit,
            charge_reading=charge_reading,
            admit=admit,
            trusted=TrustedDocuments(find_document, make_documents()) if find_document is not None else None,
            takes_texts=takes_texts,
        )
        self._cache_rules = CacheRules(schema._schema, country_header=country_header)
        self._connections = connections or Connections()
        self._shadow = shadow
        self._incremental = IncrementalOperations() if schema.config.enable_experimental_incremental_execution else None
        self.streams = ResultStreams(
            schema,
            self._executor,
            self.operations,
            open_context,
            deadline=deadline,
            hide_suggestions=not development,
            metrics=metrics,
            spans=spans,
            incremental=self._incremental,
        )
        if metrics is not None:
            self._report(metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = IndexedRequest(scope, receive)
        offered = [JSON, GRAPHQL_RESPONSE]
        if self._graphiql is not None and request.method == "GET":
            offered.append(HTML)
        offered.append(EVENT_STREAM)
        accept = join_header(request, "accept")
        media_type = choose_media_type(accept, offered)
        if media_type == HTML and self._graphiql is not None:
            page = await self._graphiql(request)
            await page(scope, receive, send)
            return
        try:
            answer = await self._answer(request, _Wish(accept, media_type))
        except ClientDisconnect:
            return
        if isinstance(answer, StreamAnswer):
            await send_stream(answer, request, self._connections, receive, send)
        else:
            await send_answer(scope, send, answer)

    async def check_compiler(self, text: str, make_context: Callable[[], Any]) -> None:
        """Run a query compiled before others are served; where that goes wrong, graphql-core executes everything."""
        fault = await find_fault(self._executor, self._schema, text, make_context)
        if fault is not None:
            self._executor.plans = None
            log.critical("nothing is compiled, and every operation takes many times as long: of the first, %s", fault)

    async def _answer(self, request: Request, wish: _Wish) -> Answer | StreamAnswer:
        course = _Course(errors.Incident(begin_trace(self._spans, request.headers.get("traceparent"))))
        started = time.perf_counter()
        try:
            return await self._respond(request, wish, course)
        except Refused as refused:
            return StreamAnswer(SERVER_SENT_EVENTS, refuse(refused))
        except errors.InvalidOperation as error:
            course.outcome = error.code
            return answer_invalid_operation(error, wish.told_in)
        except Error as error:
            course.outcome = error.code
            return answer_error(error, wish.told_in, bears_token="authorization" in request.headers)
        except (ClientDisconnect, asyncio.CancelledError):
            raise
        except Exception as error:
            course.outcome = errors.InternalServerError.code
            return answer_error(course.incident.mask(error), wish.told_in)
        finally:
            if not course.is_noted:
                end_operation(course.incident.trace, course.found, course.outcome)
                if self._metrics is not None:
                    seconds = time.perf_counter() - started
                    self._metrics.note(course.found, read_sender(request.headers), course.outcome, seconds)

    async def _respond(self, request: Request, wish: _Wish, course: _Course) -> Answer | StreamAnswer:
        if wish.media_type is None and choose_stream(wish.accept) is None and not self._may_answer_in_parts(wish):
            raise _not_acceptable()
        self.operations.charge_reading(request)
        parameters = await read_request(request)
        deadline = self._set_deadline(request)
        if wish.media_type == EVENT_STREAM:
            course.is_noted = True
            found = await self.streams.find(request, parameters, course.incident)
            course.is_noted = False
        else:
            found = await self.operations.find(parameters)
        course.found = found
        framing = choose_framing(found.operation.operation, wish.media_type, wish.accept)
        in_parts = False
        if self._incremental is not None:
            in_parts = framing is None and self._incremental.comes_in_parts(found) and self._may_answer_in_parts(wish)
            if in_parts:
                framing = choose_parts(wish.accept, wish.media_type)
            else:
                found = self._incremental.make_whole(found)
        check_method(request.method, found.operation, has_stream=framing is not None)
        asked = Asked(
            connection=request,
            request=parameters,
            found=found,
            incident=course.incident,
            in_parts=in_parts,
            patience=deadline.limit,
        )
        if framing is not None:
            course.is_noted = True
            return await until_disconnect(open_stream(self.streams, asked, framing), request)
        if wish.media_type is None:
            raise _not_acceptable()
        answer = await until_disconnect(self._run(request, asked, deadline, wish.told_in), request)
        course.outcome = "ok" if answer.is_whole else "partial"
        if request.method == "GET" and not found.has_text:
            return self._cache_rules.mark(answer, found, request.headers)
        return answer

    def _may_answer_in_parts(self, wish: _Wish) -> bool:
        return self._incremental is not None and choose_parts(wish.accept, wish.media_type) is not None

    def _report(self, metrics: Metrics) -> None:
        documents, connections = self.operations, self._connections
        metrics.watch_counts("bff_document_lookups", "Documents by where they were found", "in", documents.count)
        metrics.watch("bff_sockets", "Open WebSockets", lambda: connections.sockets)
        metrics.watch("bff_streams", "Answers that stream", lambda: connections.streams)
        metrics.watch("bff_subscriptions", "Subscriptions that are followed", lambda: self.streams.live)
        watch_executor(metrics, self._executor)
        if self._shadow is not None:
            watch_shadow(metrics, self._shadow)

    def _set_deadline(self, request: Request) -> Deadline:
        limit = self._deadline
        wish = request.headers.get("x-request-deadline-ms")
        if wish is not None:
            if not (wish.isascii() and wish.isdigit() and 0 < len(wish) < 10 and int(wish) > 0):
                raise BadUserInput("X-Request-Deadline-Ms must be a positive whole number of milliseconds.")
            limit = min(limit, int(wish) / 1000)
        return Deadline(at=asyncio.get_running_loop().time() + limit, limit=limit)

    async def _run(self, request: Request, asked: Asked, deadline: Deadline, media_type: str) -> Answer:
        context = self._open_context(request)
        self.operations.admit(context, asked.found)
        executor = build_executor(
            self._executor,
            self._schema,
            asked.found.document,
            asked.request,
            context,
            hide_suggestions=not self._development,
            found=asked.found,
        )
        result = await execute(executor, deadline)
        if self._shadow is not None:
            self._shadow.follow(asked.found, asked.request, context, result)
        return answer_result(result, context, media_type, asked.incident)


def _not_acceptable() -> errors.NotAcceptable:
    return errors.NotAcceptable(f"Answers come as {GRAPHQL_RESPONSE} or {JSON}; accept one of them.")
