"""Says of an operation how it would run: by which plan, and what is kept of it; or why graphql-core executes it."""

from collections.abc import Iterable, Iterator

from bff.execution.executor import CompilingExecutor, PlanCache
from bff.execution.models import find_identity
from bff.execution.plan import FieldPlan, Plan, Selection, Uncompilable
from bff.execution.positions import Kind, Position
from bff.execution.sharing import find_obstacle
from bff.execution.sources import Source
from bff.execution.survey import belongs_to_request, keeps_data, may_be_kept_list, says_what_it_reads, survey_position

_WAYS = {
    Source.TYPENAME: "",
    Source.ATTRIBUTE: "",
    Source.DEFAULT: "read as graphql-core reads it",
    Source.DIRECT: "called for each parent",
    Source.BATCH: "called once for all parents",
    Source.RESOLVE: "called as graphql-core calls it, with what stands around it",
}
_UNDECLARED = "nobody declared its classes"


def explain(executor: CompilingExecutor, *, with_texts: bool = False) -> Iterator[str]:
    """Lines for a reader; `with_texts` adds the Python that was written for the plan."""
    try:
        _, plan = executor.find_plan(PlanCache(compile_on=1))
    except Uncompilable as error:
        yield f"executed by graphql-core: {error.reason}"
        return
    stages, kept = len(plan.slots), len(plan.fragments)
    yield f"compiled: {plan.fields} fields, {stages} of them called, {kept} kinds of values kept as JSON"
    yield from _explain_selection(plan.root, 1, is_kept=False)
    if with_texts:
        yield from _explain_texts(plan)


def _explain_selection(selection: Selection, depth: int, *, is_kept: bool) -> Iterator[str]:
    """`is_kept`: it is part of what is kept around it."""
    for field in selection.fields:
        name = field.name if field.key == field.name else f"{field.key}: {field.name}"
        *lists, innermost = _list_levels(field.position)
        is_kept_here = is_kept and not field.is_hole
        notes = [_WAYS[field.source], _tell_of_hole(field), *(_tell_of_list(level, is_kept_here) for level in lists)]
        yield "  " * depth + _note(name, *notes, _tell_of_values(innermost))
        is_kept_here = is_kept_here or any(level.fragment is not None for level in lists)
        for below in innermost.selections.values():
            yield "  " * (depth + 1) + _note(f"on {below.type}", _tell_of_object(below, is_kept_here))
            yield from _explain_selection(below, depth + 2, is_kept=is_kept_here or below.fragment is not None)


def _list_levels(position: Position) -> Iterator[Position]:
    """A place, that of its items, and so on, if it is a list's."""
    while position.item is not None:
        yield position
        position = position.item
    yield position


def _tell_of_values(position: Position) -> str:
    if position.kind is Kind.LEAF or position.selections:
        return "its data is kept" if keeps_data(position.field) else ""
    return f"looked at one by one: {'it stands too deep' if position.models else _UNDECLARED}"


def _tell_of_object(selection: Selection, is_kept: bool) -> str:
    if selection.fragment is not None:
        return f"kept by {selection.fragment.identity}, {_tell_reads(selection.fragment.reads)}"
    if is_kept or not selection.plan.may_cache:
        return ""
    if find_identity(selection.type) is None:
        return "not kept: its type names nothing that identifies a value"
    unknown = [
        field.name for field in selection.fields if field.slot is None and survey_position(field.position) is None
    ]
    return f"not kept: {f'{unknown[0]}, {_UNDECLARED}' if unknown else 'every field belongs to the request'}"


def _tell_of_list(position: Position, is_kept: bool) -> str:
    """Of a list that may come again as the very same one; of others there is nothing to tell."""
    if position.fragment is not None:
        return f"kept as a whole list, {_tell_reads(position.fragment.reads)}"
    if position.shared is not None:
        return f"one list for all answers whose fields give the same, {_tell_reads(position.shared.reads)}"
    if is_kept or position.item is None or not position.item.selections or not may_be_kept_list(position):
        return ""
    if position.plan.may_cache:
        return f"not kept as a list: in it, {_UNDECLARED}"
    return f"not shared: {find_obstacle(position.item, set())}"


def _tell_of_hole(field: FieldPlan) -> str:
    if not field.is_hole:
        return ""
    why = "it does not say what it reads"
    if says_what_it_reads(field):
        why = "something stands around it" if belongs_to_request(field) else _UNDECLARED
    return f"for every request, within what is kept: {why}"


def _tell_reads(reads: Iterable[str]) -> str:
    return f"reads {', '.join(reads) or 'nothing'}"


def _note(text: str, *notes: str) -> str:
    told = ", ".join(note for note in notes if note)
    return f"{text}  -- {told}" if told else text


def _explain_texts(plan: Plan) -> Iterator[str]:
    for text in plan.texts:
        yield ""
        yield text.rstrip()
