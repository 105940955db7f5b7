"""`@defer` and `@stream`: which operations use them, what they are without them, and the parts of their answers.

A client that accepts no answer in parts gets the whole at once: the directives only ever allow parts.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import orjson
from graphql import REMOVE, DirectiveNode, DocumentNode, ExecutionResult, OperationDefinitionNode, Visitor, visit
from graphql.execution import InitialIncrementalExecutionResult, SubsequentIncrementalExecutionResult
from msgspec import Struct
from msgspec.structs import replace

from bff.errors import TooExpensive
from bff.execution import write_data
from bff.http.answers import answer_result
from bff.http.documents import choose_operation
from bff.http.errors import Incident, format_error, format_field_errors
from bff.http.execution import Part
from bff.http.negotiation import JSON
from bff.http.operations import WALKED_COST, FoundOperation

MAX_DIRECTIVES = 20
"""Each is work of its own, for every value that it stands at."""
_KEPT = 1000


class _Whole(Struct, frozen=True):
    """What an operation is without the directives, of which it has so many."""

    original: OperationDefinitionNode
    document: DocumentNode
    operation: OperationDefinitionNode
    directives: int


class IncrementalOperations:
    """One a process; least recently used out first."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, _Whole] = OrderedDict()

    def comes_in_parts(self, found: FoundOperation) -> bool:
        """Not if it is too dear for graphql-core, which makes parts. Raises TooExpensive for too many directives."""
        directives = self._find(found).directives
        if directives > MAX_DIRECTIVES:
            raise TooExpensive(
                f"The document defers and streams {directives} times; at most {MAX_DIRECTIVES} are served. Split it.",
                cost=directives,
                limit=MAX_DIRECTIVES,
            )
        return directives > 0 and found.cost <= WALKED_COST

    def make_whole(self, found: FoundOperation) -> FoundOperation:
        """The same operation, which gives one answer."""
        whole = self._find(found)
        if whole.operation is found.operation:
            return found
        return replace(found, document=whole.document, operation=whole.operation, prototype=None)

    def _find(self, found: FoundOperation) -> _Whole:
        key = id(found.operation)
        known = self._known.get(key)
        if known is None or known.original is not found.operation:
            known = self._known[key] = _strip(found)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known


class _Stripper(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.directives = 0

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        if node.name.value not in ("defer", "stream"):
            return None
        self.directives += 1
        return REMOVE


def _strip(found: FoundOperation) -> _Whole:
    stripper = _Stripper()
    document = visit(found.document, stripper)
    if not stripper.directives:
        return _Whole(found.operation, found.document, found.operation, 0)
    name = found.operation.name.value if found.operation.name is not None else None
    return _Whole(found.operation, document, choose_operation(document, name), stripper.directives)


class Parts:
    """Writes the parts of one answer; `is_over` after the last."""

    def __init__(self, context: Any, incident: Incident) -> None:
        self.is_over = False
        self._context = context
        self._incident = incident
        self._pending: set[str] = set()

    def write(self, part: Part) -> bytes:
        if isinstance(part, ExecutionResult):
            self.is_over = True
            return b'%b,"hasNext":false}' % answer_result(part, self._context, JSON, self._incident).body[:-1]
        if isinstance(part, InitialIncrementalExecutionResult):
            body = self._write_initial(part)
        else:
            body = self._write_subsequent(part)
        self._pending |= {pending["id"] for pending in body.get("pending", ())}
        self._pending -= {completed["id"] for completed in body.get("completed", ())}
        self.is_over = not body["hasNext"]
        return write_data(body)

    def give_up(self, error: Any) -> bytes:
        """The last part, where what is pending will not come."""
        self.is_over = True
        errors = [format_error(error)]
        completed = [{"id": identifier, "errors": errors} for identifier in sorted(self._pending)]
        return orjson.dumps({"hasNext": False, "completed": completed})

    def _write_initial(self, part: InitialIncrementalExecutionResult) -> dict[str, Any]:
        body: dict[str, Any] = {"data": part.data}
        if part.errors:
            body["errors"] = format_field_errors(part.errors, self._incident)
        degraded = getattr(self._context, "degraded", None)
        if degraded:
            body["extensions"] = {"degraded": sorted(degraded)}
        return {**body, "pending": _format(part.pending), "hasNext": part.has_next}

    def _write_subsequent(self, part: SubsequentIncrementalExecutionResult) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if part.pending:
            body["pending"] = _format(part.pending)
        if part.incremental:
            body["incremental"] = self._format_with_errors(part.incremental)
        if part.completed:
            body["completed"] = self._format_with_errors(part.completed)
        return {**body, "hasNext": part.has_next}

    def _format_with_errors(self, results: Iterable[Any]) -> list[dict[str, Any]]:
        formatted = []
        for result in results:
            entry = dict(result.formatted)
            if result.errors:
                entry["errors"] = format_field_errors(result.errors, self._incident)
            formatted.append(entry)
        return formatted


def _format(results: Iterable[Any]) -> list[dict[str, Any]]:
    return [dict(result.formatted) for result in results]
