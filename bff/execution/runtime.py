"""One execution of a plan: stages that run breadth first, one call a field and level, and values completed in place.

What generated code does not recognise is completed here, step by step as graphql-core does it.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLObjectType, Undefined
from graphql.execution.executor import Executor, collect_iterator_awaitables
from graphql.pyutils import is_iterable

from bff.execution.arguments import Binder
from bff.execution.calls import Source
from bff.execution.failures import Failure, settle_failures
from bff.execution.fragments import Filling, Fragment, FragmentCache, Hole, cut_fragment
from bff.execution.info import SharedInfo
from bff.execution.outcomes import Deoptimise, Failed, Typed, close_unstarted, judge
from bff.execution.plan import FieldPlan, FragmentPlan, Plan, Selection, Uncompilable, find_owner
from bff.execution.positions import Kind, Position
from bff.execution.runtime_types import find_type
from bff.execution.turns import Share

Settled = tuple[dict[str, Any] | None, list[GraphQLError] | None]
_PIECE = 32
"""How many parents a stage is called for at first, before it looks at the clock; then twice as many, and so on."""


class Run:
    """The state of one execution."""

    def __init__(
        self,
        plan: Plan,
        executor: "Executor[Any]",
        strawberry_config: Any,
        scalars: Any,
        cache: FragmentCache | None = None,
        *,
        takes_turns: bool = False,
    ) -> None:
        self.plan = plan
        self.executor = executor
        self.failures: list[Failure] = []
        self.tick = 0
        self.parents: list[list[Any]] = [[] for _ in plan.slots]
        self.holders: list[list[Any]] = [[] for _ in plan.slots]
        self.waiting: list[list[tuple[Filling, int]]] = [[] for _ in plan.slots]
        self.missed: list[tuple[FragmentPlan, Any, Any]] = []
        self._unsettled: list[Hole | Filling] = []
        self._cache = cache
        self._tokens: dict[int, int] = {}
        self._variables: bytes | None = None
        self._awaited: list[tuple[Position, Any, Any, Awaitable[Any]]] = []
        self._is_abandoned = False
        self._is_void = False
        self._share = Share(takes_turns=takes_turns)
        self._postponed: list[int | None] = []
        self._settling: Iterator[None] | None = None
        self._result: Settled | None = None
        self._settled: Position | None = None
        self._spawned: list[Awaitable[None]] = []
        self._config = strawberry_config
        self._binder = Binder(executor, strawberry_config, scalars)

    def start(self) -> "dict[str, Any] | Awaitable[dict[str, Any]]":
        """The data, or an awaitable of it when a resolver waits for something."""
        self._share.begin()
        data = dict(self.plan.root.template)
        self.build(self.plan.root, self.executor.root_value, data)
        self._flush(self.plan.first_slots)
        if self._is_void:
            self.executor.settle_in_background([*self._spawned, *(entry[3] for entry in self._awaited)])
            return data
        self._spawn()
        self._share.end()
        return self._finish(data) if self._spawned else data

    def abandon(self) -> None:
        """Nobody waits for this run any more: start nothing new. What is under way is left to end by itself: others may
        wait for it, too, and a loader's batch that is cancelled never answers those who share it.
        """
        self._is_abandoned = True
        for awaitable in (*self._spawned, *(entry[3] for entry in self._awaited)):
            close_unstarted(awaitable)
        self._spawned.clear()
        self._awaited.clear()

    async def _finish(self, data: dict[str, Any]) -> dict[str, Any]:
        await self._settle_spawned()
        self._share.begin()
        turn = None
        try:
            for _ in self._settle_in_pieces(data):
                if self._share.look():
                    if turn is not None:
                        turn.release()
                        turn = None
                    turn = await self._share.renew()
                    self._share.begin()
        finally:
            if turn is not None:
                turn.release()
        return data

    def build(self, selection: Selection, value: Any, target: dict[str, Any]) -> None:
        """Read a value's fields into `target`, which holds a place for each."""
        for field in selection.fields:
            if field.slot is not None:
                slot = field.slot
                self._grow(slot)
                self.parents[slot].append(value)
                self.holders[slot].append(self.open_hole(field, value, target) if field.is_hole else target)
            elif field.source is Source.ATTRIBUTE:
                try:
                    found = getattr(value, field.attribute)
                except Exception as error:
                    self.fail(field.position, target, field.key, error)
                else:
                    self.complete(field.position, found, target, field.key)

    def _grow(self, slot: int) -> None:
        """Selections that are worked out while a plan runs bring further slots."""
        while len(self.parents) <= slot:
            self.parents.append([])
            self.holders.append([])
            self.waiting.append([])

    def open_hole(self, field: FieldPlan, parent: Any, target: dict[str, Any]) -> Hole:
        """A place for what belongs to the request, within a value that is computed for all; it stands in `target`."""
        hole = target[field.key] = Hole(field, parent, target)
        self._unsettled.append(hole)
        return hole

    def fill(self, fragment: Fragment, holder: Any, key: Any) -> Any:
        """What stands in the place of a value whose fragment was found; holes are computed with the other fields."""
        if fragment.whole is not None:
            return fragment.whole
        filling = Filling(fragment, self.plan.slots, holder, key)
        self._unsettled.append(filling)
        for number, group in enumerate(fragment.groups):
            slot = group.slot
            self._grow(slot)
            if self.plan.stages[slot].read is None:
                self.parents[slot] += group.parents
                self.holders[slot] += filling.open_holes(number)
            else:
                self.waiting[slot].append((filling, number))
        return filling

    def _flush(self, slots: Iterable[int | None]) -> None:
        """Run the stages that have parents, and theirs; the rest in the next turn, when this one is over."""
        waiting = iter(slots)
        for slot in waiting:
            while slot is not None and self._has_parents(slot):
                if self._share.is_over:
                    self._postponed += (slot, *waiting)
                    return
                self._run_stage(self.plan.slots[slot])

    def _has_parents(self, slot: int) -> bool:
        return slot < len(self.parents) and bool(self.parents[slot] or self.waiting[slot])

    def _run_stage(self, field: FieldPlan) -> None:
        slot = field.slot
        assert slot is not None  # noqa: S101
        parents, self.parents[slot] = self.parents[slot], []
        holders, self.holders[slot] = self.holders[slot], []
        waiting, self.waiting[slot] = self.waiting[slot], []
        if len(self.parents) < len(self.plan.slots):
            self._grow(len(self.plan.slots) - 1)
        size = len(parents) if waiting or field.source is Source.BATCH else _PIECE
        start = 0
        while True:
            end = start + size
            self._run_piece(field, parents[start:end], holders[start:end], waiting)
            is_over = self._share.look()
            if end >= len(parents):
                break
            if is_over:
                self.parents[slot], self.holders[slot] = parents[end:], holders[end:]
                return
            start, size = end, 2 * size
        self._flush(field.children)

    def _run_piece(
        self, field: FieldPlan, parents: list[Any], holders: list[Any], waiting: list[tuple[Filling, int]]
    ) -> None:
        assert field.slot is not None  # noqa: S101
        stage = self.plan.stages.get(field.slot)
        known = len(parents)
        for filling, number in waiting:
            parents += filling.fragment.groups[number].parents
        try:
            values = self._call(field, stage, parents)
        except Exception as error:
            for holder in (*holders, *_open_holes(waiting)):
                self.fail(field.position, holder, field.key, error)
            return
        if field.source is Source.BATCH and self.executor.is_awaitable(values):
            self._spawned.append(self._settle_batch(field, [*holders, *_open_holes(waiting)], values))
            return
        if waiting:
            holders += _fill_groups(stage, waiting, values[known:])
            values = values[: len(holders)]
        try:
            if stage is not None:
                stage.complete(self, holders, values)
            else:
                position, key = field.position, field.key
                for holder, value in zip(holders, values, strict=True):
                    self.complete(position, value, holder, key)
        except Deoptimise:
            for value in values:
                close_unstarted(value)
            raise

    async def _flush_later(self, slots: list[int | None], tick: int) -> None:
        """Go on where `_flush` stopped at this tick; past the deadline, fail what has not come to its turn."""
        try:
            turn = await self.executor.with_abort_signal(self._share.renew())
        except Exception as error:
            self._fail_waiting(slots, error)
            return
        try:
            if self._is_abandoned or self._is_void:
                return
            self._share.begin()
            now, self.tick = self.tick, tick
            self._flush(slots)
            self._spawn()
            self.tick = now
            self._share.end()
        finally:
            turn.release()
        if self._spawned:
            await self._settle_spawned()

    def _fail_waiting(self, slots: Iterable[int | None], error: Exception) -> None:
        """The same with what the pieces that were done have brought to the stages below."""
        for slot in slots:
            if slot is None:
                continue
            field = self.plan.slots[slot]
            if self._has_parents(slot):
                holders, self.holders[slot] = self.holders[slot], []
                waiting, self.waiting[slot] = self.waiting[slot], []
                self.parents[slot] = []
                for holder in (*holders, *_open_holes(waiting)):
                    self.fail(field.position, holder, field.key, error)
            self._fail_waiting(field.children, error)

    def _call(self, field: FieldPlan, stage: Any, parents: list[Any]) -> list[Any]:
        """One value, or a stand-in, a parent. Raises what binding the arguments raises."""
        raw, arguments = self._binder.bind(field)
        shared = SharedInfo(self.executor, field)
        call = field.resolver if field.source is Source.BATCH else getattr(stage, "call", None)
        if call is None or arguments is None:
            return self._call_each(field, parents, shared, raw)
        info = self._config.info_class(_raw_info=shared, _field=field.strawberry_field)
        values: list[Any]
        if field.source is Source.BATCH:
            values = _check_count(field, call(parents, info, **arguments), len(parents))
        else:
            values = call(parents, info, arguments)
        return values

    def _call_each(
        self, field: FieldPlan, parents: list[Any], shared: SharedInfo, arguments: dict[str, Any]
    ) -> list[Any]:
        """As graphql-core calls it."""
        resolve = field.definition.resolve or self.executor.field_resolver
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

    def find_fragment(self, fragment: FragmentPlan, value: Any) -> Fragment | None:
        if self._cache is None:
            return None
        token = self._tokens.get(fragment.number)
        if token is None:
            token = self._find_token(self._cache, fragment)
            if token is None:
                self._cache = None
                return None
            self._tokens[fragment.number] = token
        return self._cache.find(token, getattr(value, fragment.identity), value)

    def _find_token(self, cache: FragmentCache, fragment: FragmentPlan) -> int | None:
        """None where variables were given that JSON does not tell apart."""
        executor = self.executor
        if self._variables is None:
            sources = executor.variable_values.sources
            given = {name: source.value for name, source in sources.items() if source.value is not Undefined}
            try:
                self._variables = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
            except TypeError:
                return None
        present = executor.context_value.read_for_fragments(fragment.reads)
        return cache.find_token((self.plan.number, fragment.number, self._variables, present))

    def settle(self, data: dict[str, Any]) -> Settled:
        """Put all in its place: data with its nulls, and the errors. What is new is kept, unless something failed."""
        for _ in self._settle_in_pieces(data):
            pass
        assert self._result is not None  # noqa: S101 - the pieces end with it
        return self._result

    def _settle_in_pieces(self, data: dict[str, Any]) -> Iterator[None]:
        """Goes on where it stopped."""
        if self._settling is None:
            self._settling = self._settle_all(data)
        return self._settling

    def _settle_all(self, data: dict[str, Any]) -> Iterator[None]:
        if not self.failures:
            yield from self._keep_fragments()
        # What is within others came later, and is settled first; it is unfolded last.
        unsettled = self._unsettled if self.failures else self._unsettled[::-1]
        for start in range(0, len(unsettled), _PIECE):
            for place in unsettled[start : start + _PIECE]:
                if self.failures:
                    place.unfold()
                else:
                    place.settle()
            yield
        if not self.failures:
            self._result = data, None
            return
        for failure in self.failures:
            if type(failure.holder) is Hole:
                failure.holder = failure.holder.target
        self._result = yield from settle_failures(data, self.failures)

    def _keep_fragments(self) -> Iterator[None]:
        cache = self._cache
        if cache is None:
            return
        for start in range(0, len(self.missed), _PIECE):
            for plan, value, kept in self.missed[start : start + _PIECE]:
                fragment = cut_fragment(value, kept)
                if fragment is not None:
                    cache.keep(self._tokens[plan.number], getattr(value, plan.identity), fragment)
            yield

    def fail(self, position: Position, holder: Any, key: Any, error: Exception) -> None:
        """A place failed: it is null for now; what else becomes null is settled when all is done."""
        holder[key] = None
        self.failures.append(Failure(self.tick, position, holder, key, error))
        if position.climb is None:
            self._is_void = True

    def complete(self, position: Position, value: Any, holder: Any, key: Any) -> None:
        """Put the completed value into `holder[key]`, as the specification's CompleteValue says (6.4.3)."""
        if type(value) is Failed:
            self.fail(position, holder, key, value.error)
            return
        if value is None or value is Undefined:
            if not position.nullable:
                field = position.field
                message = f"Cannot return null for non-nullable field {field.parent_type}.{field.name}."
                self.fail(position, holder, key, TypeError(message))
            return
        if isinstance(value, Exception):
            self.fail(position, holder, key, value)
            return
        if self.executor.is_awaitable(value) and position is not self._settled:
            self._awaited.append((position, holder, key, value))
            return
        try:
            self._complete_present(position, value, holder, key)
        except Uncompilable as error:
            raise Deoptimise(error.reason) from None
        except Exception as error:
            self.fail(position, holder, key, error)

    def _complete_present(self, position: Position, value: Any, holder: Any, key: Any) -> None:
        if position.kind is Kind.LEAF:
            holder[key] = self.executor.complete_leaf_value(position.type, value)
        elif position.kind is Kind.LIST:
            self._complete_list(position, value, holder, key)
        elif type(value) is Typed:
            self._complete_object(position, value.type, value.value, holder, key)
        else:
            object_type = find_type(self.executor, position, value)
            if isinstance(object_type, GraphQLObjectType):
                self._complete_object(position, object_type, value, holder, key)
            else:
                self._awaited.append((position, holder, key, object_type))

    def _complete_object(
        self, position: Position, object_type: GraphQLObjectType, value: Any, holder: Any, key: Any
    ) -> None:
        selection = position.select(object_type)
        target = holder[key] = dict(selection.template)
        self.build(selection, value, target)

    def _complete_list(self, position: Position, value: Any, holder: Any, key: Any) -> None:
        if self.executor.is_async_iterable(value):
            raise Deoptimise("async iterable")
        if not is_iterable(value):
            field = position.field
            message = f"Expected Iterable, but did not find one for field '{field.parent_type}.{field.name}'."
            raise GraphQLError(message)
        assert position.item is not None  # noqa: S101
        items: list[Any] = []
        holder[key] = items
        iterator = iter(value)
        try:
            for item in iterator:
                items.append(None)
                self.complete(position.item, item, items, len(items) - 1)
        except Exception:
            self.executor.track_async_work(collect_iterator_awaitables(iterator, self.executor.is_awaitable))
            raise

    def _spawn(self) -> None:
        """Turn what is awaited into one unit of work a field, so that its values are completed together."""
        waiting, self._awaited = self._awaited, []
        by_position: dict[int, list[tuple[Position, Any, Any, Awaitable[Any]]]] = {}
        for entry in waiting:
            by_position.setdefault(id(entry[0]), []).append(entry)
        self._spawned.extend(self._settle(entries) for entries in by_position.values())
        if self._postponed:
            self._spawned.append(self._flush_later(self._postponed, self.tick))
            self._postponed = []

    async def _settle_spawned(self) -> None:
        spawned, self._spawned = self._spawned, []
        if len(spawned) == 1:
            await spawned[0]
        elif spawned:
            await asyncio.gather(*spawned)

    async def _settle(self, entries: list[tuple[Position, Any, Any, Awaitable[Any]]]) -> None:
        guard = self.executor.with_abort_signal
        if len(entries) == 1:
            try:
                values: list[Any] = [await guard(entries[0][3])]
            except Exception as error:
                values = [Failed(error)]
        else:
            settled = await asyncio.gather(*(guard(entry[3]) for entry in entries), return_exceptions=True)
            values = [judge(value) for value in settled]
        await self._go_on(entries[0][0], [entry[1] for entry in entries], [entry[2] for entry in entries], values)

    async def _settle_batch(self, field: FieldPlan, holders: list[Any], awaitable: Awaitable[Any]) -> None:
        try:
            values = _check_count(field, await self.executor.with_abort_signal(awaitable), len(holders))
        except Exception as error:
            values = [Failed(error)] * len(holders)
        await self._go_on(field.position, holders, [field.key] * len(holders), values)

    async def _go_on(self, position: Position, holders: list[Any], keys: list[Any], values: list[Any]) -> None:
        """Complete what was waited for, then everything below it."""
        turn = None
        if self._share.left <= 0:
            try:
                turn = await self.executor.with_abort_signal(self._share.renew())
            except Exception as error:
                values = [Failed(error)] * len(values)
        try:
            if self._is_abandoned or self._is_void:
                return
            self._share.begin()
            self._complete_awaited(position, holders, keys, values)
            self._share.end()
        finally:
            if turn is not None:
                turn.release()
        if self._spawned:
            await self._settle_spawned()

    def _complete_awaited(self, position: Position, holders: list[Any], keys: list[Any], values: list[Any]) -> None:
        self.tick += 1
        field = position.field
        stage = self.plan.stages.get(field.slot) if field.slot is not None else None
        self._settled = position
        if stage is not None and position is field.position:
            stage.complete(self, holders, values)
        else:
            for holder, key, value in zip(holders, keys, values, strict=True):
                self.complete(position, value, holder, key)
        self._settled = None
        owner = find_owner(field)
        self._flush(owner.children if owner is not None else range(len(self.plan.slots)))
        self._spawn()


def _fill_groups(stage: Any, waiting: Iterable[tuple[Filling, int]], values: list[Any]) -> list[Hole]:
    """Give fragments the leaves of their holes; where not all are good leaves, a hole for each value."""
    leaves = stage.read(values)
    if leaves is None:
        return _open_holes(waiting)
    start = 0
    for filling, number in waiting:
        end = start + len(filling.fragment.groups[number].parents)
        filling.values[number] = leaves[start:end]
        start = end
    return []


def _open_holes(waiting: Iterable[tuple[Filling, int]]) -> list[Hole]:
    return [hole for filling, number in waiting for hole in filling.open_holes(number)]


def _check_count(field: FieldPlan, values: Any, count: int) -> Any:
    """What a batch gave: a value for each parent, or a promise of them."""
    if isinstance(values, list | tuple) and len(values) != count:
        raise TypeError(f"{field.parent_type}.{field.name} gave {len(values)} values for {count} parents.")
    return values


def _call_one(resolve: Any, parent: Any, info: Any, arguments: dict[str, Any]) -> Any:
    try:
        return resolve(parent, info, **arguments)
    except Exception as error:
        return Failed(error)
