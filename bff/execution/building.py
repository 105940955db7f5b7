"""The data of one answer while it is built: values are completed in place, step by step as graphql-core does it, where
generated code does not recognise them.
"""

from collections import defaultdict
from collections.abc import Awaitable, Iterable
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, Undefined
from graphql.execution.executor import Executor, collect_iterator_awaitables
from graphql.pyutils import is_iterable

from bff.execution.failures import Failure
from bff.execution.fragments import Filling, Fragment, FragmentCache, Hole, KeptList
from bff.execution.kept_data import KeptData
from bff.execution.outcomes import Deoptimise, Failed, Typed
from bff.execution.plan import FieldPlan, Plan, Selection, Stage, Uncompilable
from bff.execution.positions import Kind, Position
from bff.execution.runtime_types import find_type
from bff.execution.sharing import Noted, SharedList, SharedLists, Sharing
from bff.execution.sources import Source
from bff.execution.splicing import Splicing

Awaited = tuple[Position, Any, Any, Awaitable[Any]]
"""A place, as `holder[key]`, and what is waited for before it can be filled."""
Waiting = list[tuple[Filling | Sharing, Any]]
"""What was found of what is kept, each with a group of its own: of the values that it lacks, or was built with."""


class Building:
    """By slot, `parents` are the values whose field is to be called, `holders` the dicts that each takes its value, and
    `waiting` the fragments that take theirs; `ready` are the slots that have any. `tick` counts the waits; `settled`
    is the place whose values were waited for, and are not to be waited for again. `is_void`: nothing is left of the
    data, since null climbed to the root. `detours` counts what generated code did not build itself, `noted` are lists
    that others may share, and `given` what fields gave meanwhile.
    """

    def __init__(self, plan: Plan, executor: Executor[Any], cache: FragmentCache | None) -> None:
        self.plan = plan
        self.executor = executor
        self.tick = 0
        self.ready: set[int] = set()
        self.parents: defaultdict[int, list[Any]] = defaultdict(list)
        self.holders: defaultdict[int, list[Any]] = defaultdict(list)
        self.waiting: defaultdict[int, Waiting] = defaultdict(list)
        self.awaited: list[Awaited] = []
        self.failures: list[Failure] = []
        self.settled: Position | None = None
        self.is_void = False
        self.detours = 0
        self.noted: list[Noted] = []
        self.given: list[tuple[int, list[Any], list[Any]]] = []
        self._opened: dict[SharedLists, KeptData] = {}
        self.splicing = Splicing(plan, executor, cache)
        self.find_fragment = self.splicing.find
        self.missed = self.splicing.missed

    def take_parents(self, slot: int) -> tuple[list[Any], list[Any], Waiting]:
        """What stands in a slot, which is empty then."""
        self.ready.discard(slot)
        return self.parents.pop(slot, []), self.holders.pop(slot, []), self.waiting.pop(slot, [])

    def queue(self, slots: Iterable[int], parents: list[Any], holders: list[Any]) -> None:
        """Have the fields of these slots called for values that were read, each for all of them."""
        if not parents:
            return
        self.ready.update(slots)
        for slot in slots:
            self.parents[slot] += parents
            self.holders[slot] += holders

    def build(self, selection: Selection, value: Any, target: dict[str, Any]) -> None:
        """Read a value's fields into `target`, which holds a place for each."""
        for field in selection.fields:
            if field.slot is not None:
                slot = field.slot
                self.ready.add(slot)
                self.parents[slot].append(value)
                self.holders[slot].append(self.open_hole(field, value, target) if field.is_hole else target)
            elif field.source is Source.ATTRIBUTE:
                try:
                    found = getattr(value, field.attribute)
                except Exception as error:
                    self.fail(field.position, target, field.key, error)
                else:
                    self.complete(field.position, found, target, field.key)

    def count_troubles(self) -> int:
        """What stands in the way of keeping the data that is built meanwhile."""
        return len(self.failures) + len(self.awaited)

    def open_hole(self, field: FieldPlan, parent: Any, target: dict[str, Any]) -> Hole:
        """A place for what belongs to the request, within a value that is computed for all; it stands in `target`."""
        hole = target[field.key] = Hole(field, parent, target)
        self.splicing.unsettled.append(hole)
        return hole

    def fill(self, fragment: Fragment, holder: Any, key: Any) -> Any:
        """What stands in the place of a value whose fragment was found; holes are computed with the other fields."""
        if fragment.whole is not None:
            return fragment.whole
        filling = Filling(fragment, self.plan.slots, holder, key)
        self.splicing.unsettled.append(filling)
        for group in fragment.groups:
            self.ready.add(group.slot)
            self.waiting[group.slot].append((filling, group))
        return filling

    def find_list(self, lists: SharedLists, value: KeptList) -> SharedList | None:
        """The data of a list, to be shared."""
        found: SharedList | None = None if lists.is_vain else self._open_lists(lists).find(id(value))
        return found

    def share(self, lists: SharedLists, shared: SharedList, holder: Any, key: Any) -> list[Any]:
        """What stands in the place of a list; what its fields give this time is compared."""
        self.detours += 1
        sharing = Sharing(lists, shared, holder, key)
        for group in shared.groups:
            self.ready.add(group.slot)
            self.waiting[group.slot].append((sharing, group))
        return shared.data

    def note_list(self, lists: SharedLists, value: KeptList, data: list[Any], queued: Any) -> None:
        """Have a list's data kept when all is done; `queued` as in `Noted`."""
        if not lists.is_vain:
            self.noted.append(Noted(self._open_lists(lists), value, data, queued))

    def keep_noted(self) -> None:
        """Nothing failed: what was noted is complete, and changes no more."""
        given: dict[int, dict[int, Any]] = defaultdict(dict)
        for slot, holders, values in self.given:
            given[slot].update(zip(map(id, holders), values, strict=True))
        for noted in self.noted:
            noted.keep(self.plan.slots, given)
        self.noted = []

    def _open_lists(self, lists: SharedLists) -> KeptData:
        opened = self._opened.get(lists)
        if opened is None:
            opened = self._opened[lists] = lists.open(self.executor.context_value)
        return opened

    def fail(self, position: Position, holder: Any, key: Any, error: Exception) -> None:
        """A place failed: it is null for now; what else becomes null is settled when all is done."""
        holder[key] = None
        self.failures.append(Failure(self.tick, position, holder, key, error))
        if position.climb is None:
            self.is_void = True

    def complete(self, position: Position, value: Any, holder: Any, key: Any) -> None:
        """Put the completed value into `holder[key]`, as the specification's CompleteValue says (6.4.3)."""
        self.detours += 1
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
        if self.executor.is_awaitable(value) and position is not self.settled:
            self.awaited.append((position, holder, key, value))
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
                self.awaited.append((position, holder, key, object_type))

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


def fill_groups(stage: Stage, waiting: Waiting, values: list[Any]) -> tuple[list[Any], list[Any]]:
    """Give what was found the values that it lacks. Answers those that are to be completed one by one, and their
    holders first.
    """
    leaves = stage.read(values) if stage.read is not None else None
    holders: list[Any] = []
    left: list[Any] = []
    start = 0
    for found, group in waiting:
        end = start + len(group.parents)
        if isinstance(found, Sharing):
            more, others = found.compare(group, values[start:end])
            holders += more
            left += others
        elif leaves is None:
            holders += found.open_holes(group)
            left += values[start:end]
        else:
            found.values[group.number] = leaves[start:end]
        start = end
    return holders, left


def open_holes(waiting: Waiting) -> list[Any]:
    return [hole for found, group in waiting for hole in found.open_holes(group)]
