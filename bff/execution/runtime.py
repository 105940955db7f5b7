"""One execution of a plan: stages that run breadth first, one call a field and level, what is waited for, and turns."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any

from graphql import GraphQLError
from graphql.execution.executor import Executor

from bff.execution.building import Awaited, Building, Waiting, fill_groups, open_holes
from bff.execution.calling import Caller, check_count
from bff.execution.failures import settle_failures
from bff.execution.fragments import FragmentCache
from bff.execution.outcomes import Deoptimise, Failed, close_unstarted, judge
from bff.execution.plan import FieldPlan, Plan, find_owner
from bff.execution.positions import Position
from bff.execution.turns import Share

Settled = tuple[dict[str, Any] | None, list[GraphQLError] | None]
_PIECE = 32
"""How many parents a stage is called for before it first looks at the clock; while that shows that there is time, then
twice and four times as many."""


class Run:
    """The state of one execution. `given_by_root` is what the field of the root gave that was called last, once it is
    there.
    """

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
        self.given_by_root: list[Any] = []
        self._building = Building(plan, executor, cache)
        self._caller = Caller(executor, strawberry_config, scalars)
        self._is_abandoned = False
        self._share = Share(takes_turns=takes_turns)
        self._postponed: list[int] = []
        self._settling: Iterator[None] | None = None
        self._result: Settled | None = None
        self._spawned: list[Awaitable[None]] = []

    def start(self) -> "dict[str, Any] | Awaitable[dict[str, Any]]":
        """The data, or an awaitable of it when a resolver waits for something."""
        self._share.begin()
        data = dict(self.plan.root.template)
        self._building.build(self.plan.root, self.executor.root_value, data)
        self._flush(self.plan.first_slots)
        if self._building.is_void:
            self.executor.settle_in_background([*self._spawned, *(entry[3] for entry in self._building.awaited)])
            return data
        self._spawn()
        self._share.end()
        return self._finish(data) if self._spawned else data

    def abandon(self) -> None:
        """Nobody waits for this run any more: start nothing new. What is under way is left to end by itself: others may
        wait for it, too, and a loader's batch that is cancelled never answers those who share it.
        """
        self._is_abandoned = True
        for awaitable in (*self._spawned, *(entry[3] for entry in self._building.awaited)):
            close_unstarted(awaitable)
        self._spawned.clear()
        self._building.awaited.clear()

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

    def _flush(self, slots: Iterable[int]) -> None:
        """Run the stages that have parents, and theirs; the rest in the next turn, when this one is over."""
        ready = self._building.ready
        remaining = iter(slots)
        for slot in remaining:
            if not ready:
                return
            while slot in ready:
                if self._share.is_over:
                    self._postponed += (slot, *remaining)
                    return
                self._run_stage(self.plan.slots[slot])

    def _run_stage(self, field: FieldPlan) -> None:
        slot = field.slot
        assert slot is not None  # noqa: S101
        building = self._building
        parents, holders, waiting = building.take_parents(slot)
        if (
            waiting and field.is_hole and self.plan.stages[slot].read is None
        ):  # their values are built one by one, as others'
            parents += [parent for _, group in waiting for parent in group.parents]
            holders += open_holes(waiting)
            waiting = []
        if waiting or field.is_batch or len(parents) <= _PIECE:
            self._run_piece(field, parents, holders, waiting)
            self._share.look()
        elif not self._run_in_pieces(field, parents, holders):
            return
        self._flush(field.children)

    def _run_in_pieces(self, field: FieldPlan, parents: list[Any], holders: list[Any]) -> bool:
        """Whether all were called before the share was over; the others wait in their slot."""
        assert field.slot is not None  # noqa: S101
        start, size = 0, _PIECE
        while start < len(parents):
            end = start + size
            self._run_piece(field, parents[start:end], holders[start:end], [])
            if self._share.look() and end < len(parents):
                self._building.ready.add(field.slot)
                self._building.parents[field.slot] = parents[end:]
                self._building.holders[field.slot] = holders[end:]
                return False
            start = end
            if not self._share.is_waning:
                size = min(2 * size, 4 * _PIECE)
        return True

    def _run_piece(self, field: FieldPlan, parents: list[Any], holders: list[Any], waiting: Waiting) -> None:
        assert field.slot is not None  # noqa: S101
        stage = self.plan.stages.get(field.slot)
        known = len(parents)
        for _, group in waiting:
            parents += group.parents
        try:
            values = self._caller.call(field, stage, parents)
        except Exception as error:
            for holder in (*holders, *open_holes(waiting)):
                self._building.fail(field.position, holder, field.key, error)
            return
        if field.is_batch and self.executor.is_awaitable(values):
            self._spawned.append(self._settle_batch(field, [*holders, *open_holes(waiting)], values))
            return
        if waiting:
            assert stage is not None  # noqa: S101 - fragments wait for slots of stages that were generated
            more, left = fill_groups(stage, waiting, values[known:])
            holders, values = holders + more, values[:known] + left
        if field.parent is None:
            self.given_by_root = values
        if self._building.noted:
            self._building.given.append((field.slot, holders, values))
        try:
            if stage is not None:
                stage.complete(self._building, holders, values)
            else:
                position, key = field.position, field.key
                for holder, value in zip(holders, values, strict=True):
                    self._building.complete(position, value, holder, key)
        except Deoptimise:
            for value in values:
                close_unstarted(value)
            raise

    async def _flush_later(self, slots: list[int], tick: int) -> None:
        """Go on where `_flush` stopped at this tick; past the deadline, fail what has not come to its turn."""
        try:
            turn = await self.executor.with_abort_signal(self._share.renew())
        except Exception as error:
            self._fail_waiting(slots, error)
            return
        try:
            if self._is_abandoned or self._building.is_void:
                return
            self._share.begin()
            now, self._building.tick = self._building.tick, tick
            self._flush(slots)
            self._spawn()
            self._building.tick = now
            self._share.end()
        finally:
            turn.release()
        if self._spawned:
            await self._settle_spawned()

    def _fail_waiting(self, slots: Iterable[int], error: Exception) -> None:
        """The same with what the pieces that were done have brought to the stages below."""
        for slot in slots:
            field = self.plan.slots[slot]
            if slot in self._building.ready:
                _, holders, waiting = self._building.take_parents(slot)
                for holder in (*holders, *open_holes(waiting)):
                    self._building.fail(field.position, holder, field.key, error)
            self._fail_waiting(field.children, error)

    def settle(self, data: dict[str, Any]) -> Settled:
        """Put all in its place: data with its nulls, and the errors."""
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
        failures = self._building.failures
        yield from self._building.splicing.settle(failures)
        if failures:
            self._result = yield from settle_failures(data, failures)
        else:
            self._building.keep_noted()
            self._result = data, None

    def _spawn(self) -> None:
        """Turn what is awaited into one unit of work a field, so that its values are completed together."""
        waiting, self._building.awaited = self._building.awaited, []
        by_position: dict[int, list[Awaited]] = {}
        for entry in waiting:
            by_position.setdefault(id(entry[0]), []).append(entry)
        self._spawned.extend(self._settle(entries) for entries in by_position.values())
        if self._postponed:
            self._spawned.append(self._flush_later(self._postponed, self._building.tick))
            self._postponed = []

    async def _settle_spawned(self) -> None:
        spawned, self._spawned = self._spawned, []
        if len(spawned) == 1:
            await spawned[0]
        elif spawned:
            await asyncio.gather(*spawned)

    async def _settle(self, entries: list[Awaited]) -> None:
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
            values = check_count(field, await self.executor.with_abort_signal(awaitable), len(holders))
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
            if self._is_abandoned or self._building.is_void:
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
        self._building.tick += 1
        field = position.field
        stage = self.plan.stages.get(field.slot) if field.slot is not None else None
        self._building.settled = position
        if field.parent is None and position is field.position:
            self.given_by_root = values
        if stage is not None and position is field.position:
            stage.complete(self._building, holders, values)
        else:
            for holder, key, value in zip(holders, keys, values, strict=True):
                self._building.complete(position, value, holder, key)
        self._building.settled = None
        owner = find_owner(field)
        self._flush(owner.children if owner is not None else range(len(self.plan.slots)))
        self._spawn()
