"""Calls the resolver of a field for all its parents of a level."""

from typing import Any

from graphql.execution.executor import Executor

from bff.execution.arguments import Binder
from bff.execution.info import SharedInfo
from bff.execution.outcomes import Deoptimise, Failed, close_unstarted
from bff.execution.plan import FieldPlan, Stage


class Caller:
    """For one execution; `config` and `scalars` are Strawberry's."""

    __slots__ = ("_binder", "_config", "_executor")

    def __init__(self, executor: Executor[Any], config: Any, scalars: Any) -> None:
        self._executor = executor
        self._config = config
        self._binder = Binder(executor, config, scalars)

    def call(self, field: FieldPlan, stage: Stage | None, parents: list[Any]) -> list[Any]:
        """One value, or a stand-in, a parent. Raises what binding the arguments raises."""
        raw, arguments = self._binder.bind(field)
        shared = SharedInfo(self._executor, field)
        call = field.resolver if field.is_batch else stage.call if stage is not None else None
        if call is None or arguments is None:
            return self._call_each(field, parents, shared, raw)
        info = self._config.info_class(_raw_info=shared, _field=field.strawberry_field)
        values: list[Any]
        if field.is_batch:
            values = check_count(field, call(parents, info, **arguments), len(parents))
        else:
            values = call(parents, info, arguments)
        return values

    def _call_each(
        self, field: FieldPlan, parents: list[Any], shared: SharedInfo, arguments: dict[str, Any]
    ) -> list[Any]:
        """As graphql-core calls it."""
        resolve = field.definition.resolve or self._executor.field_resolver
        info: Any = shared if field.is_below_list else shared.whole
        values: list[Any] = []
        try:
            for parent in parents:
                values.append(_call_one(resolve, parent, info, arguments))  # noqa: PERF401 - kept, to be closed
        except Deoptimise:
            for value in values:
                close_unstarted(value)
            raise
        return values


def check_count(field: FieldPlan, values: Any, count: int) -> Any:
    """What a batch gave: a value for each parent, or a promise of them."""
    if isinstance(values, list | tuple) and len(values) != count:
        raise TypeError(f"{field.parent_type}.{field.name} gave {len(values)} values for {count} parents.")
    return values


def _call_one(resolve: Any, parent: Any, info: Any, arguments: dict[str, Any]) -> Any:
    try:
        return resolve(parent, info, **arguments)
    except Exception as error:
        return Failed(error)
