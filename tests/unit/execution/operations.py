"""Draws valid operations over any schema, by its types, with variables for what they leave open."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_interface_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]
Values = Mapping[str, st.SearchStrategy[Any]]
"""What arguments take, by `Type.field(argument)`, by the argument's name or by its type's name: JSON values."""

_BUILT_IN: Values = {
    "Int": st.integers(-2, 4),
    "Float": st.sampled_from([0.5, 2, -1.25]),
    "String": st.sampled_from(["", "a", 'say "hi"', "ü\n"]),
    "ID": st.sampled_from(["x1", "7"]),
    "Boolean": st.booleans(),
}


@dataclass(frozen=True)
class Operation:
    text: str
    variables: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.text}\n# {self.variables}"


@st.composite
def operations(
    draw: Draw,
    schema: GraphQLSchema,
    values: Values | None = None,
    *,
    least: int = 3,
    budget: int = 60,
    roots: Collection[str] = (),
) -> Operation:
    """One query of at most about a number of fields that is drawn, too, from `least` to `budget`. `roots` are the
    fields of the root to choose from, where not from all.
    """
    given = {**_BUILT_IN, **(values or {})}
    writer = _Writer(draw, schema, given, draw(st.integers(least, budget)), roots)
    body = writer.write_selections(schema.query_type, 0)
    head = f"query({', '.join(writer.definitions)}) " if writer.definitions else ""
    return Operation("\n".join([head + body, *writer.fragments.values()]), writer.variables)


@dataclass
class _Writer:
    draw: Draw
    schema: GraphQLSchema
    values: Values
    budget: int
    roots: Collection[str]
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)
    open_fragments: list[tuple[str, str]] = field(default_factory=list)
    aliases: int = 0

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in - 1)

    def write_selections(self, parent: Any, depth: int, *, is_shared: bool = True) -> str:
        """`is_shared`: fields may stand under their own names, since nothing of another type meets them here."""
        written: list[str] = []
        repeatable: list[tuple[str, Any]] = []
        for _ in range(self.draw(st.integers(1, 6 if depth < 3 else 3))):
            if self.budget <= 0 and written:
                break
            kind = self.draw(st.integers(0, 11))
            if kind == 0 and repeatable:
                head, inner = self.draw(st.sampled_from(repeatable))
                written.append(head + self.write_below(inner, depth))
            elif kind == 1:
                written.append(self.write_fragment(parent, depth, is_shared=is_shared))
            elif kind <= 4 and is_abstract_type(parent):
                written.append(self.write_condition(parent, depth))
            else:
                head, inner = self.write_field(parent, depth, is_shared=is_shared)
                repeatable.append((head, inner))
                written.append(head + self.write_below(inner, depth))
        return "{ " + " ".join(written) + " }"

    def write_below(self, inner: Any, depth: int) -> str:
        return "" if is_leaf_type(inner) else " " + self.write_selections(inner, depth + 1)

    def write_field(self, parent: Any, depth: int, *, is_shared: bool) -> tuple[str, Any]:
        """The head of a field, and the type of what stands below it."""
        self.budget -= 1
        fields: dict[str, GraphQLField | None] = {"__typename": None}
        if parent is self.schema.query_type and self.roots:
            fields = {name: parent.fields[name] for name in self.roots}
        elif hasattr(parent, "fields"):
            is_deep = depth > 5 or self.budget <= 0
            leaves = {name: found for name, found in parent.fields.items() if is_leaf_type(get_named_type(found.type))}
            fields |= leaves if is_deep and leaves else parent.fields
            if not is_deep and leaves.keys() != parent.fields.keys() and self.draw(st.booleans()):
                fields = {name: found for name, found in parent.fields.items() if name not in leaves}
        name = self.draw(st.sampled_from(list(fields)))
        found = fields[name]
        arguments = self.write_arguments(f"{parent.name}.{name}", found.args if found is not None else {})
        alias = ""
        if arguments or not (is_shared or name == "__typename") or self.chance(6):
            self.aliases += 1
            alias = f"a{self.aliases}: "
        head = f"{alias}{name}{arguments}{self.write_directive()}"
        return head, get_named_type(found.type) if found is not None else self.schema.get_type("String")

    def write_condition(self, parent: Any, depth: int) -> str:
        """An inline fragment for a type that may be here."""
        self.budget -= 1
        chosen = self.draw(st.sampled_from([*self.schema.get_possible_types(parent), parent]))
        is_shared = chosen is parent and is_interface_type(parent)
        return f"... on {chosen}{self.write_directive()} " + self.write_selections(
            chosen, depth + 1, is_shared=is_shared
        )

    def write_fragment(self, parent: Any, depth: int, *, is_shared: bool) -> str:
        """A spread of a fragment, often one that is there already; or an inline fragment without a condition."""
        self.budget -= 1
        if self.chance(3):
            return f"...{self.write_directive()} " + self.write_selections(parent, depth + 1, is_shared=is_shared)
        known = [name for name, type_name in self.open_fragments if type_name == parent.name]
        if known and not self.chance(3):
            name = self.draw(st.sampled_from(known))
        else:
            name = f"f{len(self.fragments)}"
            self.fragments[name] = ""
            body = self.write_selections(parent, depth + 1, is_shared=False)
            self.fragments[name] = f"fragment {name} on {parent} {body}"
            self.open_fragments.append((name, parent.name))
        return f"...{name}{self.write_directive()}"

    def write_directive(self) -> str:
        if not self.chance(8):
            return ""
        name = self.draw(st.sampled_from(["skip", "include"]))
        kind = self.draw(st.integers(0, 3))
        value = self.draw(st.booleans())
        if kind == 0:
            return f" @{name}(if: {str(value).lower()})"
        if kind == 1:
            return f" @{name}(if: {self.declare('Boolean!', value)})"
        given = Undefined if kind == 2 else None if self.chance(30) else self.draw(st.booleans())
        return f" @{name}(if: {self.declare(f'Boolean = {str(value).lower()}', given)})"

    def write_arguments(self, coordinate: str, arguments: Mapping[str, GraphQLArgument]) -> str:
        written = []
        for name, argument in arguments.items():
            if is_required_argument(argument) or self.chance(2):
                value = self.write_argument(f"{coordinate}({name})", name, argument)
                written.append(f"{name}: {value}")
        return f"({', '.join(written)})" if written else ""

    def write_argument(self, coordinate: str, name: str, argument: GraphQLArgument) -> str:
        value = self.draw_value(argument.type, name, coordinate)
        kind = self.draw(st.integers(0, 7))
        if kind < 4:
            return self.write_literal(value, argument.type)
        if kind == 4:
            return self.declare(str(argument.type), value)
        literal = self.write_literal(value, argument.type)
        if kind == 5 and value is not None:
            return self.declare(f"{_drop_non_null(argument.type)} = {literal}", Undefined)
        if kind == 6 and not isinstance(argument.type, GraphQLNonNull):
            return self.declare(str(argument.type), self.draw(st.sampled_from([None, Undefined])))
        if kind == 7 and value is not None:
            return self.declare(f"{_drop_non_null(argument.type)} = {literal}", None)
        return literal

    def declare(self, type_text: str, value: Any) -> str:
        """A new variable; `Undefined` leaves it out of the request."""
        name = f"v{len(self.definitions)}"
        self.definitions.append(f"${name}: {type_text}")
        if value is not Undefined:
            self.variables[name] = value
        return f"${name}"

    def draw_value(self, input_type: Any, name: str, coordinate: str) -> Any:
        if isinstance(input_type, GraphQLNonNull):
            return self.draw_present(input_type.of_type, name, coordinate)
        return None if self.chance(6) else self.draw_present(input_type, name, coordinate)

    def draw_present(self, input_type: Any, name: str, coordinate: str) -> Any:
        for key in (coordinate, name, getattr(input_type, "name", "")):
            if key in self.values:
                return self.draw(self.values[key])
        if isinstance(input_type, GraphQLList):
            if self.chance(5):
                return self.draw_present(_drop_non_null(input_type.of_type), name, coordinate)
            count = self.draw(st.integers(0, 3))
            return [self.draw_value(input_type.of_type, name, coordinate) for _ in range(count)]
        if isinstance(input_type, GraphQLEnumType):
            return self.draw(st.sampled_from(list(input_type.values)))
        if isinstance(input_type, GraphQLInputObjectType):
            return {
                key: self.draw_value(inner.type, key, f"{input_type.name}.{key}")
                for key, inner in input_type.fields.items()
                if self._is_given(inner)
            }
        return self.draw(self.values["String"])

    def _is_given(self, inner: GraphQLInputField) -> bool:
        return is_required_input_field(inner) or self.chance(2)

    def write_literal(self, value: Any, input_type: Any) -> str:
        inner = _drop_non_null(input_type)
        if value is None:
            return "null"
        if isinstance(inner, GraphQLList):
            if not isinstance(value, list):
                return self.write_literal(value, inner.of_type)
            return "[" + ", ".join(self.write_literal(item, inner.of_type) for item in value) + "]"
        if isinstance(inner, GraphQLEnumType):
            return str(value)
        if isinstance(inner, GraphQLInputObjectType):
            types = inner.fields
            pairs = [f"{key}: {self.write_literal(item, types[key].type)}" for key, item in value.items()]
            return "{" + ", ".join(pairs) + "}"
        return _write_scalar(value)


def _write_scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_scalar, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_write_scalar(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value)


def _drop_non_null(input_type: Any) -> Any:
    return input_type.of_type if isinstance(input_type, GraphQLNonNull) else input_type
