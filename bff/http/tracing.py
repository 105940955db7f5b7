"""How operations show in traces: names and attributes of GraphQL's semantic conventions, and what became of them."""

from bff.errors import DeadlineExceeded, Unavailable
from bff.http.errors import InternalServerError
from bff.http.operations import FoundOperation
from bff.telemetry import Kind, Trace

_MAX_NAME = 80
_NO_ERRORS = frozenset({"ok", "partial", "cancelled"})
_FAILURES = frozenset({InternalServerError.code, Unavailable.code, DeadlineExceeded.code})
"""Outcomes that are not the caller's doing."""


def end_operation(trace: Trace, found: FoundOperation | None, outcome: str) -> None:
    """Once an operation, by every transport; `outcome` is the one that the metrics count."""
    if trace.spans is None:
        return
    attributes = {"marquee.outcome": outcome}
    name = "GraphQL Operation"
    if found is not None:
        name = attributes["graphql.operation.type"] = found.operation.operation.value
        if found.operation.name is not None:
            attributes["graphql.operation.name"] = found.operation.name.value[:_MAX_NAME]
            name = f"{name} {attributes['graphql.operation.name']}"
        if found.is_trusted:
            attributes["graphql.document.id"] = found.document_hash
    if outcome not in _NO_ERRORS:
        attributes["error.type"] = outcome
    if outcome in _FAILURES:
        trace.fail()
    trace.end(name, Kind.SERVER, attributes)
