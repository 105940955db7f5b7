"""Binds the arguments of fields; those that cannot be changed by a call once for each set of variables."""

from enum import Enum
from typing import Any

from graphql import Undefined
from graphql.execution.executor import Executor
from graphql.execution.values import get_argument_values

from bff.execution.inputs import make_conversion
from bff.execution.plan import FieldPlan

Binding = tuple[dict[str, Any], dict[str, Any] | None]
"""Arguments as graphql-core hands them on, and as the resolver's function takes them; None where it lacks some."""
_NO_ARGUMENTS: Binding = ({}, {})
_MOST_KEPT = 16
_EXACT = frozenset({str, int, bool, type(None), type(Undefined)})


class Binder:
    """Binds for one execution; `config` and `scalars` are Strawberry's. Raises what coercing a value raises."""

    __slots__ = ("_config", "_executor", "_scalars")

    def __init__(self, executor: Executor[Any], config: Any, scalars: Any) -> None:
        self._executor = executor
        self._config = config
        self._scalars = scalars

    def bind(self, field: FieldPlan) -> Binding:
        if not field.definition.args and not field.nodes[0].arguments:
            return _NO_ARGUMENTS
        if field.variables is None:
            return self._bind_anew(field)
        coerced = self._executor.variable_values.coerced
        values = [coerced.get(name, Undefined) for name in field.variables]
        kinds = [type(value) for value in values]
        if not _EXACT.issuperset(kinds) and not all(map(_is_exact, values)):
            return self._bind_anew(field)
        key = (*values, *kinds)
        known: Binding | None = field.bindings.get(key)
        if known is None:
            known = self._bind_anew(field)
            if all(map(_is_exact, known[0].values())):
                if len(field.bindings) >= _MOST_KEPT:
                    field.bindings.clear()
                field.bindings[key] = known
        return known

    def _bind_anew(self, field: FieldPlan) -> Binding:
        executor = self._executor
        raw = get_argument_values(
            field.definition, field.nodes[0], executor.variable_values, hide_suggestions=executor.hide_suggestions
        )
        if field.strawberry_field is None or field.resolver is None:
            return raw, None
        if field.convert is None:
            field.convert = make_conversion(field.strawberry_field.arguments, self._scalars, self._config)
        converted = field.convert(raw)
        return raw, converted if field.required <= converted.keys() else None


def _is_exact(value: Any) -> bool:
    """Whether a value cannot change, and is the same as any equal one of its type."""
    return type(value) in _EXACT or isinstance(value, Enum)
