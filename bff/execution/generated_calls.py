"""Writes the Python that calls a field's resolver for all its parents of a level, and that reads the leaves it gave."""

from collections.abc import Callable
from typing import Any

from strawberry.types.fields.resolver import StrawberryResolver

from bff.execution.code import load_lines
from bff.execution.models import read_leaf
from bff.execution.outcomes import Deoptimise, Failed, close_unstarted
from bff.execution.plan import FieldPlan
from bff.execution.positions import Kind


def write_call(called: FieldPlan, texts: list[str]) -> Callable[..., list[Any]]:
    """`call(parents, info, arguments)`. Arguments that were left out take the resolver's own defaults."""
    resolver = called.base_resolver
    names: dict[str, Any] = {
        "resolve": called.resolver,
        "Deoptimise": Deoptimise,
        "Failed": Failed,
        "close_unstarted": close_unstarted,
    }
    reads, given = [], []
    for place, (name, parameter) in enumerate(resolver.signature.parameters.items()):
        value = f"argument{place}"
        if name in _parent_names(resolver):
            value = "parent"
        elif name == _info_name(resolver):
            value = "info"
        elif parameter.default is parameter.empty:
            reads.append(f"    {value} = arguments[{name!r}]")
        else:
            names[f"default{place}"] = parameter.default
            reads.append(f"    {value} = arguments.get({name!r}, default{place})")
        given.append(f"{name}={value}" if parameter.kind is parameter.KEYWORD_ONLY else value)
    lines = [
        "def call(parents, info, arguments):",
        *reads,
        "    values = []",
        "    append = values.append",
        "    try:",
        "        for parent in parents:",
        "            try:",
        f"                append(resolve({', '.join(given)}))",
        "            except Exception as error:",
        "                append(Failed(error))",
        "    except Deoptimise:",
        "        for value in values:",
        "            close_unstarted(value)",
        "        raise",
        "    return values",
    ]
    return load_lines("call", lines, names, texts)


def write_read(called: FieldPlan, texts: list[str]) -> Callable[..., Any] | None:
    """`read(values)`; None where leaves are only to be told by their own coercion, and for floats: some that are equal
    are written otherwise.
    """
    leaf = read_leaf(called.position.type) if called.position.kind is Kind.LEAF else None
    if leaf is None or leaf.model is float:
        return None
    good = frozenset({leaf.model, type(None)} if called.position.nullable else {leaf.model})
    expression = leaf.expression.format("value")
    is_good = leaf.check.format("value", "model")
    if called.position.nullable:
        is_good = f"value is None or {is_good}"
        expression = f"None if value is None else {expression}"
    lines = [
        "def read(values):",
        "    types = set(map(type, values))",
        "    if not types <= good:",
        "        return None",
    ]
    if not leaf.is_certain:
        lines += [
            f"    if model in types and not all({is_good} for value in values):",
            "        return None",
        ]
    lines.append("    return values" if leaf.expression == "{0}" else f"    return [{expression} for value in values]")
    return _remember_last(load_lines("read", lines, {"model": leaf.model, "good": good}, texts))


def _remember_last(read: Callable[[list[Any]], list[Any] | None]) -> Callable[[list[Any]], list[Any] | None]:
    """Requests in a row often have the same for all their parents: that is compared faster than its types are told.
    Values that are equal, of what this is for, make equal leaves.
    """
    last: list[Any] = []
    leaves: list[Any] | None = []

    def read_unless_known(values: list[Any]) -> list[Any] | None:
        nonlocal last, leaves
        if values != last:
            leaves = read(values)
            last = values if leaves is not None else []
        return leaves if values else []

    return read_unless_known


def _parent_names(resolver: StrawberryResolver[Any]) -> set[str]:
    return {owner.name for owner in (resolver.root_parameter, resolver.parent_parameter) if owner is not None}


def _info_name(resolver: StrawberryResolver[Any]) -> str | None:
    return resolver.info_parameter.name if resolver.info_parameter is not None else None
