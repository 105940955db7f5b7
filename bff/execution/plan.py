"""A plan: what an operation asks for, worked out once: positions, where values stand, and what is read of each.

Field collection is graphql-core's own, run when the plan is made, so that aliases, fragments, merging and conditions
are right by construction.
"""

from collections.abc import Callable, Collection
from enum import Enum, IntEnum
from inspect import Parameter
from itertools import count
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
    OperationDefinitionNode,
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

from bff.execution.models import find_identity, list_models, match_models

MAX_FIELDS = 4000
READS = "reads"
"""The key of a field's metadata that names what its value depends on."""
_DEFINITION = "strawberry-definition"


_numbers = count(1)


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
        self.climb = next((drop for drop, nullable in enumerate(reversed(self.chain)) if nullable), None)
        inner: Any = graphql_type.of_type if isinstance(graphql_type, GraphQLNonNull) else graphql_type
        self.type: Any = inner
        self.item: Position | None = None
        self.selections: dict[str, Selection] = {}
        self.models: dict[type, GraphQLObjectType] = {}
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

    def select(self, object_type: GraphQLObjectType) -> "Selection":
        """What is asked of a value of this type here; worked out at the first need."""
        selection = self.selections.get(object_type.name)
        if selection is None:
            grouped = self.plan.asked.collect_below(object_type, self.field.details)
            selection = Selection(self.plan, object_type, grouped, self.field, self.chain)
            self.selections[object_type.name] = selection
        return selection


class FieldPlan:
    """One field of one selection. `slot` numbers those that are called; `children` are the slots below its value."""

    __slots__ = (
        "attribute",
        "children",
        "definition",
        "details",
        "is_below_list",
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
        self.slot: int | None = None
        self.attribute = ""
        self.resolver: Callable[..., Any] | None = None
        self.parameters: tuple[str, ...] = ()
        self.required: frozenset[str] = frozenset()
        self.strawberry_field: StrawberryField | None = None
        self.source = self._classify(plan)
        if self.source is not Source.TYPENAME and self.source is not Source.ATTRIBUTE:
            plan.add_slot(self)
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
        if not plan.may_call_directly or not _is_plain(field) or not _has_simple_arguments(self.definition):
            return Source.RESOLVE
        resolver = field.base_resolver
        assert resolver is not None  # noqa: S101 - a field that is not basic has one
        self.resolver = resolver.wrapped_func  # type: ignore[assignment]
        self.parameters = tuple(resolver.signature.parameters)
        known = {argument.python_name for argument in resolver.arguments}
        self.required = frozenset(
            name
            for name, given in resolver.signature.parameters.items()
            if name in known and given.default is given.empty
        )
        batch = getattr(self.resolver, "batch", None)
        if batch is not None:
            self.resolver = batch
            return Source.BATCH
        return Source.DIRECT


class FragmentPlan(NamedTuple):
    """How values of one selection are kept as JSON: by `identity`, an attribute, and by what they `read`; `computed`
    are the keys that belong to each request.
    """

    number: int
    identity: str
    reads: frozenset[str]
    computed: tuple[str, ...]


class Selection:
    """The fields read of values of one object type at one position."""

    __slots__ = ("fields", "parent", "template", "type")

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
        root_type = executor.schema.get_root_type(executor.operation.operation)
        if root_type is None:
            raise Uncompilable("no root type")
        self.root = Selection(self, root_type, self.asked.collect(root_type), None, ())
        self.stages: dict[int, Any] = {}
        self.source = ""

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


def plan_fragment(plan: Plan, selection: Selection) -> FragmentPlan | None:
    """How to keep what a selection reads; None where its type is not cacheable, or every field belongs to the request.

    A field whose value holds anything that belongs to the request belongs to it whole.
    """
    identity = find_identity(selection.type)
    if identity is None or not plan.may_cache:
        return None
    reads: set[str] = set()
    computed = []
    for field in selection.fields:
        read = find_reads(field)
        if read is None:
            computed.append(field.key)
        else:
            reads |= read
    if len(computed) == len(selection.fields):
        return None
    fragment = FragmentPlan(len(plan.fragments), identity, frozenset(reads), tuple(computed))
    plan.fragments.append(fragment)
    return fragment


def find_reads(field: FieldPlan) -> frozenset[str] | None:
    """What of the request a field's value depends on; None where that was not declared."""
    own: frozenset[str] | None = frozenset()
    if field.slot is not None:
        metadata = field.strawberry_field.metadata if field.strawberry_field is not None else {}
        own = metadata.get(READS)
    below = _find_reads_below(field.position)
    return None if own is None or below is None else own | below


def _find_reads_below(position: Position) -> frozenset[str] | None:
    if position.kind is Kind.LEAF:
        return frozenset()
    if position.item is not None:
        return _find_reads_below(position.item)
    if not position.models:
        return None
    reads: frozenset[str] = frozenset()
    for object_type in position.models.values():
        for field in position.select(object_type).fields:
            found = find_reads(field)
            if found is None:
                return None
            reads |= found
    return reads


def _is_resolved_by_strawberry(definition: GraphQLField, schema: GraphQLSchema) -> bool:
    """Whether the field's resolver is the one that Strawberry made, with nothing around it."""
    converter = getattr(getattr(schema, "_strawberry_schema", None), "schema_converter", None)
    if converter is None or converter.exception_handlers:
        return False
    name: str = getattr(definition.resolve, "__qualname__", "")
    return name.startswith("GraphQLCoreConverter.from_resolver.")


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


def _holds_list(graphql_type: Any) -> bool:
    return isinstance(graphql_type, GraphQLList) or (
        isinstance(graphql_type, GraphQLNonNull) and isinstance(graphql_type.of_type, GraphQLList)
    )
