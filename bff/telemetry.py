"""Traces: one an operation or job, whose id logs and errors tell, and its spans where an exporter is named.

Imports nothing of OpenTelemetry unless one is. Spans hold names, ids and outcomes; never a variable, a token or a text.
"""

import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Origin(NamedTuple):
    """The span of whoever called, in a process that is not this one."""

    trace_id: int
    span_id: int
    is_sampled: bool


def read_traceparent(header: str | None) -> Origin | None:
    """None for a header without meaning in W3C's Trace Context (3.2); those of its later versions may be longer."""
    match = _TRACEPARENT.match(header) if header else None
    if header is None or match is None:
        return None
    rest = header[match.end() :]
    if rest and (header.startswith("00") or not rest.startswith("-")):
        return None
    return Origin(int(match[1], 16), int(match[2], 16), bool(int(match[3], 16) & 1))


class Kind(StrEnum):
    """Whether somebody waits for what a span tells of, or it waits for an engine."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    INTERNAL = "INTERNAL"


class Span(NamedTuple):
    """What is written when it ends; `above` is None for the first of a trace, and started in nanoseconds since 1970."""

    name: str
    kind: Kind
    trace_id: int
    span_id: int
    above: int | None
    is_above_remote: bool
    attributes: Mapping[str, str]
    started: int
    is_failed: bool


class Spans(Protocol):
    """Where spans go."""

    def takes(self, trace_id: int, origin: Origin | None) -> bool:
        """Whether a trace that begins is one of those that are recorded."""
        ...

    def write(self, span: Span) -> None:
        """One that ends now. Never waits, never raises."""
        ...

    async def close(self) -> None:
        """Send what waits, within a deadline."""
        ...


class Trace:
    """One operation or job, from its beginning."""

    __slots__ = ("_is_failed", "_number", "_origin", "_started", "span_id", "spans")

    def __init__(self, spans: Spans | None = None, origin: Origin | None = None) -> None:
        self._number = origin.trace_id if origin is not None else 0
        self._origin = origin
        self._is_failed = False
        self.spans = spans if spans is not None and spans.takes(self.number, origin) else None
        if self.spans is not None:
            self.span_id = _make_span_id()
            self._started = time.time_ns()

    @property
    def number(self) -> int:
        if not self._number:
            self._number = secrets.randbits(128) or 1
        return self._number

    @property
    def id(self) -> str:
        """32 hexadecimal digits: the caller's, where it sent one."""
        return f"{self.number:032x}"

    def fail(self) -> None:
        """Something went wrong here that is not the caller's doing."""
        self._is_failed = True

    def end(self, name: str, kind: Kind, attributes: Mapping[str, str]) -> None:
        """Write the span of the whole. To be called once; what is told afterwards lies below it all the same."""
        if self.spans is not None:
            origin = self._origin
            above = origin.span_id if origin is not None else None
            is_remote = origin is not None
            self.spans.write(
                Span(
                    name, kind, self._number, self.span_id, above, is_remote, attributes, self._started, self._is_failed
                )
            )

    def write(
        self, name: str, kind: Kind, attributes: Mapping[str, str], *, ids: tuple[int, int], started: int, failed: bool
    ) -> None:
        """Write a span of a part; `ids` are its own and that of the span above it."""
        if self.spans is not None:
            self.spans.write(Span(name, kind, self._number, *ids, False, attributes, started, failed))


class Step:
    """A part of a trace: what is called inside the block is told below it. Costs nothing where it is not recorded."""

    __slots__ = ("_name", "_outer", "_span_id", "_started", "attributes")

    def __init__(self, name: str) -> None:
        self._name = name
        self.attributes: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._outer = traced_place()
        if self._outer is not None:
            self._span_id = _make_span_id()
            self._started = time.time_ns()
            _PLACE.set(Place(self._outer.trace, self._span_id))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._outer is not None:
            _PLACE.set(self._outer)  # never by a token: parts of a generator may run in contexts of their own
            self._outer.trace.write(
                self._name,
                Kind.INTERNAL,
                self.attributes,
                ids=(self._span_id, self._outer.span_id),
                started=self._started,
                failed=kind is not None,
            )


class Place(NamedTuple):
    """What is told lies below this span."""

    trace: Trace
    span_id: int


_PLACE: ContextVar[Place | None] = ContextVar("marquee.trace", default=None)


def begin_trace(spans: Spans | None, traceparent: str | None = None) -> Trace:
    """The trace of what this task does from here on, and of every task that it starts."""
    trace = Trace(spans, read_traceparent(traceparent))
    _PLACE.set(Place(trace, trace.span_id if trace.spans is not None else 0))
    return trace


def current_trace() -> Trace | None:
    place = _PLACE.get()
    return place.trace if place is not None else None


def traced_place() -> Place | None:
    """Where the present call of an engine is told; None where it is not."""
    place = _PLACE.get()
    return place if place is not None and place.trace.spans is not None else None


def note_call(system: str, name: str, seconds: float, failure: str = "", place: Place | None = None) -> None:
    """Tell the trace of `place`, by default the current one, of a call of an engine that has just ended; `failure` is
    the kind of error, and no more: messages of engines hold values."""
    place = place or traced_place()
    if place is None:
        return
    attributes = {"db.system.name": system, "db.operation.name": name}
    if failure:
        attributes["error.type"] = failure
    started = time.time_ns() - int(seconds * 1e9)
    ids = (_make_span_id(), place.span_id)
    place.trace.write(f"{system} {name}", Kind.CLIENT, attributes, ids=ids, started=started, failed=bool(failure))


@contextmanager
def tracing(spans: Spans | None, name: str) -> Iterator[Trace]:
    """The block is a trace of its own: a job, say."""
    trace = begin_trace(spans)
    try:
        yield trace
    except Exception:
        trace.fail()
        raise
    finally:
        trace.end(name, Kind.INTERNAL, {})


class CallCount:
    """Counts the calls of an engine that lies in this process, and tells the trace of them."""

    def __init__(self, system: str) -> None:
        self.count = 0
        self._system = system

    @contextmanager
    def calling(self, name: str) -> Iterator[None]:
        self.count += 1
        started = time.perf_counter()
        try:
            yield
        finally:
            note_call(self._system, name, time.perf_counter() - started)


@asynccontextmanager
async def exporting(endpoint: str) -> AsyncIterator[Spans | None]:
    """Spans go to an endpoint of OTLP over HTTP until the block ends; None where none is named."""
    if not endpoint:
        yield None
        return
    from bff.otlp import SpanExport  # noqa: PLC0415 -- takes 0.4 s and 20 MB, for those who want it

    spans = SpanExport(endpoint)
    try:
        yield spans
    finally:
        await spans.close()


def _make_span_id() -> int:
    return random.getrandbits(64) or 1
