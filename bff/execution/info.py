"""What resolvers learn of the field that they are called for."""

from typing import Any

from graphql import GraphQLResolveInfo
from graphql.execution.executor import Executor
from graphql.pyutils import Path

from bff.execution.outcomes import Deoptimise
from bff.execution.plan import FieldPlan


class SharedInfo:
    """Shared by all parents of a field: `path` is known only where no list is above."""

    __slots__ = ("_executor", "_field", "context")

    def __init__(self, executor: Executor[Any], field: FieldPlan) -> None:
        self._executor = executor
        self._field = field
        self.context = executor.context_value

    def __getattr__(self, name: str) -> Any:
        if name == "path" and self._field.is_below_list:
            raise Deoptimise("info.path")
        return getattr(self.whole, name)

    @property
    def whole(self) -> "GraphQLResolveInfo[Any]":
        """What graphql-core would have made, but that the path has no indices of lists."""
        field = self._field
        return self._executor.build_resolve_info(field.definition, field.nodes, field.parent_type, make_path(field))


def make_path(field: FieldPlan) -> Path:
    above = make_path(field.parent) if field.parent is not None else None
    return Path(above, field.key, field.parent_type.name)
