"""What `/metrics` tells, for Prometheus: operations, fields in use, plans, caches, calls of engines, live sockets.

A request adds one number to one table; names, fields and labels are worked out when the numbers are told. Labels that
clients choose are bounded, each and in their combinations: past so many distinct ones they are `other`.
"""

import asyncio
import hmac
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import prometheus_client as prometheus
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)
from msgspec import Struct
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bff.http.operations import FoundOperation

TELL_EVERY = 1.0
"""Seconds between two updates of what other processes tell for this one."""
_MOST_PENDING = 5000
_KEPT_OPERATIONS = 1000
_MOST_OPERATION_SERIES = 2000
_MOST_FIELD_SERIES = 5000
_OTHER = "other"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Sender(Struct, frozen=True):
    """The program that sent an operation, by its own word."""

    client: str = ""
    version: str = ""


def read_sender(headers: Mapping[str, str]) -> Sender:
    """`headers` by lower-case name."""
    return Sender(headers.get("x-client-name", ""), headers.get("x-client-version", ""))


class Labels:
    """Lets so many distinct names through; later ones are `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def bound(self, name: str) -> str:
        if name in self._known:
            return name
        if len(self._known) >= self._most or len(name) > 80 or not name.isprintable():
            return _OTHER
        self._known.add(name)
        return name


class Series:
    """Lets so many combinations of labels through: each is a line of its own for as long as the process lives."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[tuple[str, ...]] = set()

    def admits(self, *labels: str) -> bool:
        if labels in self._known:
            return True
        if len(self._known) >= self._most:
            return False
        self._known.add(labels)
        return True


class Metrics:
    """One an app. Each of several processes answers for all of them where `shared_dir` is PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, schema: GraphQLSchema, *, shared_dir: str = "") -> None:
        self._schema = schema
        self._registry = prometheus.CollectorRegistry()
        self._shared_dir = shared_dir
        self._pending: Counter[tuple[int, Sender, str]] = Counter()
        self._operations: OrderedDict[int, _Known] = OrderedDict()
        self._watched: list[Callable[[], None]] = []
        self._trusted_names, self._names = Labels(1000), Labels(200)
        self._clients, self._versions = Labels(50), Labels(200)
        self._operation_series, self._field_series = Series(_MOST_OPERATION_SERIES), Series(_MOST_FIELD_SERIES)
        self._ran = self._count(
            "bff_operations", "Operations by how they ended", "operation", "document", "client", "version", "outcome"
        )
        self._fields = self._count("bff_fields", "Fields in the operations that were let in", "field", "client")
        self._seconds = prometheus.Histogram(
            "bff_operation_seconds", "From the request to its answer", buckets=_SECONDS, registry=self._registry
        )

    def note(self, found: FoundOperation | None, sender: Sender, outcome: str, seconds: float) -> None:
        """Count an operation that ended: `outcome` is `ok`, `errors` or the code of its refusal; None where none was
        found. To be called once an operation by every transport."""
        key = 0
        if found is not None:
            key = id(found.operation)
            known = self._operations.get(key)
            if known is None or known.operation is not found.operation:
                self._learn(key, found)
        self._pending[key, sender, outcome] += 1
        self._seconds.observe(seconds)
        if len(self._pending) > _MOST_PENDING:
            self.tell()

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A number that goes up and down, read when it is told: live sockets, say."""
        gauge = prometheus.Gauge(name, help_text, registry=self._registry, multiprocess_mode="livesum")
        self._watched.append(lambda: gauge.set(read()))

    def watch_counts(self, name: str, help_text: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Numbers that something else counts upwards, by label."""
        counter = self._count(name, help_text, label)
        told: dict[str, float] = {}

        def tell() -> None:
            for key, value in read().items():
                counter.labels(key).inc(max(0.0, value - told.get(key, 0.0)))
                told[key] = value

        self._watched.append(tell)

    def tell(self) -> None:
        """Bring what was counted to where Prometheus reads it."""
        pending, self._pending = self._pending, Counter()
        for (key, sender, outcome), count in pending.items():
            known = self._operations.get(key, _NOT_FOUND)
            client = self._clients.bound(sender.client)
            labels = (known.name, known.document, client, self._versions.bound(sender.version), outcome)
            if not self._operation_series.admits(*labels):
                # What was published keeps its name: nobody but operators publishes.
                labels = (known.name if known.document else _OTHER, known.document, _OTHER, _OTHER, outcome)
            self._ran.labels(*labels).inc(count)
            for name in known.fields:
                by = client if self._field_series.admits(name, client) else _OTHER
                self._fields.labels(name, by).inc(count)
        for tell in self._watched:
            tell()

    def render(self) -> bytes:
        """In Prometheus' text format, as of the last `tell`; takes a while, and may run in a thread."""
        registry = self._registry
        if self._shared_dir:
            registry = prometheus.CollectorRegistry()
            _forget_the_dead(Path(self._shared_dir))
            MultiProcessCollector(registry, self._shared_dir)  # type: ignore[no-untyped-call]
        return prometheus.generate_latest(registry)

    @asynccontextmanager
    async def telling(self) -> AsyncIterator["Metrics"]:
        """Tells in the background until the block ends, for the processes that are asked in this one's place."""
        task = asyncio.create_task(self._keep_telling(), name="metrics")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            self.tell()

    def _learn(self, key: int, found: FoundOperation) -> None:
        if key in self._operations or len(self._operations) >= _KEPT_OPERATIONS:
            self.tell()  # what was counted under the operation that goes
            self._operations.pop(key, None)
            if len(self._operations) >= _KEPT_OPERATIONS:
                self._operations.popitem(last=False)
        name = found.operation.name.value if found.operation.name is not None else "anonymous"
        self._operations[key] = _Known(
            operation=found.operation,
            name=(self._trusted_names if found.is_trusted else self._names).bound(name),
            document=found.document_hash[:12],
            fields=tuple(sorted(list_fields(self._schema, found.document, found.operation))),
        )

    def _count(self, name: str, help_text: str, *labels: str) -> prometheus.Counter:
        return prometheus.Counter(name, help_text, labels, registry=self._registry)


class _Known(Struct, frozen=True, kw_only=True):
    operation: OperationDefinitionNode | None = None
    name: str = "none"
    document: str = ""
    fields: tuple[str, ...] = ()


_NOT_FOUND = _Known()


def list_fields(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> set[str]:
    """The schema's fields that an operation names, as `Type.field`; each fragment is looked at once."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    names: set[str] = set()
    waiting: list[tuple[Any, Any]] = [(operation.selection_set, schema.get_root_type(operation.operation))]
    while waiting:
        selection_set, parent = waiting.pop()
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                is_known = is_object_type(parent) or is_interface_type(parent)
                field = schema.get_field(parent, selection.name.value) if is_known else None
                if field is None or selection.name.value.startswith("__"):
                    continue
                names.add(f"{parent.name}.{selection.name.value}")
                if selection.selection_set is not None and is_composite_type(below := get_named_type(field.type)):
                    waiting.append((selection.selection_set, below))
                continue
            fragment: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                fragment = fragments.pop(selection.name.value, None)
                if fragment is None:
                    continue
            condition = fragment.type_condition
            waiting.append((fragment.selection_set, schema.get_type(condition.name.value) if condition else parent))
    return names


def _forget_the_dead(shared_dir: Path) -> None:
    """What a process that was killed had open is open no more; what it counted counts."""
    for file in shared_dir.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid, str(shared_dir))  # type: ignore[no-untyped-call]


def metrics_route(metrics: Metrics, token: str) -> Route:
    """`/metrics`, for this machine itself or with the token as bearer; what a proxy passes on is not its own."""

    async def serve_metrics(request: Request) -> Response:
        if not _may_read(request, token):
            return PlainTextResponse("Send BFF_METRICS_TOKEN as bearer.\n", 401, headers={"WWW-Authenticate": "Bearer"})
        metrics.tell()
        # In a thread: ten thousand lines would hold up everybody for a tenth of a second.
        return Response(await asyncio.to_thread(metrics.render), media_type=prometheus.CONTENT_TYPE_LATEST)

    return Route("/metrics", serve_metrics)


def _may_read(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    is_forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return not is_forwarded and request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # of a Unix socket: whoever may connect there is told by its file
        return False
