"""A plan: what an operation asks for, worked out once: positions, where values stand, and what is read of each.

Field collection is graphql-core's own, run when the plan is made, so that aliases, fragments, merging and conditions
are right by construction.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from bff.execution.positions import Position
from bff.execution.sources import Call, Source, find_call, list_variables

MAX_FIELDS = 1000
"""Of one plan, which is made in one go: that takes 40 ms of so many, and nobody else is served meanwhile."""
_NONE: Any = MappingProxyType({})
_TYPENAME = Call(Source.TYPENAME)
_numbers = count(1)


class Uncompilable(Exception):
    """The operation goes to graphql-core; `reason` is one of few words, to be counted by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FieldPlan:
    """One field of one selection. `slot` numbers those that are called; `children` are the slots below its value.
    `is_hole`: it belongs to each request, within what is kept for all, and `group` is the slot that answers it there.
    `variables` are those that its arguments come from, None where an argument is an object or a list, which each call
    has of its own; `bindings` remember a few. `convert` makes of arguments what its resolver takes, once it is known.
    """

    __slots__ = (
        "attribute",
        "bindings",
        "children",
        "convert",
        "definition",
        "details",
        "group",
        "is_batch",
        "is_below_list",
        "is_hole",
        "key",
        "name",
        "nodes",
        "parent",
        "parent_type",
        "position",
        "required",
        "resolver",
        "slot",
        "source",
        "strawberry_field",
        "variables",
    )

    def __init__(
        self,
        plan: "Plan",
        parent_type: GraphQLObjectType,
        key: str,
        details: list[Any],
        *,
        parent: "FieldPlan | None",
        climb: int | None,
    ) -> None:
        self.key = key
        self.details = details
        self.nodes: list[FieldNode] = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.is_below_list: bool = parent is not None and (parent.is_below_list or parent.yields_list)
        self.parent = parent
        self.parent_type = parent_type
        definition = plan.schema.get_field(parent_type, self.name)
        if definition is None:
            raise Uncompilable("unknown field")
        for detail in details:
            if detail.fragment_variable_values:
                raise Uncompilable("fragment variables")
        self.definition: GraphQLField = definition
        self.children: list[int] = []
        self.is_hole = False
        self.group = -1
        self.slot: int | None = None
        call = _TYPENAME
        if self.name != "__typename":
            call = find_call(
                definition,
                plan.schema,
                may_call_directly=plan.may_call_directly,
                is_called_once=parent is None,
            )
        self.source: Source = call.source
        self.is_batch = call.source is Source.BATCH
        self.strawberry_field: StrawberryField | None = call.field
        self.attribute: str = call.attribute
        self.resolver: Callable[..., Any] | None = call.resolver
        self.required: frozenset[str] = call.required
        self.variables = list_variables(self.nodes[0]) if call.resolver is not None else None
        self.bindings: dict[tuple[Any, ...], Any] = _NONE
        self.convert: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
        if self.source is not Source.TYPENAME and self.source is not Source.ATTRIBUTE:
            plan.add_slot(self)
            self.bindings = {}
        self.position = Position(plan, self, definition.type, climb)

    @property
    def base_resolver(self) -> StrawberryResolver[Any]:
        """Of a field that is called directly."""
        assert self.strawberry_field is not None  # noqa: S101
        assert self.strawberry_field.base_resolver is not None  # noqa: S101
        return self.strawberry_field.base_resolver

    @property
    def yields_list(self) -> bool:
        return self.position.item is not None


def find_owner(field: FieldPlan | None) -> FieldPlan | None:
    """The nearest field above, itself included, that is called."""
    while field is not None and field.slot is None:
        field = field.parent
    return field


class FragmentPlan(NamedTuple):
    """How values at one place are kept as JSON: by `identity`, an attribute, and by what they `read`. What belongs to
    each request is computed anew, at any depth.
    """

    number: int
    identity: str
    reads: tuple[str, ...]


class Survey(NamedTuple):
    """What is found below a value: what its fields read of the request, and those that belong to it."""

    reads: frozenset[str]
    holes: tuple[FieldPlan, ...]


class Selection:
    """The fields read of values of one object type at one position; `survey` is of them, once it `is_surveyed`."""

    __slots__ = ("fields", "fragment", "is_surveyed", "plan", "survey", "template", "type")

    def __init__(
        self,
        plan: "Plan",
        object_type: GraphQLObjectType,
        grouped: dict[str, Any],
        parent: FieldPlan | None,
        climb: int | None,
    ) -> None:
        self.type = object_type
        self.plan = plan
        self.fragment: FragmentPlan | None = None
        self.is_surveyed = False
        self.survey: Survey | None = None
        plan.count_fields(len(grouped))
        self.fields = [
            FieldPlan(plan, object_type, key, details, parent=parent, climb=climb) for key, details in grouped.items()
        ]
        self.template: dict[str, Any] = {
            field.key: object_type.name if field.source is Source.TYPENAME else None for field in self.fields
        }


class Asked(NamedTuple):
    """What is asked for, the same in every execution of a plan: `variables` are those of its conditions alone."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues

    def collect(self, root_type: GraphQLObjectType) -> dict[str, Any]:
        return collect_fields(self.schema, self.fragments, self.variables, root_type, self.operation).grouped_field_set

    def collect_below(self, object_type: GraphQLObjectType, details: list[Any]) -> dict[str, Any]:
        return collect_subfields(
            self.schema, self.fragments, self.variables, self.operation, object_type, details
        ).grouped_field_set


@dataclass(frozen=True, slots=True)
class Stage:
    """`call(parents, info, arguments)` gives a value a parent; `complete(building, holders, values)` puts these in
    place. `read(values)` gives the leaves that good values are; None where there is another among them.
    """

    call: Callable[..., list[Any]] | None
    complete: Callable[..., None]
    read: Callable[[list[Any]], list[Any] | None] | None


class Plan:
    """An operation, worked out for one set of values of its conditions: the variables that @skip and @include look at.

    Nothing else of the request that it was made for stays with it. `variant` are those values, `reads` what any of its
    fragments reads.
    """

    def __init__(
        self,
        executor: "Executor[Any]",
        conditions: Collection[str] = (),
        *,
        may_call_directly: bool,
        may_cache: bool = False,
    ) -> None:
        given = executor.variable_values
        self.asked = Asked(
            executor.schema,
            executor.fragments,
            executor.operation,
            VariableValues(
                {name: source for name, source in given.sources.items() if name in conditions},
                {name: value for name, value in given.coerced.items() if name in conditions},
            ),
        )
        self.schema = executor.schema
        self.may_call_directly = may_call_directly
        self.may_cache = may_cache
        self.fragments: list[FragmentPlan] = []
        self.reads: tuple[str, ...] = ()
        self.number = next(_numbers)
        self.slots: list[FieldPlan] = []
        self.fields = 0
        self.batches: dict[tuple[Any, ...], int] = {}
        self._selections: dict[tuple[Any, ...], Selection] = {}
        root_type = executor.schema.get_root_type(executor.operation.operation)
        if root_type is None:
            raise Uncompilable("no root type")
        self.root = Selection(self, root_type, self.asked.collect(root_type), None, None)
        self.first_slots = [slot for slot, field in enumerate(self.slots) if find_owner(field.parent) is None]
        self.variant: tuple[Any, ...] = ()
        self.stages: dict[int, Stage] = {}
        self.texts: list[str] = []

    @property
    def source(self) -> str:
        """The text of all functions that were generated for it."""
        return "\n".join(self.texts)

    def select(self, object_type: GraphQLObjectType, field: FieldPlan, climb: int | None) -> "Selection":
        """What is asked of a value of this type below a field. In a list the fields of several types may hold the same:
        then they share it, and its fields are called for all of them at once.
        """
        key = None
        if field.is_below_list or field.yields_list:
            owner = find_owner(field)
            nodes = tuple(id(node) for node in field.nodes)
            key = (object_type.name, climb, owner.slot if owner is not None else None, nodes)
            shared = self._selections.get(key)
            if shared is not None:
                return shared
        selection = Selection(self, object_type, self.asked.collect_below(object_type, field.details), field, climb)
        if key is not None:
            self._selections[key] = selection
        return selection

    def add_slot(self, field: FieldPlan) -> None:
        field.slot = len(self.slots)
        self.slots.append(field)
        owner = find_owner(field.parent)
        if owner is not None:
            owner.children.append(field.slot)

    def count_fields(self, count: int) -> None:
        self.fields += count
        if self.fields > MAX_FIELDS:
            raise Uncompilable("too many fields")
