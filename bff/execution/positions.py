"""Places in an answer: what may stand there, and what becomes null when it fails."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_list_type,
    is_object_type,
)

from bff.execution.models import list_models, match_models

if TYPE_CHECKING:
    from bff.execution.plan import FieldPlan, FragmentPlan, Plan, Selection
    from bff.execution.sharing import SharedLists

_NONE: Any = MappingProxyType({})


class Kind(IntEnum):
    LEAF = 0
    LIST = 1
    OBJECT = 2
    ABSTRACT = 3


class Position:
    """A place in the answer. `climb` is how many segments of a path to drop for what becomes null when it fails: 0
    where the place itself may be null, None where nothing above may be. `models` are the declared classes of its
    values, each with its type. `fragment` is how a list here is kept, `shared` what answers share of it.
    """

    __slots__ = (
        "climb",
        "field",
        "fragment",
        "item",
        "kind",
        "models",
        "nullable",
        "plan",
        "selections",
        "shared",
        "type",
    )

    def __init__(
        self, plan: "Plan", field: "FieldPlan", graphql_type: GraphQLOutputType, climb_above: int | None
    ) -> None:
        """`climb_above` is that of the place which this one is in."""
        self.plan = plan
        self.field = field
        inner: Any = graphql_type
        self.nullable = not isinstance(graphql_type, GraphQLNonNull)
        if isinstance(graphql_type, GraphQLNonNull):
            inner = graphql_type.of_type
            self.climb = None if climb_above is None else climb_above + 1
        else:
            self.climb = 0
        self.type: Any = inner
        self.item: Position | None = None
        self.fragment: FragmentPlan | None = None
        self.shared: SharedLists | None = None
        self.models: Mapping[type, GraphQLObjectType] = _NONE
        if is_list_type(inner):
            self.kind = Kind.LIST
            self.item = Position(plan, field, inner.of_type, self.climb)
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
            selection = self.selections[object_type.name] = self.plan.select(object_type, self.field, self.climb)
        return selection
