"""Says of an operation how it would run: by which plan, what is kept of it, or why graphql-core executes it."""

from collections.abc import Iterator

from bff.execution.executor import CompilingExecutor, PlanCache
from bff.execution.plan import FieldPlan, Plan, Selection, Uncompilable
from bff.execution.positions import Position
from bff.execution.sources import Source

_WAYS = {
    Source.TYPENAME: "",
    Source.ATTRIBUTE: "",
    Source.DEFAULT: "read as graphql-core reads it",
    Source.DIRECT: "called for each parent",
    Source.BATCH: "called once for all parents",
    Source.RESOLVE: "called as graphql-core calls it, with what stands around it",
}


def explain(executor: CompilingExecutor, *, with_texts: bool = False) -> Iterator[str]:
    """Lines for a reader; `with_texts` adds the Python that was written for the plan."""
    try:
        _, plan = executor.find_plan(PlanCache(compile_on=1))
    except Uncompilable as error:
        yield f"executed by graphql-core: {error.reason}"
        return
    stages, kept = len(plan.slots), len(plan.fragments)
    yield f"compiled: {plan.fields} fields, {stages} of them called, {kept} kinds of values kept as JSON"
    yield from _explain_selection(plan.root, 1)
    if with_texts:
        yield from _explain_texts(plan)


def _explain_selection(selection: Selection, depth: int) -> Iterator[str]:
    for field in selection.fields:
        yield "  " * depth + _describe(field)
        yield from _explain_position(field.position, depth + 1)


def _explain_position(position: Position, depth: int) -> Iterator[str]:
    while position.item is not None:
        position = position.item
    for selection in position.selections.values():
        kept = ""
        if selection.fragment is not None:
            reads = ", ".join(selection.fragment.reads) or "nothing"
            kept = f"  -- kept by {selection.fragment.identity}, reads {reads}"
        yield "  " * depth + f"on {selection.type}{kept}"
        yield from _explain_selection(selection, depth + 1)


def _describe(field: FieldPlan) -> str:
    name = field.name if field.key == field.name else f"{field.key}: {field.name}"
    notes = [_WAYS[field.source], "for every request, within what is kept" if field.is_hole else ""]
    told = ", ".join(note for note in notes if note)
    return f"{name}  -- {told}" if told else name


def _explain_texts(plan: Plan) -> Iterator[str]:
    for text in plan.texts:
        yield ""
        yield text.rstrip()
