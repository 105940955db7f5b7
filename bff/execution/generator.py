"""Writes the Python of a plan's stages: straight code over read models that were declared, so that nothing is looked at
twice. What it does not recognise it hands to `Run.complete`.
"""

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLString,
)

from bff.execution.models import find_trust, is_stored
from bff.execution.plan import FieldPlan, Kind, Plan, Position, Selection, Source
from bff.execution.runtime import Failed

_numbers = count(1)
_CHECKS = {
    GraphQLString.name: "type({0}) is str",
    GraphQLID.name: "type({0}) is str",
    GraphQLBoolean.name: "type({0}) is bool",
    GraphQLInt.name: "type({0}) is int and -2147483648 <= {0} <= 2147483647",
    GraphQLFloat.name: "type({0}) is float and {0} - {0} == 0.0",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """`call(parents, info, arguments)` gives a value a parent; `complete(run, holders, values)` puts them in place."""

    call: Callable[..., list[Any]] | None
    complete: Callable[..., None] | None


def generate(plan: Plan) -> None:
    """Give a plan its stages; `plan.source` is their text, known to tracebacks by `linecache`."""
    writer = _Writer(plan)
    # Selections are worked out on the way, and bring further slots.
    for field in plan.slots:
        writer.write_stage(field)
    number = next(_numbers)
    filename = f"<graphql plan {number}>"
    plan.source = "\n".join(writer.lines) + "\n"
    linecache.cache[filename] = (len(plan.source), None, plan.source.splitlines(keepends=True), filename)
    exec(compile(plan.source, filename, "exec"), writer.names)  # noqa: S102 - the text is ours, made of the schema
    plan.stages = {
        field.slot: Stage(writer.names.get(f"call{field.slot}"), writer.names.get(f"complete{field.slot}"))
        for field in plan.slots
        if field.slot is not None
    }


def forget(plan: Plan) -> None:
    """Take an evicted plan's text out of `linecache`."""
    for stage in plan.stages.values():
        for function in (stage.call, stage.complete):
            if function is not None:
                linecache.cache.pop(function.__code__.co_filename, None)


class _Writer:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Failed": Failed}
        self._locals = count(1)
        self._known: dict[int, str] = {}
        self._slots: set[int] = set()

    def write_stage(self, field: FieldPlan) -> None:
        if field.source is Source.DIRECT:
            self._write_call(field)
        elif field.source is Source.BATCH:
            self._write_batch(field)
        body: list[str] = []
        self._slots = set()
        self._write_value(field.position, "value", "holder", repr(field.key), body, 2)
        self.lines.append(f"def complete{field.slot}(run, holders, values):")
        self.lines.append("    complete = run.complete")
        for slot in sorted(self._slots):
            self.lines.append(f"    parents{slot} = run.parents[{slot}].append")
            self.lines.append(f"    holders{slot} = run.holders[{slot}].append")
        self.lines.append("    for holder, value in zip(holders, values):")
        self.lines += body

    def _write_call(self, field: FieldPlan) -> None:
        function = self._name("resolve", field.resolver)
        arguments = self._list_arguments(field, "parent")
        self.lines += [
            f"def call{field.slot}(parents, info, arguments):",
            *self._read_arguments(field),
            "    values = []",
            "    append = values.append",
            "    for parent in parents:",
            "        try:",
            f"            append({function}({arguments}))",
            "        except Exception as error:",
            "            append(Failed(error))",
            "    return values",
        ]

    def _write_batch(self, field: FieldPlan) -> None:
        function = self._name("batch", field.resolver)
        self.lines += [
            f"def call{field.slot}(parents, info, arguments):",
            f"    return {function}(parents, info, **arguments)",
        ]

    def _list_arguments(self, field: FieldPlan, parent: str) -> str:
        resolver = field.strawberry_field.base_resolver  # type: ignore[union-attr]
        assert resolver is not None  # noqa: S101
        owners = [resolver.root_parameter, resolver.parent_parameter]
        parents = {parameter.name for parameter in owners if parameter is not None}
        info = resolver.info_parameter.name if resolver.info_parameter is not None else None
        written = []
        for name, parameter in resolver.signature.parameters.items():
            value = parent if name in parents else "info" if name == info else f"argument_{name}"
            written.append(f"{name}={value}" if parameter.kind is parameter.KEYWORD_ONLY else value)
        return ", ".join(written)

    def _read_arguments(self, field: FieldPlan) -> list[str]:
        """Arguments that were left out take the resolver's own defaults."""
        resolver = field.strawberry_field.base_resolver  # type: ignore[union-attr]
        assert resolver is not None  # noqa: S101
        owners = [resolver.root_parameter, resolver.parent_parameter, resolver.info_parameter]
        taken = {parameter.name for parameter in owners if parameter is not None}
        lines = []
        for name, parameter in resolver.signature.parameters.items():
            if name in taken:
                continue
            if parameter.default is parameter.empty:
                lines.append(f"    argument_{name} = arguments[{name!r}]")
            else:
                default = self._name("default", parameter.default)
                lines.append(f"    argument_{name} = arguments.get({name!r}, {default})")
        return lines

    def _write_value(self, position: Position, value: str, holder: str, key: str, out: list[str], depth: int) -> None:
        """Code that puts `value` into `holder[key]`, where None stands already."""
        pad = "    " * depth
        late = f"complete({self._name('position', position)}, {value}, {holder}, {key})"
        if position.kind is Kind.LEAF:
            check = _CHECKS.get(position.type.name)
            if check is None:
                out.append(f"{pad}{late}")
                return
            out += [
                f"{pad}if {check.format(value)}:",
                f"{pad}    {holder}[{key}] = {value}",
                f"{pad}else:",
                f"{pad}    {late}",
            ]
            return
        if position.kind is Kind.LIST:
            self._write_list(position, value, f"{holder}[{key}] = ", late, out, depth)
            return
        self._write_object(position, value, f"{holder}[{key}] = ", late, out, depth)

    def _write_list(self, position: Position, value: str, assign: str, late: str, out: list[str], depth: int) -> None:
        pad = "    " * depth
        item_position = position.item
        assert item_position is not None  # noqa: S101
        items, append, item = self._local("items"), self._local("append"), self._local("item")
        out += [
            f"{pad}if type({value}) is list or type({value}) is tuple:",
            f"{pad}    {items} = {assign}[]",
            f"{pad}    {append} = {items}.append",
            f"{pad}    for {item} in {value}:",
        ]
        inner = "    " * (depth + 2)
        position_name = self._name("position", item_position)
        late_item = [f"{append}(None)", f"complete({position_name}, {item}, {items}, len({items}) - 1)"]
        if item_position.kind is Kind.LEAF and item_position.type.name in _CHECKS:
            check = _CHECKS[item_position.type.name].format(item)
            out += [f"{inner}if {check}:", f"{inner}    {append}({item})", f"{inner}else:"]
            out += [f"{inner}    {line}" for line in late_item]
        elif item_position.models:
            self._write_branches(item_position, item, f"{append}({{}})", late_item, out, depth + 2)
        else:
            out += [f"{inner}{line}" for line in late_item]
        out += [f"{pad}else:", f"{pad}    {late}"]

    def _write_object(self, position: Position, value: str, assign: str, late: str, out: list[str], depth: int) -> None:
        if position.models:
            self._write_branches(position, value, assign + "{}", [late], out, depth)
        else:
            out.append("    " * depth + late)

    def _write_branches(
        self, position: Position, value: str, assign: str, late: list[str], out: list[str], depth: int
    ) -> None:
        """A branch a declared class; `assign` has a place for the new dict."""
        pad = "    " * depth
        word = "if"
        for model, object_type in position.models.items():
            out.append(f"{pad}{word} type({value}) is {self._name('model', model)}:")
            self._write_fields(position.select(object_type), model, object_type, value, assign, out, depth + 1)
            word = "elif"
        out.append(f"{pad}else:")
        out += [f"{pad}    {line}" for line in late]

    def _write_fields(
        self,
        selection: Selection,
        model: type,
        object_type: GraphQLObjectType,
        value: str,
        assign: str,
        out: list[str],
        depth: int,
    ) -> None:
        pad = "    " * depth
        target = self._local("data")
        entries, after = [], []
        for field in selection.fields:
            entries.append(
                f"{field.key!r}: {self._write_entry(field, model, object_type, value, target, out, after, depth)}"
            )
        out.append(f"{pad}{target} = {{{', '.join(entries)}}}")
        out.append(pad + assign.format(target))
        out += after

    def _write_entry(
        self,
        field: FieldPlan,
        model: type,
        object_type: GraphQLObjectType,
        value: str,
        target: str,
        out: list[str],
        after: list[str],
        depth: int,
    ) -> str:
        """The expression of a field in its object's display; what must come later is added to `after`."""
        pad = "    " * depth
        if field.source is Source.TYPENAME:
            return repr(object_type.name)
        if field.slot is not None:
            self._slots.add(field.slot)
            after += [f"{pad}parents{field.slot}({value})", f"{pad}holders{field.slot}({target})"]
            return "None"
        read = f"{value}.{field.attribute}"
        position = field.position
        if is_stored(model, field.attribute):
            if position.kind is Kind.LEAF and isinstance(position.type, GraphQLNamedType):
                trust = find_trust(model, field.attribute, position.type, nullable=position.nullable)
                if trust is not None and trust.check is None:
                    return f"({trust.expression.format(read)})"
                if trust is not None and trust.check is not None:
                    local = self._local("value")
                    out.append(f"{pad}{local} = {read}")
                    name = self._name("position", position)
                    after += [
                        f"{pad}if not ({trust.check.format(local)}):",
                        f"{pad}    {target}[{field.key!r}] = None",
                        f"{pad}    complete({name}, {local}, {target}, {field.key!r})",
                    ]
                    return local
            local = self._local("value")
            after.append(f"{pad}{local} = {read}")
            self._write_value(position, local, target, repr(field.key), after, depth)
            return "None"
        local = self._local("value")
        after += [
            f"{pad}try:",
            f"{pad}    {local} = {read}",
            f"{pad}except Exception as error:",
            f"{pad}    {local} = Failed(error)",
        ]
        self._write_value(position, local, target, repr(field.key), after, depth)
        return "None"

    def _name(self, prefix: str, value: Any) -> str:
        known = self._known.get(id(value))
        if known is None:
            known = f"{prefix}_{len(self.names)}"
            self._known[id(value)] = known
            self.names[known] = value
        return known

    def _local(self, prefix: str) -> str:
        return f"{prefix}{next(self._locals)}"
