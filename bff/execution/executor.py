"""Runs operations by plans where it can, and by graphql-core where it cannot; both answer alike."""

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Hashable, Iterator
from itertools import chain
from typing import Any, cast

from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    MiddlewareManager,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.executor import Executor
from graphql.language import DirectiveNode, ExecutableDefinitionNode, FieldNode, InlineFragmentNode, VariableNode
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from bff.execution.fragments import FragmentCache
from bff.execution.generator import generate
from bff.execution.mutations import DoneMutation, check_mutation
from bff.execution.outcomes import Deoptimise
from bff.execution.plan import Plan, Uncompilable
from bff.execution.runtime import Run

__all__ = ["CompiledExecutor", "CompilingExecutor", "PlanCache"]

_KNOWN_DIRECTIVES = frozenset({"skip", "include", "deprecated", "specifiedBy"})
MAX_DEOPTIMISED = 3
"""How often an operation may fall back at run time before it stays with graphql-core."""


class Prepared:
    """What is known of one operation: why it cannot be compiled, or its plans by the values of its conditions."""

    __slots__ = ("conditions", "deoptimised", "operation", "plans", "reason", "schema", "uses")

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.uses = 0
        self.deoptimised = 0
        self.plans: dict[tuple[Any, ...], Plan] = {}
        self.reason: str | None = None
        conditions = set()
        for directive in chain.from_iterable(map(_list_directives, (operation, *fragments.values()))):
            name = directive.name.value
            if name in ("defer", "stream"):
                self.reason = "incremental delivery"
            elif name not in _KNOWN_DIRECTIVES:
                self.reason = "custom directive"
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    conditions.add(argument.value.name.value)
        if any(fragment.variable_definitions for fragment in fragments.values()):
            self.reason = "fragment variables"
        self.conditions = tuple(sorted(conditions))


MOST_FIELDS = 130_000
"""Over all plans of a process: a field takes 1.5 kB."""


class PlanCache:
    """Plans by operation, least recently used out first; so many operations, and so many fields of all together.

    `compile_on` is the use of an operation that makes its plan: 1 for documents that are known to come again, which
    drop the oldest of their `variants` where others get no more.
    """

    def __init__(
        self, *, capacity: int = 1000, variants: int = 32, compile_on: int = 2, most_fields: int = MOST_FIELDS
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._capacity = capacity
        self._most_fields = most_fields
        self._variants = variants
        self._compile_on = compile_on
        self._prepared: OrderedDict[int, Prepared] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(prepared.plans) for prepared in self._prepared.values())

    def find(self, executor: "CompilingExecutor") -> tuple[Prepared, Plan]:
        """The plan of an operation, made at its time. Raises Uncompilable with the reason."""
        prepared = self._find_prepared(executor)
        if prepared.reason is not None:
            raise Uncompilable(prepared.reason)
        prepared.uses += 1
        coerced = executor.variable_values.coerced
        variant = tuple(coerced.get(name) for name in prepared.conditions)
        if None in variant and any(coerced.get(name, True) is None for name in prepared.conditions):
            raise Uncompilable("condition is null")
        plan = prepared.plans.get(variant)
        if plan is not None:
            return prepared, plan
        if prepared.uses < self._compile_on and not executor.comes_again:
            raise Uncompilable("first use")
        if len(prepared.plans) >= self._variants:
            if not executor.comes_again:
                raise Uncompilable("too many variants")
            prepared.plans.pop(next(iter(prepared.plans)))
        plan = prepared.plans[variant] = _make_plan(executor, prepared)
        plan.variant = variant
        self.counts["plans made"] += 1
        self._make_room()
        return prepared, plan

    def _make_room(self) -> None:
        """For the plan that was made last. Plans get fields while they run, too, so these are counted anew."""
        total = sum(plan.fields for prepared in self._prepared.values() for plan in prepared.plans.values())
        while total > self._most_fields and len(self._prepared) > 1:
            total -= self._drop_oldest()

    def _drop_oldest(self) -> int:
        """The fields of its plans, which executors that are made after others do not have any more, either."""
        _, prepared = self._prepared.popitem(last=False)
        dropped = sum(plan.fields for plan in prepared.plans.values())
        prepared.plans.clear()
        return dropped

    def _find_prepared(self, executor: "CompilingExecutor") -> Prepared:
        key = id(executor.operation)
        prepared = self._prepared.get(key)
        if prepared is None or prepared.schema is not executor.schema:
            prepared = self._prepared[key] = Prepared(
                executor.schema, executor.operation, executor.fragment_definitions
            )
            if len(self._prepared) > self._capacity:
                self._drop_oldest()
        else:
            self._prepared.move_to_end(key)
        return prepared


def _make_plan(executor: "CompilingExecutor", prepared: Prepared) -> Plan:
    """Raises Uncompilable; then the operation stays with graphql-core, so that nobody compiles in vain twice."""
    try:
        plan = Plan(
            executor,
            prepared.conditions,
            may_call_directly=executor.may_call_directly,
            # No two mutations are given the same, and what they are given would stay behind as a key.
            may_cache=executor.fragment_cache is not None and prepared.operation.operation is OperationType.QUERY,
        )
        if prepared.operation.operation is OperationType.MUTATION:
            check_mutation(plan)
        generate(plan)
    except Uncompilable as error:
        prepared.reason = error.reason
        raise
    except GraphQLError as error:
        prepared.reason = "invalid directive"
        raise Uncompilable(prepared.reason) from error
    except RecursionError:
        prepared.reason = "nested too deeply"
        raise Uncompilable(prepared.reason) from None
    return plan


class CompilingExecutor(Executor[Any]):
    """Plans in front of the executor that stands next in a subclass's order; none where it names no cache of them."""

    plans: PlanCache | None = None
    fragment_cache: FragmentCache | None = None
    strawberry_config: Any = None
    scalars: Any = None
    may_call_directly = True
    takes_turns = False
    """Whether a plan that takes long may wait for turns, which makes what could end at once an awaitable."""
    must_compile = False
    """Whether graphql-core must not run what has no plan for its own sake: Uncompilable is raised then."""
    comes_again = False
    """Whether the operation is known to come again (a published document): its plan is made at its first use."""
    prototype: "CompilingExecutor | None" = None
    """The executor after which this one is made, for a request that asks the same: it keeps the plan for all."""
    kept_plan: tuple[Prepared, tuple[Any, ...]] | None = None
    """By its variant, so that the cache alone decides how long it lives."""
    kept_tokens: dict[Hashable, dict[int, int]]
    """A prototype's: the tokens of fragments by their numbers, for each plan and all that its fragments read."""
    ran_by = "core"
    """How the operation ran, in the words that `PlanCache.counts` has for it."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        """As graphql-core's; whatever a plan cannot do is done there, and counted with its reason."""
        plans = self.plans
        if plans is None:
            return super().execute_operation(serially)
        try:
            found = self.find_plan(plans, serially)
        except Uncompilable as error:
            if self.must_compile:
                raise
            self._count(plans, f"core: {error.reason}")
            found = None
        # Outside of the handler, so that no error of graphql-core's has this one for its context.
        return self._execute_plan(plans, *found, serially) if found else super().execute_operation(serially)

    def find_plan(self, plans: PlanCache, serially: bool | None = None) -> tuple[Prepared, Plan]:
        """The plan that would run now. Raises Uncompilable with the reason why graphql-core would."""
        if self.kept_plan is not None and not serially:
            prepared, variant = self.kept_plan
            plan = prepared.plans.get(variant)
            if plan is not None and prepared.reason is None:
                return prepared, plan
        reason = self._find_obstacle(serially)
        if reason is not None:
            raise Uncompilable(reason)
        found = plans.find(self)
        if self.prototype is not None:
            self.prototype.kept_plan = found[0], found[1].variant
        return found

    def _find_obstacle(self, serially: bool | None) -> str | None:
        if self.operation.operation is OperationType.SUBSCRIPTION or serially:
            return self.operation.operation.value
        if self.middleware_manager is not None and self.middleware_manager.middlewares:  # Strawberry's may be empty
            return "middleware"
        if self.abort_signal is not None or self.hooks is not None:
            return "abort signal or hooks"
        return None if self.error_propagation else "error propagation"

    def _execute_plan(self, plans: PlanCache, prepared: Prepared, plan: Plan, serially: bool | None) -> Any:
        run = Run(plan, self, self.strawberry_config, self.scalars, self.fragment_cache, takes_turns=self.takes_turns)
        try:
            data = run.start()
        except Deoptimise as deoptimised:
            run.abandon()
            self._give_up(plans, prepared, deoptimised.reason)
            return self._go_on_after(run, serially)
        if not isinstance(data, dict):
            return self._await_plan(plans, prepared, run, data, serially)
        self._count(plans, "compiled")
        return ExecutionResult(*run.settle(data))

    async def _await_plan(
        self, plans: PlanCache, prepared: Prepared, run: Run, pending: Awaitable[dict[str, Any]], serially: bool | None
    ) -> Any:
        try:
            data = await pending
        except Deoptimise as deoptimised:
            run.abandon()
            self._give_up(plans, prepared, deoptimised.reason)
            result = self._go_on_after(run, serially)
            return await result if self.is_awaitable(result) else result
        self._count(plans, "compiled")
        return ExecutionResult(*run.settle(data))

    def _go_on_after(self, run: Run, serially: bool | None) -> Any:
        """By graphql-core, from the beginning; but what a mutation has done is not done again."""
        if self.operation.operation is OperationType.MUTATION and run.given_by_root:
            (given,) = run.given_by_root
            self.middleware_manager = cast("MiddlewareManager", DoneMutation(given))
        return super().execute_operation(serially)

    def _give_up(self, plans: PlanCache, prepared: Prepared, reason: str) -> None:
        """The plan could not go on; after a few times the operation stays with graphql-core."""
        self._count(plans, f"core: {reason}")
        prepared.deoptimised += 1
        if prepared.deoptimised >= MAX_DEOPTIMISED:
            prepared.reason = reason

    def _count(self, plans: PlanCache, ran_by: str) -> None:
        self.ran_by = ran_by
        plans.counts[ran_by] += 1


class CompiledExecutor(CompilingExecutor, StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with plans in front of it."""


def _list_directives(definition: ExecutableDefinitionNode) -> Iterator[DirectiveNode]:
    """All that stand anywhere in a definition."""
    yield from definition.directives or ()
    for variable in definition.variable_definitions or ():
        yield from variable.directives or ()
    waiting = [definition.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            yield from selection.directives or ()
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set is not None:
                waiting.append(selection.selection_set)
