"""A receiver of OTLP over HTTP, small and real: spans as they came over the wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.http_server import serve


@dataclass(frozen=True)
class ReceivedSpan:
    """Ids in hexadecimal digits; `parent` is empty for a first span."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    resource: dict[str, str]
    is_failed: bool
    started: int
    ended: int


@dataclass
class Receiver:
    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def of_trace(self, trace: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.trace == trace]

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _read(resource_spans.resource.attributes)
            for scope in resource_spans.scope_spans:
                self.spans += [_read_span(span, resource) for span in scope.spans]
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type="application/x-protobuf")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/v1/traces", receiver.take, methods=["POST"])])
    async with serve(app) as url:
        receiver.url = url
        yield receiver


def _read_span(span: ProtoSpan, resource: dict[str, str]) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        kind=ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_read(span.attributes),
        resource=resource,
        is_failed=span.status.code == Status.STATUS_CODE_ERROR,
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
    )


def _read(attributes: object) -> dict[str, str]:
    return {pair.key: pair.value.string_value or str(pair.value.int_value) for pair in attributes}  # type: ignore[attr-defined]
