"""Holds the compiled executor to graphql-core: the same data as JSON text, and the same errors."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import strawberry
from graphql import DirectiveNode, DocumentNode, ExecutionResult, NameNode, OperationDefinitionNode, parse
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from bff.execution import CompiledExecutor, FragmentCache, PlanCache, write_data

Path = tuple[str | int, ...]
Told = tuple[str, Path, tuple[tuple[int, int], ...]]
"""What an error says: message, path, locations."""


@dataclass(frozen=True)
class Executed:
    """One answer; `is_immediate` where nothing was waited for."""

    data: Any
    errors: tuple[Told, ...]
    is_immediate: bool

    @property
    def text(self) -> bytes:
        return write_data(self.data)


class Differential:
    """Both executors over one schema."""

    def __init__(self, schema: strawberry.Schema, plans: PlanCache, *, fragments: FragmentCache | None = None) -> None:
        self.schema = schema
        self.plans = plans
        namespace = {
            "plans": plans,
            "strawberry_config": schema.config,
            "scalars": schema.schema_converter.scalar_registry,
            "fragment_cache": fragments,
        }
        self.compiled = type("Compiled", (CompiledExecutor,), namespace)
        self.core = StrawberryGraphQLCoreExecutionContext
        self._prototypes: dict[tuple[int, bytes], tuple[DocumentNode, Any]] = {}

    async def run(
        self, executor: type[Any], document: DocumentNode, variables: Mapping[str, Any], context: Any
    ) -> Executed:
        built = self._build(executor, document, variables, context)
        if isinstance(built, list):
            return Executed(None, tuple(_tell(error) for error in built), is_immediate=True)
        if executor is self.compiled:
            built.prototype = self._find_prototype(document, variables)
        result = built.execute_operation()
        is_immediate = isinstance(result, ExecutionResult)
        if not is_immediate:
            result = await result
        assert isinstance(result, ExecutionResult)
        return Executed(result.data, tuple(_tell(error) for error in result.errors or ()), is_immediate)

    def _build(self, executor: type[Any], document: DocumentNode, variables: Mapping[str, Any], context: Any) -> Any:
        return executor.build(
            self.schema._schema, document, None, context, dict(variables), is_awaitable=optimized_is_awaitable
        )

    def _find_prototype(self, document: DocumentNode, variables: Mapping[str, Any]) -> Any:
        """What executors that are asked the same share."""
        key = id(document), orjson.dumps(variables)
        if key not in self._prototypes:
            prototype = self._build(self.compiled, document, variables, None)
            prototype.kept_tokens = {}
            self._prototypes[key] = document, prototype
        return self._prototypes[key][1]

    async def check(
        self,
        operation: str | DocumentNode,
        variables: Mapping[str, Any],
        make_context: Callable[[], Any],
        *,
        times: int = 2,
    ) -> Executed:
        """Run an operation by graphql-core, then `times` compiled; raises AssertionError where they differ."""
        document = parse(operation) if isinstance(operation, str) else operation
        expected = await self.run(self.core, document, variables, make_context())
        for _ in range(times):
            actual = await self.run(self.compiled, document, variables, make_context())
            await self.compare(document, variables, make_context, expected, actual)
        return expected

    async def compare(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any],
        make_context: Callable[[], Any],
        expected: Executed,
        actual: Executed,
    ) -> None:
        """Errors are the same ones, but for what section 6.4.4 of the specification leaves open.

        Below a value that an error made null, siblings "which have not yet executed or have not yet yielded a value may
        be cancelled": where several of them fail after a wait, any of their errors may stand for all. Then each that
        does stand must be one of those that graphql-core finds when no null climbs. An operation that waits for nothing
        has one order, and one list of errors.
        """
        assert actual.text == expected.text
        if expected.is_immediate:
            assert actual.errors == expected.errors
            return
        if Counter(actual.errors) == Counter(expected.errors):
            return
        every = await self.run(self.core, _keep_nulls_in_place(document), variables, make_context())
        wanted, found = _sort_by_null(expected.data, expected.errors), _sort_by_null(expected.data, actual.errors)
        assert wanted.keys() == found.keys()
        for path, told in wanted.items():
            possible = [error for error in every.errors if error[1][: len(path)] == path]
            if len(possible) == 1 or all(error[1] == path for error in told):
                assert Counter(found[path]) == Counter(told)
            assert not Counter(found[path]) - Counter(possible)


def _sort_by_null(data: Any, errors: Sequence[Told]) -> dict[Path, list[Told]]:
    """Errors by the null that they made."""
    sorted_errors: dict[Path, list[Told]] = {}
    for error in errors:
        value, depth = data, 0
        while value is not None and depth < len(error[1]):
            value = value[error[1][depth]]
            depth += 1
        sorted_errors.setdefault(error[1][:depth], []).append(error)
    return sorted_errors


def _keep_nulls_in_place(document: DocumentNode) -> DocumentNode:
    """The same operation, in which no null climbs."""
    directive = DirectiveNode(name=NameNode(value="experimental_disableErrorPropagation"), arguments=())
    definitions: list[Any] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            keys = {key: getattr(definition, key) for key in definition.keys if key != "loc"}
            definitions.append(OperationDefinitionNode(**{**keys, "directives": (directive,)}))
        else:
            definitions.append(definition)
    return DocumentNode(definitions=tuple(definitions))


def _tell(error: Any) -> Told:
    locations: Sequence[Any] = error.locations or ()
    return error.message, tuple(error.path or ()), tuple((place.line, place.column) for place in locations)


def share_compiled(plans: PlanCache) -> float:
    """How much of what was asked ran compiled, from 0 to 1."""
    compiled = plans.counts["compiled"]
    elsewhere = sum(count for reason, count in plans.counts.items() if reason.startswith("core: "))
    return compiled / (compiled + elsewhere)
