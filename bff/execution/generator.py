"""Writes the Python of a plan's stages: straight code over read models that were declared, so that nothing is looked at
twice. What it does not recognise it hands to `Building.complete`.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from bff.execution.code import Block, Place, load_lines
from bff.execution.fragments import KeptList
from bff.execution.generated_calls import write_call, write_read
from bff.execution.kept_data import KeptData
from bff.execution.models import is_stored, read_leaf, trust_attribute
from bff.execution.outcomes import Failed
from bff.execution.plan import FieldPlan, FragmentPlan, Plan, Selection, Stage
from bff.execution.positions import Kind, Position
from bff.execution.sharing import plan_shared_lists
from bff.execution.sources import Source
from bff.execution.survey import keeps_data, plan_fragment, plan_list_fragment

_MAX_LOOPS = 16
_MAX_DEPTH = 60


def generate(plan: Plan) -> None:
    """Give a plan its stages; `plan.texts` are what they are made from."""
    shared = _Shared(plan.texts)
    # Selections are worked out on the way, and bring further slots.
    for called in plan.slots:
        assert called.slot is not None  # noqa: S101 - it is among the slots
        complete = _Function(shared).write_stage(called)
        plan.stages[called.slot] = Stage(
            write_call(called, plan.texts) if called.source is Source.DIRECT else None,
            complete,
            write_read(called, plan.texts) if called.is_hole else None,
        )


class _Shared:
    """What the functions of one plan share: those that build values which may stand in several places."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self._builders: dict[tuple[int, type], Callable[..., Any]] = {}

    def find_builder(self, selection: Selection, model: type, fragment: FragmentPlan) -> Callable[..., Any]:
        """`build(building, value)` gives a dict of the value's fields, which its fragment will be cut from."""
        key = (id(selection), model)
        builder = self._builders.get(key)
        if builder is None:
            builder = self._builders[key] = _Function(self).write_builder(selection, model, fragment)
        return builder


class _Function:
    """One function: its lines, and the names that they use."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._names: dict[str, Any] = {"Failed": Failed, "KeptList": KeptList}
        self._known: dict[int, str] = {}
        self._locals = count(1)
        self._queues: dict[tuple[int, ...], int] = {}
        self._queued: set[int] = set()
        self._has_fragments = False
        self._has_holes = False

    def write_stage(self, called: FieldPlan) -> Callable[..., None]:
        body = Block(2)
        keeps = keeps_data(called)
        if keeps:
            self._names["kept"] = KeptData()
            body.add("data = find_kept(id(value))", "if data is not None:", "    holder[key] = data", "    continue")
        self._write_value(called.position, "value", self._place(called.position, "value", "holder", "key"), body)
        if keeps:
            body.add("if holder[key] is not None and building.count_troubles() == troubles:")
            body.deeper().add("kept.keep(value, holder[key])")
        self._names["key"] = called.key  # no part of the text: most stages differ in it alone
        lines = [
            "def complete(building, holders, values):",
            *self._open(),
            *(["    find_kept = kept.find", "    troubles = building.count_troubles()"] if keeps else ()),
            "    for holder, value in zip(holders, values):",
            *body.lines,
            *self._close(),
        ]
        return load_lines("complete", lines, self._names, self._shared.texts)

    def write_builder(self, selection: Selection, model: type, fragment: FragmentPlan) -> Callable[..., Any]:
        body = Block(1)
        target = self._write_fields(selection, model, "value", "", body)
        body.add(f"building.missed.append(({self._name('fragment', fragment)}, value, {target}))")
        lines = ["def build(building, value):", *self._open(), *body.lines, *self._close(), f"    return {target}"]
        return load_lines("build", lines, self._names, self._shared.texts)

    def _open(self) -> list[str]:
        """What is looked up once a call, and lists of those whose fields are called afterwards."""
        lines = ["    complete = building.complete"]
        if self._has_fragments:
            lines += ["    find_fragment = building.find_fragment", "    fill = building.fill"]
        if self._has_holes:
            lines.append("    open_hole = building.open_hole")
        for number in self._queues.values():
            for name in (f"parents{number}", f"holders{number}"):
                lines += [f"    {name} = []", f"    add_{name} = {name}.append"]
        return lines

    def _close(self) -> list[str]:
        """Queues the fields of all that was read."""
        self._names |= {f"slots{number}": slots for slots, number in self._queues.items()}
        return [
            f"    building.queue(slots{number}, parents{number}, holders{number})" for number in self._queues.values()
        ]

    def _queue(self, slots: tuple[int, ...], value: str, holder: str, out: Block) -> None:
        number = self._queues.setdefault(slots, len(self._queues))
        self._queued.add(number)
        out.add(f"add_parents{number}({value})", f"add_holders{number}({holder})")

    def _write_value(self, position: Position, value: str, place: Place, out: Block) -> None:
        """Code that puts `value` into its place; `complete` does what is too deep."""
        if out.loops > _MAX_LOOPS or out.depth > _MAX_DEPTH:
            out.add(*place.late)
        elif position.kind is Kind.LEAF:
            self._write_leaf(position, value, place, out)
        elif position.kind is Kind.LIST:
            self._write_list(position, value, place, out)
        else:
            self._write_object(position, value, place, out)

    def _write_leaf(self, position: Position, value: str, place: Place, out: Block) -> None:
        leaf = read_leaf(position.type)
        if leaf is None:
            out.add(*place.late)
            return
        out.add(f"if {leaf.check.format(value, self._name('model', leaf.model))}:")
        out.deeper().add(place.assign.format(leaf.expression.format(value)))
        out.add(f"elif {value} is not None:" if place.holds_null and position.nullable else "else:")
        out.deeper().add(*place.late)

    def _write_list(self, position: Position, value: str, place: Place, out: Block) -> None:
        """Items one by one; a list that is kept comes from its fragment."""
        assert position.item is not None  # noqa: S101 - lists have items
        items, append, item = self._local("items"), self._local("append"), self._local("item")
        fragment = plan_list_fragment(position)
        shared = plan_shared_lists(position)
        if fragment:
            self._write_find(fragment, value, place, out, f"type({value}) is KeptList and ")
        if shared:
            self._write_find_shared(self._name("lists", shared), value, place, out)
        word = "elif" if fragment or shared else "if"
        out.add(f"{word} type({value}) is list or type({value}) is tuple or type({value}) is KeptList:")
        inside = out.deeper()
        loop = Block(inside.depth, loops=inside.loops)
        loop.add(f"for {item} in {value}:")
        queued, self._queued = self._queued, set()
        late = f"complete({self._name('position', position.item)}, {item}, {items}, len({items}) - 1)"
        place_of_item = Place(f"{append}({{}})", (f"{append}(None)", late), items, f"len({items})", holds_null=False)
        self._write_value(position.item, item, place_of_item, loop.deeper(loops=1))
        queued, self._queued = self._queued, self._queued | queued
        inside.add(f"{items} = []", place.assign.format(items), f"{append} = {items}.append")
        if shared:
            inside.add(*(f"first{number} = len(parents{number})" for number in sorted(queued)))
            inside.add("detours = building.detours")
        inside.lines += loop.lines
        if shared:
            inside.add(f"if type({value}) is KeptList and building.detours == detours:")
            inside.deeper().add(f"building.note_list({self._name('lists', shared)}, {value}, {items}, (")
            for number in sorted(queued):
                texts = f"slots{number}, parents{number}[first{number}:], holders{number}[first{number}:]"
                inside.deeper().add(f"    ({texts}),")
            inside.deeper().add("))")
        if fragment:
            inside.add(f"if type({value}) is KeptList:")
            inside.deeper().add(f"building.missed.append(({self._name('fragment', fragment)}, {value}, {items}))")
        out.add("else:")
        out.deeper().add(*place.late)

    def _write_object(self, position: Position, value: str, place: Place, out: Block) -> None:
        """A branch for each declared class."""
        word = "if"
        for model, object_type in position.models.items():
            out.add(f"{word} type({value}) is {self._name('model', model)}:")
            self._write_model(position.select(object_type), model, value, place, out.deeper())
            word = "elif"
        if not position.models:
            out.add(*place.late)
            return
        out.add("else:")
        out.deeper().add(*place.late)

    def _write_model(self, selection: Selection, model: type, value: str, place: Place, out: Block) -> None:
        """A value of a declared class: from its fragment, or field by field."""
        fragment = plan_fragment(selection)
        if fragment is None:
            self._write_fields(selection, model, value, place.assign, out)
            return
        self._write_find(fragment, value, place, out)
        out.add("else:")
        builder = self._name("build", self._shared.find_builder(selection, model, fragment))
        out.deeper().add(place.assign.format(f"{builder}(building, {value})"))

    def _write_find(self, fragment: FragmentPlan, value: str, place: Place, out: Block, condition: str = "") -> None:
        """The branch of a value whose fragment is found."""
        self._has_fragments = True
        found, name = self._local("fragment"), self._name("fragment", fragment)
        out.add(f"if {condition}({found} := find_fragment({name}, {value})) is not None:")
        out.deeper().add(place.assign.format(f"fill({found}, {place.holder}, {place.key})"))

    def _write_find_shared(self, lists: str, value: str, place: Place, out: Block) -> None:
        """The branch of a list whose data is shared."""
        found = self._local("shared")
        out.add(f"if type({value}) is KeptList and ({found} := building.find_list({lists}, {value})) is not None:")
        out.deeper().add(place.assign.format(f"building.share({lists}, {found}, {place.holder}, {place.key})"))

    def _write_fields(self, selection: Selection, model: type, value: str, assign: str, out: Block) -> str:
        """The display of an object, in its place; answers the name of the dict."""
        target = self._local("data")
        entries: list[str] = []
        after = Block(out.depth, loops=out.loops)
        called: list[int] = []
        for read in selection.fields:
            expression = "None"
            if read.source is Source.TYPENAME:
                expression = repr(selection.type.name)
            elif read.slot is not None:
                if read.is_hole:
                    self._has_holes = True
                    self._queue(
                        (read.slot,), value, f"open_hole({self._name('field', read)}, {value}, {target})", after
                    )
                else:
                    called.append(read.slot)
            else:
                expression = self._write_attribute(read, model, value, target, after)
            entries.append(f"{read.key!r}: {expression}")
        out.add(f"{target} = {{{', '.join(entries)}}}")
        if assign:
            out.add(assign.format(target))
        if called:
            self._queue(tuple(called), value, target, out)
        out.lines += after.lines
        return target

    def _write_attribute(self, read: FieldPlan, model: type, value: str, target: str, after: Block) -> str:
        """The expression of an attribute in its object's display; None where `after` puts it in place."""
        position, attribute = read.position, f"{value}.{read.attribute}"
        local = self._local("value")
        if is_stored(model, read.attribute):
            leaf = read_leaf(position.type) if position.kind is Kind.LEAF else None
            trusted = trust_attribute(model, read.attribute, leaf, nullable=position.nullable) if leaf else None
            if trusted is not None:
                return f"({trusted.format(attribute)})"
            after.add(f"{local} = {attribute}")
        else:
            after.add(
                "try:", f"    {local} = {attribute}", "except Exception as error:", f"    {local} = Failed(error)"
            )
        self._write_value(position, local, self._place(position, local, target, repr(read.key)), after)
        return "None"

    def _place(self, position: Position, value: str, holder: str, key: str) -> Place:
        """`key` is an expression."""
        late = f"complete({self._name('position', position)}, {value}, {holder}, {key})"
        return Place(f"{holder}[{key}] = {{}}", (late,), holder, key)

    def _name(self, prefix: str, value: Any) -> str:
        known = self._known.get(id(value))
        if known is None:
            known = f"{prefix}_{len(self._known)}"
            self._known[id(value)] = known
            self._names[known] = value
        return known

    def _local(self, prefix: str) -> str:
        return f"{prefix}{next(self._locals)}"
