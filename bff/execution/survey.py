"""What of a plan's values may be kept for all, what it depends on, and which fields belong to each request."""

from collections.abc import Iterable

from bff.execution.models import find_identity, is_kept_in_lists, list_shown_types
from bff.execution.plan import FieldPlan, FragmentPlan, Plan, Selection, Survey
from bff.execution.positions import Kind, Position
from bff.execution.sources import Source

READS = "reads"
"""The key of a field's metadata that names what its value depends on."""
_NOTHING = Survey(frozenset(), ())


def plan_fragment(selection: Selection) -> FragmentPlan | None:
    """How to keep what a selection reads; None where its type is not cacheable, or nothing of it can be kept."""
    identity = find_identity(selection.type)
    if identity is None or not selection.plan.may_cache or all(map(belongs_to_request, selection.fields)):
        return None
    if selection.fragment is None:
        selection.fragment = _keep(selection.plan, identity, _survey(selection))
    return selection.fragment


def plan_list_fragment(position: Position) -> FragmentPlan | None:
    """How to keep a `KeptList` at this place; None where no type of its items says there are such, or nobody knows what
    these read.
    """
    if position.fragment is None and position.plan.may_cache and may_be_kept_list(position):
        assert position.item is not None  # noqa: S101 - lists have items
        position.fragment = _keep(position.plan, "number", survey_position(position.item))
    return position.fragment


def may_be_kept_list(position: Position) -> bool:
    """Whether a type of the items of a list at this place says that there are `KeptList`s of them."""
    items = position.item
    return items is not None and any(is_kept_in_lists(object_type) for object_type in items.models.values())


def _keep(plan: Plan, identity: str, survey: Survey | None) -> FragmentPlan | None:
    if survey is None:
        return None
    for hole in survey.holes:
        _mark_hole(plan, hole)
    fragment = FragmentPlan(len(plan.fragments), identity, tuple(sorted(survey.reads)))
    plan.fragments.append(fragment)
    if not survey.reads.issubset(plan.reads):
        plan.reads = tuple(sorted(survey.reads.union(plan.reads)))
    return fragment


def _mark_hole(plan: Plan, hole: FieldPlan) -> None:
    """What answers a hole runs after any field above it: those below the fragment have none where it was found.

    Types that have a batch resolver in common, of an interface, say, are answered in one call.
    """
    if hole.is_hole:
        return
    slot = hole.slot
    assert slot is not None  # noqa: S101 - what is no attribute is called
    hole.is_hole = True
    hole.group = slot
    if hole.source is Source.BATCH and hole.position.nullable and hole.position.kind is Kind.LEAF:
        key = (hole.resolver, hole.position.type, tuple(id(node) for node in hole.nodes))
        hole.group = plan.batches.setdefault(key, slot)
    above = hole.parent
    while above is not None:
        if above.slot is not None and hole.group not in above.children:
            above.children.append(hole.group)
        above = above.parent


def belongs_to_request(field: FieldPlan) -> bool:
    """Whether a field did not declare what of the request its value depends on. What stands around a resolver, a
    permission, say, declares nothing.
    """
    if field.slot is None:
        return False
    return not says_what_it_reads(field) or bool(field.strawberry_field and field.strawberry_field.extensions)


def says_what_it_reads(field: FieldPlan) -> bool:
    return field.strawberry_field is not None and READS in field.strawberry_field.metadata


def _survey(selection: Selection) -> Survey | None:
    """None where a value is of a class that was not declared: nobody knows what it reads."""
    if not selection.is_surveyed:
        selection.is_surveyed = True
        selection.survey = _survey_fields(selection.fields)
    return selection.survey


def _survey_fields(fields: Iterable[FieldPlan]) -> Survey | None:
    reads: set[str] = set()
    holes: list[FieldPlan] = []
    for field in fields:
        below = None if belongs_to_request(field) else survey_position(field.position)
        if below is not None:
            reads.update(below.reads, _list_reads(field))
            holes += below.holes
        elif field.slot is not None:
            holes.append(field)
        else:
            return None
    return Survey(frozenset(reads), tuple(holes))


def _list_reads(field: FieldPlan) -> frozenset[str]:
    """What a field itself declares; an attribute reads nothing."""
    if field.slot is None or field.strawberry_field is None:
        return frozenset()
    declared: frozenset[str] = field.strawberry_field.metadata[READS]
    return declared


def survey_position(position: Position) -> Survey | None:
    """What stands at a place; None as of a selection."""
    if position.kind is Kind.LEAF:
        return _NOTHING
    if position.item is not None:
        return survey_position(position.item)
    possible = list_shown_types(position.type, position.plan.schema) if position.models else None
    if possible is None:
        return None
    reads: set[str] = set()
    holes: list[FieldPlan] = []
    for object_type in possible:
        below = _survey(position.select(object_type))
        if below is None:
            return None
        reads |= below.reads
        holes += below.holes
    return Survey(frozenset(reads), tuple(holes))


def keeps_data(field: FieldPlan) -> bool:
    """Whether what a field gives is the very same object again and again, of which the data may be kept."""
    return getattr(field.resolver, "gives_kept", False) and is_read_whole(field.position)


def is_read_whole(position: Position) -> bool:
    """Whether values at a place are objects of declared classes, or lists, with nothing but attributes below."""
    if position.item is not None:
        return position.item.kind is Kind.LEAF or is_read_whole(position.item)
    selections = [position.select(object_type) for object_type in position.models.values()]
    below = [field for selection in selections for field in selection.fields]
    return bool(selections) and all(
        field.slot is None and (field.position.kind is Kind.LEAF or is_read_whole(field.position)) for field in below
    )
