"""Where a field's value comes from: an attribute, its resolver with nothing in between, or graphql-core's own way."""

from collections.abc import Callable
from enum import Enum
from inspect import Parameter
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    VariableNode,
    get_named_type,
)
from strawberry.types.field import StrawberryField

_DEFINITION = "strawberry-definition"
_CALL = "compiled-call"
"""The key of a field definition's extensions that keeps how it is called."""


class Source(Enum):
    TYPENAME = "typename"
    ATTRIBUTE = "attribute"
    DIRECT = "direct"
    BATCH = "batch"
    RESOLVE = "resolve"
    DEFAULT = "default"


class Call(NamedTuple):
    """`field` is Strawberry's, where nothing stands around its resolver. `attribute` and `resolver` are what is read or
    called directly, `required` the resolver's arguments without a default; `has_own_arguments`: some may be changed by
    a call, which must not share them with another.
    """

    source: Source
    field: StrawberryField | None = None
    attribute: str = ""
    resolver: Callable[..., Any] | None = None
    required: frozenset[str] = frozenset()
    has_own_arguments: bool = False


def find_call(
    definition: GraphQLField, schema: GraphQLSchema, *, may_call_directly: bool, is_called_once: bool = False
) -> Call:
    """How a field other than `__typename` is had; `is_called_once` where it never has more than one parent."""
    found: Call | None = definition.extensions.get(_CALL)
    if found is None:
        found = definition.extensions[_CALL] = _find_call(definition, schema)
    is_called = found.source is Source.DIRECT or found.source is Source.BATCH
    is_refused = not may_call_directly or (found.has_own_arguments and not is_called_once)
    return Call(Source.RESOLVE, found.field) if is_called and is_refused else found


def _find_call(definition: GraphQLField, schema: GraphQLSchema) -> Call:
    field = definition.extensions.get(_DEFINITION)
    if not isinstance(field, StrawberryField) or not _is_resolved_by_strawberry(definition, schema):
        return Call(Source.RESOLVE if definition.resolve is not None else Source.DEFAULT)
    if field.is_basic_field and field.default_resolver is getattr and type(field) is StrawberryField:
        return Call(Source.ATTRIBUTE, field, attribute=field.python_name)
    if not _is_plain(field):
        return Call(Source.RESOLVE, field)
    return _describe(field)._replace(has_own_arguments=not _has_simple_arguments(definition))


def list_variables(node: FieldNode) -> tuple[str, ...] | None:
    """Those that a field's arguments are; None where an argument is an object or a list."""
    values = [argument.value for argument in node.arguments or ()]
    if any(isinstance(value, ObjectValueNode | ListValueNode) for value in values):
        return None
    return tuple(value.name.value for value in values if isinstance(value, VariableNode))


def _is_resolved_by_strawberry(definition: GraphQLField, schema: GraphQLSchema) -> bool:
    """Whether the field's resolver is the one that Strawberry made, with nothing around it."""
    converter = getattr(getattr(schema, "_strawberry_schema", None), "schema_converter", None)
    if converter is None or converter.exception_handlers:
        return False
    name: str = getattr(definition.resolve, "__qualname__", "")
    return name.startswith("GraphQLCoreConverter.from_resolver.")


def _describe(field: StrawberryField) -> Call:
    resolver = field.base_resolver
    assert resolver is not None  # noqa: S101 - a field that is not basic has one
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
    parameters = resolver.signature.parameters
    known = {argument.python_name for argument in resolver.arguments}
    required = frozenset(name for name, given in parameters.items() if name in known and given.default is given.empty)
    batch = getattr(function, "batch", None)
    if batch is None:
        return Call(Source.DIRECT, field, resolver=function, required=required)
    return Call(Source.BATCH, field, resolver=batch, required=required)


def _is_plain(field: StrawberryField) -> bool:
    """Whether calling the resolver's function is all there is to it, with parameters that are known by name."""
    resolver = field.base_resolver
    if (
        resolver is None
        or field.extensions
        or field.permission_classes
        or type(field).get_result is not StrawberryField.get_result
        or not callable(resolver.wrapped_func)
    ):
        return False
    special = (resolver.root_parameter, resolver.parent_parameter, resolver.info_parameter)
    known = {owner.name for owner in special if owner is not None}
    known |= {argument.python_name for argument in resolver.arguments}
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return all(name in known and given.kind in kinds for name, given in resolver.signature.parameters.items())


def _has_simple_arguments(definition: GraphQLField) -> bool:
    """Input objects and lists are mutable: a resolver must not share them with another call."""
    return not any(
        isinstance(get_named_type(argument.type), GraphQLInputObjectType) or _holds_list(argument.type)
        for argument in definition.args.values()
    )


def _holds_list(graphql_type: Any) -> bool:
    return isinstance(graphql_type, GraphQLList) or (
        isinstance(graphql_type, GraphQLNonNull) and isinstance(graphql_type.of_type, GraphQLList)
    )
