"""Writes the Python of a plan's stages: straight code over read models that were declared, so that nothing is looked at
twice. What it does not recognise it hands to `Run.complete`.
"""

import linecache
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import GraphQLObjectType
from strawberry.types.fields.resolver import StrawberryResolver

from bff.execution.fragments import KeptList
from bff.execution.models import is_stored, read_leaf, trust_attribute
from bff.execution.plan import FieldPlan, FragmentPlan, Kind, Plan, Position, Source, plan_fragment, plan_list_fragment
from bff.execution.runtime import Deoptimise, Failed, close_unstarted

_numbers = count(1)
_MAX_LOOPS = 16
_MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """`call(parents, info, arguments)` gives a value a parent; `complete(run, holders, values)` puts them in place.
    `read(values)` gives the leaves that good values are; None where there is another among them.
    """

    call: Callable[..., list[Any]] | None
    complete: Callable[..., None]
    read: Callable[[list[Any]], list[Any] | None] | None


def generate(plan: Plan) -> None:
    """Give a plan its stages; `plan.source` is their text, known to tracebacks by `linecache`."""
    writer = _Writer()
    # Selections are worked out on the way, and bring further slots.
    for called in plan.slots:
        writer.write_stage(called)
    filename = f"<graphql plan {next(_numbers)}>"
    plan.source = "\n".join(writer.lines) + "\n"
    linecache.cache[filename] = (len(plan.source), None, plan.source.splitlines(keepends=True), filename)
    exec(compile(plan.source, filename, "exec"), writer.names)  # noqa: S102 - the text is ours, made of the schema
    plan.stages = {
        called.slot: Stage(
            writer.names.get(f"call{called.slot}"),
            writer.names[f"complete{called.slot}"],
            writer.names.get(f"read{called.slot}"),
        )
        for called in plan.slots
        if called.slot is not None
    }


def forget(plan: Plan) -> None:
    """Take an evicted plan's text out of `linecache`."""
    for stage in plan.stages.values():
        linecache.cache.pop(stage.complete.__code__.co_filename, None)


@dataclass(slots=True)
class _Block:
    """Lines at one depth; deeper ones go into the same list. CPython nests no more than 20 loops."""

    depth: int = 0
    lines: list[str] = field(default_factory=list)
    loops: int = 1

    def add(self, *texts: str) -> None:
        self.lines += ["    " * self.depth + text for text in texts]

    def deeper(self, *, loops: int = 0) -> "_Block":
        return _Block(self.depth + 1, self.lines, self.loops + loops)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value goes: `assign` has a hole for the good value; `late` hands any other to `Run.complete`.

    `holder[key]` is the place, as an expression that holds before the value is there.
    """

    assign: str
    late: tuple[str, ...]
    holder: str
    key: str


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Deoptimise": Deoptimise,
            "Failed": Failed,
            "close_unstarted": close_unstarted,
            "KeptList": KeptList,
        }
        self._known: dict[int, str] = {}
        self._locals = count(1)
        self._slots: set[int] = set()
        self._has_fragments = False
        self._has_holes = False

    def write_stage(self, called: FieldPlan) -> None:
        if called.source is Source.DIRECT:
            self._write_call(called)
        if called.is_hole:
            self._write_read(called)
        self._slots = set()
        self._has_fragments = self._has_holes = False
        body = _Block(2)
        self._write_value(called.position, "value", self._place(called.position, "value", "holder", called.key), body)
        self.lines += [f"def complete{called.slot}(run, holders, values):", "    complete = run.complete"]
        if self._has_fragments:
            self.lines += [
                "    find_fragment = run.find_fragment",
                "    fill = run.fill",
                "    miss = run.missed.append",
            ]
        for slot in sorted(self._slots):
            self.lines += [
                f"    parents{slot} = run.parents[{slot}].append",
                f"    holders{slot} = run.holders[{slot}].append",
            ]
        if self._has_holes:
            self.lines.append("    open_hole = run.open_hole")
        self.lines += ["    for holder, value in zip(holders, values):", *body.lines]

    def _write_call(self, called: FieldPlan) -> None:
        resolver = called.base_resolver
        function = self._name("resolve", called.resolver)
        self.lines += [
            f"def call{called.slot}(parents, info, arguments):",
            *self._read_arguments(resolver),
            "    values = []",
            "    append = values.append",
            "    try:",
            "        for parent in parents:",
            "            try:",
            f"                append({function}({_list_arguments(resolver)}))",
            "            except Exception as error:",
            "                append(Failed(error))",
            "    except Deoptimise:",
            "        for value in values:",
            "            close_unstarted(value)",
            "        raise",
            "    return values",
        ]

    def _write_read(self, called: FieldPlan) -> None:
        leaf = read_leaf(called.position.type) if called.position.kind is Kind.LEAF else None
        if leaf is None:
            return
        is_good = leaf.check.format("value", self._name("model", leaf.model))
        expression = leaf.expression.format("value")
        if called.position.nullable:
            is_good = f"value is None or {is_good}"
            expression = f"None if value is None else {expression}"
        self.lines += [
            f"def read{called.slot}(values):",
            "    for value in values:",
            f"        if not ({is_good}):",
            "            return None",
            "    return values" if leaf.expression == "{0}" else f"    return [{expression} for value in values]",
        ]

    def _read_arguments(self, resolver: StrawberryResolver[Any]) -> list[str]:
        """Arguments that were left out take the resolver's own defaults."""
        lines = []
        for name, parameter in resolver.signature.parameters.items():
            if name in _parent_names(resolver) or name == _info_name(resolver):
                continue
            if parameter.default is parameter.empty:
                lines.append(f"    argument_{name} = arguments[{name!r}]")
            else:
                default = self._name("default", parameter.default)
                lines.append(f"    argument_{name} = arguments.get({name!r}, {default})")
        return lines

    def _write_value(self, position: Position, value: str, place: _Place, out: _Block) -> None:
        """Code that puts `value` into its place, where None stands already; what is too deep `Run.complete` does."""
        if out.loops > _MAX_LOOPS or out.depth > _MAX_DEPTH:
            out.add(*place.late)
        elif position.kind is Kind.LEAF:
            self._write_leaf(position, value, place, out)
        elif position.kind is Kind.LIST:
            self._write_list(position, value, place, out)
        else:
            self._write_object(position, value, place, out)

    def _write_leaf(self, position: Position, value: str, place: _Place, out: _Block) -> None:
        leaf = read_leaf(position.type)
        if leaf is None:
            out.add(*place.late)
            return
        out.add(f"if {leaf.check.format(value, self._name('model', leaf.model))}:")
        out.deeper().add(place.assign.format(leaf.expression.format(value)))
        out.add("else:")
        out.deeper().add(*place.late)

    def _write_list(self, position: Position, value: str, place: _Place, out: _Block) -> None:
        """Items one by one; a list that is kept comes from its fragment."""
        assert position.item is not None  # noqa: S101 - lists have items
        items, append, item = self._local("items"), self._local("append"), self._local("item")
        fragment = plan_list_fragment(position.plan, position.item)
        if fragment:
            self._write_find(fragment, value, place, out, f"type({value}) is KeptList and ")
        word = "elif" if fragment else "if"
        out.add(f"{word} type({value}) is list or type({value}) is tuple or type({value}) is KeptList:")
        inside = out.deeper()
        inside.add(f"{items} = []", place.assign.format(items), f"{append} = {items}.append", f"for {item} in {value}:")
        late = f"complete({self._name('position', position.item)}, {item}, {items}, len({items}) - 1)"
        place_of_item = _Place(f"{append}({{}})", (f"{append}(None)", late), items, f"len({items})")
        self._write_value(position.item, item, place_of_item, inside.deeper(loops=1))
        if fragment:
            inside.add(f"if type({value}) is KeptList:")
            inside.deeper().add(f"miss(({self._name('fragment', fragment)}, {value}, {items}))")
        out.add("else:")
        out.deeper().add(*place.late)

    def _write_object(self, position: Position, value: str, place: _Place, out: _Block) -> None:
        """A branch for each declared class."""
        word = "if"
        for model, object_type in position.models.items():
            out.add(f"{word} type({value}) is {self._name('model', model)}:")
            self._write_model(position, model, object_type, value, place, out.deeper())
            word = "elif"
        if not position.models:
            out.add(*place.late)
            return
        out.add("else:")
        out.deeper().add(*place.late)

    def _write_model(  # noqa: PLR0917
        self, position: Position, model: type, object_type: GraphQLObjectType, value: str, place: _Place, out: _Block
    ) -> None:
        """A value of a declared class: from its fragment, with what belongs to the request, or all of it."""
        selection = position.select(object_type)
        fragment = plan_fragment(position.plan, selection)
        if fragment is None:
            self._write_fields(selection.fields, model, object_type, value, place, out)
            return
        self._write_find(fragment, value, place, out)
        out.add("else:")
        missed = out.deeper()
        target = self._write_fields(selection.fields, model, object_type, value, place, missed)
        missed.add(f"miss(({self._name('fragment', fragment)}, {value}, {target}))")

    def _write_find(self, fragment: FragmentPlan, value: str, place: _Place, out: _Block, condition: str = "") -> None:
        """The branch of a value whose fragment is found."""
        self._has_fragments = True
        found, name = self._local("fragment"), self._name("fragment", fragment)
        out.add(f"if {condition}({found} := find_fragment({name}, {value})) is not None:")
        out.deeper().add(place.assign.format(f"fill({found}, {place.holder}, {place.key})"))

    def _write_fields(  # noqa: PLR0917
        self,
        fields: list[FieldPlan],
        model: type,
        object_type: GraphQLObjectType,
        value: str,
        place: _Place,
        out: _Block,
    ) -> str:
        """The display of an object, in its place; answers the name of the dict."""
        target = self._local("data")
        entries: list[str] = []
        after = _Block(out.depth, loops=out.loops)
        for read in fields:
            expression = "None"
            if read.source is Source.TYPENAME:
                expression = repr(object_type.name)
            elif read.slot is not None:
                self._slots.add(read.slot)
                holder = target
                if read.is_hole:
                    self._has_holes = True
                    holder = f"open_hole({self._name('field', read)}, {value}, {target})"
                after.add(f"parents{read.slot}({value})", f"holders{read.slot}({holder})")
            else:
                expression = self._write_attribute(read, model, value, target, after)
            entries.append(f"{read.key!r}: {expression}")
        out.add(f"{target} = {{{', '.join(entries)}}}", place.assign.format(target))
        out.lines += after.lines
        return target

    def _write_attribute(self, read: FieldPlan, model: type, value: str, target: str, after: _Block) -> str:
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
        self._write_value(position, local, self._place(position, local, target, read.key), after)
        return "None"

    def _place(self, position: Position, value: str, holder: str, key: str) -> _Place:
        late = f"complete({self._name('position', position)}, {value}, {holder}, {key!r})"
        return _Place(f"{holder}[{key!r}] = {{}}", (late,), holder, repr(key))

    def _name(self, prefix: str, value: Any) -> str:
        known = self._known.get(id(value))
        if known is None:
            known = f"{prefix}_{len(self.names)}"
            self._known[id(value)] = known
            self.names[known] = value
        return known

    def _local(self, prefix: str) -> str:
        return f"{prefix}{next(self._locals)}"


def _list_arguments(resolver: StrawberryResolver[Any]) -> str:
    written = []
    for name, parameter in resolver.signature.parameters.items():
        value = f"argument_{name}"
        if name in _parent_names(resolver):
            value = "parent"
        elif name == _info_name(resolver):
            value = "info"
        written.append(f"{name}={value}" if parameter.kind is parameter.KEYWORD_ONLY else value)
    return ", ".join(written)


def _parent_names(resolver: StrawberryResolver[Any]) -> set[str]:
    return {owner.name for owner in (resolver.root_parameter, resolver.parent_parameter) if owner is not None}


def _info_name(resolver: StrawberryResolver[Any]) -> str | None:
    return resolver.info_parameter.name if resolver.info_parameter is not None else None
