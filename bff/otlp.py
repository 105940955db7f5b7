"""Sends spans by OTLP over HTTP; imported only where an endpoint is named, for all that OpenTelemetry takes.

OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`, …) say the rest.
"""

import asyncio
import os
import threading
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from bff.telemetry import Kind, Origin, Span

FLUSH_DEADLINE = 1.0
"""Seconds that waiting spans have to leave when the process ends."""
_SAMPLED, _NOT_SAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
_KINDS = {Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT, Kind.INTERNAL: SpanKind.INTERNAL}
_FAILED, _UNSET = Status(StatusCode.ERROR), Status(StatusCode.UNSET)
_SCOPE = InstrumentationScope("marquee")


class SpanExport:
    """One a process. A thread of its own sends; what the receiver does not take in time is dropped."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"process.pid": os.getpid()})
        if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: "marquee"}))
        self._resource = resource
        self._sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
        self._exporter = OTLPSpanExporter(endpoint=endpoint)
        self._processor = BatchSpanProcessor(self._exporter)

    def takes(self, trace_id: int, origin: Origin | None) -> bool:
        parent = None
        if origin is not None:
            flags = _SAMPLED if origin.is_sampled else _NOT_SAMPLED
            above = SpanContext(trace_id, origin.span_id, is_remote=True, trace_flags=flags)
            parent = trace.set_span_in_context(NonRecordingSpan(above))
        decision = self._sampler.should_sample(parent, trace_id, "operation").decision
        return decision is Decision.RECORD_AND_SAMPLE

    def write(self, span: Span) -> None:
        above = None
        if span.above is not None:
            above = SpanContext(span.trace_id, span.above, span.is_above_remote, _SAMPLED)
        # A whole one at its end: the SDK's, which is filled bit by bit, costs ten times as much.
        ended = ReadableSpan(
            span.name,
            context=SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=_SAMPLED),
            parent=above,
            resource=self._resource,
            attributes=span.attributes,
            kind=_KINDS[span.kind],
            status=_FAILED if span.is_failed else _UNSET,
            start_time=span.started,
            end_time=time.time_ns(),
            instrumentation_scope=_SCOPE,
        )
        self._processor.on_end(ended)

    def flush(self) -> None:
        """Send what waits now. Blocks: not for the loop's thread."""
        self._processor.force_flush()

    async def close(self) -> None:
        # In a thread that nobody waits for when the process ends: the SDK takes half a minute to give up.
        closing = threading.Thread(target=self._processor.shutdown, name="spans", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, FLUSH_DEADLINE)
        if closing.is_alive():  # it waits for the receiver: that one is not tried again
            self._exporter.shutdown()  # type: ignore[no-untyped-call]
