"""What an operation may cost, worked out before it runs: an upper bound of the values it asks for.

A document is worked out once, into sums over its variables; a request only fills in the variables. Every fragment is
worked out once and filled in once, so that fragments within fragments cost no time.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from bff.domain.costs import CostMap, Size
from bff.errors import TooExpensive
from bff.http.cost_sums import Factor, Part, Sum, count_values
from bff.http.limits import MAX_TOLD

UNDECLARED_SIZE = 20
"""Values that a list counts for when nothing is declared of it."""
COST_LIMIT = 120_000
"""A little more than the largest home that may be asked for: 40 rows of 75 cards, all its values counted."""
_KEPT_OPERATIONS = 1000


class OperationCost:
    """The cost of one operation, for any variables."""

    def __init__(self, total: Sum, defaults: Mapping[str, Any]) -> None:
        self._total = total
        self._defaults = defaults

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same for all variables."""
        return not self._total.terms

    def fill_in(self, variables: Mapping[str, Any] | None) -> int:
        """`variables` as the client sent them; what does not fit counts as if it were not there."""
        return self._total.fill_in({**self._defaults, **variables} if variables else self._defaults, {})


class CostRules:
    """The costs of one schema's operations; bounded, least recently used out first."""

    def __init__(self, schema: GraphQLSchema, declared: CostMap) -> None:
        self.schema = schema
        self._declared = declared
        self._known: OrderedDict[int, tuple[OperationDefinitionNode, OperationCost]] = OrderedDict()

    def check(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        limit: int,
    ) -> int:
        """The operation's cost.

        Raises TooExpensive above `limit`.
        """
        cost = self.find(document, operation).fill_in(variables)
        check_cost(cost, limit)
        return cost

    def find(self, document: DocumentNode, operation: OperationDefinitionNode) -> OperationCost:
        """The operation must be the document's own node: it is known again by its identity."""
        key = id(operation)
        known = self._known.get(key)
        if known is not None and known[0] is operation:
            self._known.move_to_end(key)
            return known[1]
        cost = work_out_cost(self.schema, self._declared, document, operation)
        self._known[key] = (operation, cost)
        if len(self._known) > _KEPT_OPERATIONS:
            self._known.popitem(last=False)
        return cost


def check_cost(cost: int, limit: int) -> None:
    """Raises TooExpensive above the limit."""
    if cost > limit:
        told = str(cost) if cost <= MAX_TOLD else f"over {MAX_TOLD}"
        raise TooExpensive(
            f"The operation may cost {told}; at most {limit} is served. Ask for smaller pages or fewer fields.",
            cost=min(cost, MAX_TOLD),
            limit=limit,
        )


def work_out_cost(
    schema: GraphQLSchema, declared: CostMap, document: DocumentNode, operation: OperationDefinitionNode
) -> OperationCost:
    """Takes documents that are not valid, too: what the schema does not know counts 1."""
    total = _Counter(schema, declared, document).count_selections(
        operation.selection_set, schema.get_root_type(operation.operation)
    )
    defaults = {
        definition.variable.name.value: _read_literal(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    return OperationCost(total.once, defaults)


class _Counter:
    """Turns one document's selections into sums."""

    def __init__(self, schema: GraphQLSchema, declared: CostMap, document: DocumentNode) -> None:
        self._schema = schema
        self._declared = declared
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._counted: dict[str, Part] = {}

    def count_selections(self, selection_set: SelectionSetNode, parent: Any) -> Part:
        once, each = Sum(), Sum()
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                is_edges = selection.name.value == "edges" and _is_connection(parent)
                (each if is_edges else once).add(1, self._count_field(selection, parent))
                continue
            if isinstance(selection, FragmentSpreadNode):
                part = self._count_fragment(selection.name.value)
            else:
                part = self._count_inline_fragment(selection, parent)  # type: ignore[arg-type]
            once.add(1, part.once)
            each.add(1, part.each)
        return Part(once, each)

    def _count_inline_fragment(self, fragment: InlineFragmentNode, parent: Any) -> Part:
        condition = fragment.type_condition
        return self.count_selections(
            fragment.selection_set, self._schema.get_type(condition.name.value) if condition is not None else parent
        )

    def _count_fragment(self, name: str) -> Part:
        part = self._counted.get(name)
        if part is None:
            self._counted[name] = Part(Sum(), Sum())  # a fragment within itself: validation refuses it
            definition = self._fragments.get(name)
            if definition is None:
                return self._counted[name]
            condition = self._schema.get_type(definition.type_condition.name.value)
            part = self._counted[name] = self.count_selections(definition.selection_set, condition)
        return part

    def _count_field(self, node: FieldNode, parent: Any) -> Sum:
        name = node.name.value
        total = Sum()
        definition = self._find_field(parent, name)
        total.constant = self._find(self._declared.weights, parent, name) or 1
        if node.selection_set is None:
            return total
        named = get_named_type(definition.type) if definition is not None else None
        part = self.count_selections(node.selection_set, named if is_composite_type(named) else None)
        factor = self._size_field(node, parent, definition)
        if definition is None or name.startswith("__") or (parent is not None and parent.name.startswith("__")):
            # Introspection reads what is in memory, and validation bounds its depth.
            total.add(1, part.once)
        elif _is_connection(named):
            total.add(1, part.once)
            total.add(factor, part.each)
        elif _is_list(definition) and not (name == "edges" and _is_connection(parent)):
            total.add(factor, part.once)
        else:
            total.add(1, part.once)
        return total

    def _size_field(self, node: FieldNode, parent: Any, definition: GraphQLField | None) -> Factor:
        size = self._find(self._declared.sizes, parent, node.name.value)
        if size is None:
            size = Size(UNDECLARED_SIZE, UNDECLARED_SIZE, None)
        if size.argument is None:
            return Factor(size, fixed=size.default)
        for argument in node.arguments or ():
            if argument.name.value == size.argument:
                if isinstance(argument.value, VariableNode):
                    return Factor(size, variable=argument.value.name.value)
                return Factor(size, fixed=count_values(_read_literal(argument.value), size))
        argument_definition = definition.args.get(size.argument) if definition is not None else None
        return Factor(size, fixed=count_values(_read_default(argument_definition), size))

    def _find(self, declared: Mapping[str, Any], parent: Any, name: str) -> Any:
        if parent is None:
            return None
        found = declared.get(f"{parent.name}.{name}")
        if found is None and is_object_type(parent):
            found = next(
                (held for face in parent.interfaces if (held := declared.get(f"{face.name}.{name}")) is not None), None
            )
        return found

    def _find_field(self, parent: Any, name: str) -> GraphQLField | None:
        if is_object_type(parent) or is_interface_type(parent):
            return self._schema.get_field(parent, name)
        return None


def _read_default(argument: GraphQLArgument | None) -> Any:
    if argument is None:
        return None
    given = argument.default
    if given is not None:  # of a schema that was built from a text
        return _read_literal(given.literal) if isinstance(given.literal, ValueNode) else given.value
    return argument.default_value


def _read_literal(node: ValueNode) -> Any:
    """A number, the list that stands there, or None for anything else."""
    if isinstance(node, IntValueNode):
        return int(node.value) if len(node.value) < 20 else 10**20
    if isinstance(node, ListValueNode):
        return list(node.values)
    return None


def _is_connection(named: Any) -> bool:
    return named is not None and named.name.endswith("Connection")


def _is_list(definition: GraphQLField) -> bool:
    inner: Any = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    return is_list_type(inner)
