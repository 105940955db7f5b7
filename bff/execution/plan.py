"""A plan: what an operation asks for, worked out once: positions, where values stand, and what is read of each.

Field collection is graphql-core's own, run when the plan is made, so that aliases, fragments, merging and conditions
are right by construction.
"""

from collections.abc import Callable, Collection, Mapping
from enum import Enum, IntEnum
from inspect import Parameter
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from bff.execution.models import find_identity, is_kept_in_lists, list_models, list_shown_types, match_models

MAX_FIELDS = 4000
READS = "reads"
"""The key of a field's metadata that names what its value depends on."""
_DEFINITION = "strawberry-definition"
_CALL = "compiled-call"
"""The key of a field definition's extensions that keeps how it is called."""


_numbers = count(1)
_NONE: Any = MappingProxyType({})


class Uncompilable(Exception):
    """The operation goes to graphql-core; `reason` is one of few words, to be counted by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Kind(IntEnum):
    LEAF = 0
    LIST = 1
    OBJECT = 2
    ABSTRACT = 3


class Source(Enum):
    """Where a field's value comes from."""

    TYPENAME = "typename"
    ATTRIBUTE = "attribute"
    DIRECT = "direct"
    BATCH = "batch"
    RESOLVE = "resolve"
    DEFAULT = "default"


class Position:
    """A place in the answer. `climb` is how many segments of a path to drop for what becomes null when it fails; it is
    0 where the place itself may be null, None where nothing above may be.
    """

    __slots__ = (
        "chain",
        "climb",
        "details",
        "field",
        "item",
        "kind",
        "models",
        "nullable",
        "plan",
        "selections",
        "type",
    )

    def __init__(
        self, plan: "Plan", field: "FieldPlan", graphql_type: GraphQLOutputType, chain: tuple[bool, ...]
    ) -> None:
        self.plan = plan
        self.field = field
        self.nullable = not is_non_null_type(graphql_type)
        self.chain = (*chain, self.nullable)
        self.climb = 0 if self.nullable else _find_climb(self.chain)
        inner: Any = graphql_type.of_type if isinstance(graphql_type, GraphQLNonNull) else graphql_type
        self.type: Any = inner
        self.item: Position | None = None
        self.models: Mapping[type, GraphQLObjectType] = _NONE
        if is_list_type(inner):
            self.kind = Kind.LIST
            self.item = Position(plan, field, inner.of_type, self.chain)
        elif is_object_type(inner):
            self.kind = Kind.OBJECT
            self.models = dict.fromkeys(list_models(inner), inner)
        elif is_abstract_type(inner):
            self.kind = Kind.ABSTRACT
            self.models = match_models(inner, plan.schema)
        else:
            self.kind = Kind.LEAF
        self.selections: dict[str, Selection] = {} if self.kind >= Kind.OBJECT else _NONE

    def select(self, object_type: GraphQLObjectType) -> "Selection":
        """What is asked of a value of this type here; worked out at the first need."""
        selection = self.selections.get(object_type.name)
        if selection is None:
            selection = self.selections[object_type.name] = self.plan.select(object_type, self.field, self.chain)
        return selection


def _find_climb(chain: tuple[bool, ...]) -> int | None:
    for drop, nullable in enumerate(reversed(chain)):
        if nullable:
            return drop
    return None


class FieldPlan:
    """One field of one selection. `slot` numbers those that are called; `children` are the slots below its value.
    `is_hole`: it belongs to each request, within what is kept for all, and `group` is the slot that answers it there.
    `variables` are those that its arguments come
    from, None where an argument is an object or a list, which each call has of its own; `bindings` remember a few.
    """

    __slots__ = (
        "attribute",
        "bindings",
        "children",
        "definition",
        "details",
        "group",
        "is_below_list",
        "is_hole",
        "key",
        "name",
        "nodes",
        "parameters",
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
        chain: tuple[bool, ...],
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
        if any(detail.fragment_variable_values for detail in details):
            raise Uncompilable("fragment variables")
        self.definition: GraphQLField = definition
        self.children: list[int] = []
        self.is_hole = False
        self.group = -1
        self.slot: int | None = None
        self.attribute = ""
        self.resolver: Callable[..., Any] | None = None
        self.parameters: tuple[str, ...] = ()
        self.required: frozenset[str] = frozenset()
        self.variables: tuple[str, ...] | None = None
        self.bindings: dict[tuple[Any, ...], Any] = _NONE
        self.strawberry_field: StrawberryField | None = None
        self.source = self._classify(plan)
        if self.source is not Source.TYPENAME and self.source is not Source.ATTRIBUTE:
            plan.add_slot(self)
            self.bindings = {}
        self.position = Position(plan, self, definition.type, chain)

    @property
    def base_resolver(self) -> StrawberryResolver[Any]:
        """Of a field that is called directly."""
        assert self.strawberry_field is not None  # noqa: S101
        assert self.strawberry_field.base_resolver is not None  # noqa: S101
        return self.strawberry_field.base_resolver

    @property
    def yields_list(self) -> bool:
        inner: Any = self.definition.type
        while not isinstance(inner, GraphQLNamedType):
            if is_list_type(inner):
                return True
            inner = inner.of_type
        return False

    def _classify(self, plan: "Plan") -> Source:
        if self.name == "__typename":
            return Source.TYPENAME
        field = self.definition.extensions.get(_DEFINITION)
        if not isinstance(field, StrawberryField) or not _is_resolved_by_strawberry(self.definition, plan.schema):
            return Source.RESOLVE if self.definition.resolve is not None else Source.DEFAULT
        self.strawberry_field = field
        if field.is_basic_field and field.default_resolver is getattr and type(field) is StrawberryField:
            self.attribute = field.python_name
            return Source.ATTRIBUTE
        call = _find_direct_call(self.definition, field) if plan.may_call_directly else None
        if call is None:
            return Source.RESOLVE
        source, self.resolver, self.parameters, self.required = call
        self.variables = _list_variables(self.nodes[0])
        return source


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


class Selection:
    """The fields read of values of one object type at one position."""

    __slots__ = ("fields", "fragment", "parent", "plan", "template", "type")

    def __init__(
        self,
        plan: "Plan",
        object_type: GraphQLObjectType,
        grouped: dict[str, Any],
        parent: FieldPlan | None,
        chain: tuple[bool, ...],
    ) -> None:
        self.type = object_type
        self.parent = parent
        self.plan = plan
        self.fragment: FragmentPlan | None = None
        plan.count_fields(len(grouped))
        self.fields = [
            FieldPlan(plan, object_type, key, details, parent=parent, chain=chain) for key, details in grouped.items()
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


class Plan:
    """An operation, worked out for one set of values of its conditions: the variables that @skip and @include look at.

    Nothing else of the request that it was made for stays with it.
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
        self.number = next(_numbers)
        self.slots: list[FieldPlan] = []
        self.fields = 0
        self.batches: dict[tuple[Any, ...], int] = {}
        self._selections: dict[tuple[Any, ...], Selection] = {}
        root_type = executor.schema.get_root_type(executor.operation.operation)
        if root_type is None:
            raise Uncompilable("no root type")
        self.root = Selection(self, root_type, self.asked.collect(root_type), None, ())
        self.first_slots = [field.slot for field in self.slots if find_owner(field.parent) is None]
        self.stages: dict[int, Any] = {}
        self.texts: list[str] = []

    @property
    def source(self) -> str:
        """The text of all functions that were generated for it."""
        return "\n".join(self.texts)

    def select(self, object_type: GraphQLObjectType, field: FieldPlan, chain: tuple[bool, ...]) -> "Selection":
        """What is asked of a value of this type below a field. In a list the fields of several types may hold the same:
        then they share it, and its fields are called for all of them at once.
        """
        key = None
        if field.is_below_list or field.yields_list:
            owner = find_owner(field)
            nodes = tuple(id(node) for node in field.nodes)
            key = (object_type.name, chain, owner.slot if owner is not None else None, nodes)
            shared = self._selections.get(key)
            if shared is not None:
                return shared
        selection = Selection(self, object_type, self.asked.collect_below(object_type, field.details), field, chain)
        if key is not None:
            self._selections[key] = selection
        return selection

    def add_slot(self, field: FieldPlan) -> None:
        field.slot = len(self.slots)
        self.slots.append(field)
        above = field.parent
        while above is not None and above.slot is None:
            above = above.parent
        if above is not None:
            above.children.append(field.slot)

    def count_fields(self, count: int) -> None:
        self.fields += count
        if self.fields > MAX_FIELDS:
            raise Uncompilable("too many fields")


def plan_fragment(selection: Selection) -> FragmentPlan | None:
    """How to keep what a selection reads; None where its type is not cacheable, or nothing of it can be kept."""
    identity = find_identity(selection.type)
    if identity is None or not selection.plan.may_cache or all(map(_belongs_to_request, selection.fields)):
        return None
    if selection.fragment is None:
        selection.fragment = _keep(selection.plan, identity, _survey(selection))
    return selection.fragment


def plan_list_fragment(plan: Plan, items: Position) -> FragmentPlan | None:
    """How to keep a `KeptList` whose items stand at this place; None where no type of theirs says there are such."""
    if not plan.may_cache or not any(is_kept_in_lists(object_type) for object_type in items.models.values()):
        return None
    return _keep(plan, "number", _survey_position(items))


class _Survey(NamedTuple):
    """What is found below a value: what its fields read of the request, and those that belong to it."""

    reads: frozenset[str] = frozenset()
    holes: tuple[FieldPlan, ...] = ()

    def join(self, other: "_Survey") -> "_Survey":
        return _Survey(self.reads | other.reads, self.holes + other.holes)


def _keep(plan: Plan, identity: str, survey: _Survey | None) -> FragmentPlan | None:
    if survey is None:
        return None
    for hole in survey.holes:
        _mark_hole(plan, hole)
    fragment = FragmentPlan(len(plan.fragments), identity, tuple(sorted(survey.reads)))
    plan.fragments.append(fragment)
    return fragment


def _mark_hole(plan: Plan, hole: FieldPlan) -> None:
    """A hole's stage runs after that of any field above it: those below the fragment have none where it was found.

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
        if above.slot is not None:
            above.children += [called for called in (slot, hole.group) if called not in above.children]
        above = above.parent


def _belongs_to_request(field: FieldPlan) -> bool:
    """Whether a field did not declare what of the request its value depends on. What stands around a resolver, a
    permission, say, declares nothing.
    """
    if field.slot is None:
        return False
    declared = field.strawberry_field
    return declared is None or READS not in declared.metadata or bool(declared.extensions)


def _survey(selection: Selection) -> _Survey | None:
    """None where a value is of a class that was not declared: nobody knows what it reads."""
    survey = _Survey()
    for field in selection.fields:
        if _belongs_to_request(field):
            survey = survey.join(_Survey(holes=(field,)))
            continue
        below = _survey_position(field.position)
        if below is None and field.slot is None:
            return None
        if below is None:
            survey = survey.join(_Survey(holes=(field,)))
            continue
        own: frozenset[str] = frozenset()
        if field.slot is not None and field.strawberry_field is not None:
            own = field.strawberry_field.metadata[READS]
        survey = survey.join(below).join(_Survey(reads=own))
    return survey


def _survey_position(position: Position) -> _Survey | None:
    if position.kind is Kind.LEAF:
        return _Survey()
    if position.item is not None:
        return _survey_position(position.item)
    possible = list_shown_types(position.type, position.plan.schema) if position.models else None
    if possible is None:
        return None
    survey = _Survey()
    for object_type in possible:
        below = _survey(position.select(object_type))
        if below is None:
            return None
        survey = survey.join(below)
    return survey


def _is_resolved_by_strawberry(definition: GraphQLField, schema: GraphQLSchema) -> bool:
    """Whether the field's resolver is the one that Strawberry made, with nothing around it."""
    converter = getattr(getattr(schema, "_strawberry_schema", None), "schema_converter", None)
    if converter is None or converter.exception_handlers:
        return False
    name: str = getattr(definition.resolve, "__qualname__", "")
    return name.startswith("GraphQLCoreConverter.from_resolver.")


class _DirectCall(NamedTuple):
    """How a field's resolver is called with nothing in between: `required` are its arguments without a default."""

    source: Source
    resolver: Callable[..., Any]
    parameters: tuple[str, ...]
    required: frozenset[str]


def _find_direct_call(definition: GraphQLField, field: StrawberryField) -> _DirectCall | None:
    """None where there is more to it than calling the function. Worked out once a schema."""
    found: _DirectCall | None = definition.extensions.get(_CALL)
    if found is None and _CALL not in definition.extensions:
        is_direct = _is_plain(field) and _has_simple_arguments(definition)
        found = definition.extensions[_CALL] = _describe_call(field) if is_direct else None
    return found


def _describe_call(field: StrawberryField) -> _DirectCall:
    resolver = field.base_resolver
    assert resolver is not None  # noqa: S101 - a field that is not basic has one
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
    parameters = resolver.signature.parameters
    known = {argument.python_name for argument in resolver.arguments}
    required = frozenset(name for name, given in parameters.items() if name in known and given.default is given.empty)
    batch = getattr(function, "batch", None)
    source = Source.DIRECT if batch is None else Source.BATCH
    return _DirectCall(source, function if batch is None else batch, tuple(parameters), required)


def _is_plain(field: StrawberryField) -> bool:
    """Whether calling the resolver's function is all there is to it, with parameters that are known by name."""
    resolver = field.base_resolver
    if (
        resolver is None
        or field.extensions
        or field.permission_classes
        or type(field).get_result is not StrawberryField.get_result
        or not callable(resolver.wrapped_func)
    ):
        return False
    special = (resolver.root_parameter, resolver.parent_parameter, resolver.info_parameter)
    known = {owner.name for owner in special if owner is not None}
    known |= {argument.python_name for argument in resolver.arguments}
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return all(name in known and given.kind in kinds for name, given in resolver.signature.parameters.items())


def _has_simple_arguments(definition: GraphQLField) -> bool:
    """Input objects and lists are mutable: a resolver must not share them with another call."""
    return not any(
        isinstance(get_named_type(argument.type), GraphQLInputObjectType) or _holds_list(argument.type)
        for argument in definition.args.values()
    )


def _list_variables(node: FieldNode) -> tuple[str, ...] | None:
    """None where an argument is an object or a list."""
    values = [argument.value for argument in node.arguments or ()]
    if any(isinstance(value, ObjectValueNode | ListValueNode) for value in values):
        return None
    return tuple(value.name.value for value in values if isinstance(value, VariableNode))


def _holds_list(graphql_type: Any) -> bool:
    return isinstance(graphql_type, GraphQLList) or (
        isinstance(graphql_type, GraphQLNonNull) and isinstance(graphql_type.of_type, GraphQLList)
    )
