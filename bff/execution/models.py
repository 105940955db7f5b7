"""Which read models a type of the schema is a view over, and which of their attributes need no check."""

import types
import typing
from collections.abc import Callable, Mapping
from enum import Flag
from functools import cache, lru_cache
from typing import Any, TypeVar

import msgspec
from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)
from strawberry.types.base import StrawberryObjectDefinition

T = TypeVar("T", bound=type)

_MODELS = "__models__"
_CACHED_BY = "__cached_by__"
_KEPT_IN_LISTS = "__kept_in_lists__"
_DEFINITION = "strawberry-definition"


def shows(*models: type, cached_by: str | None = None, kept_in_lists: bool = False) -> Callable[[T], T]:
    """Declare the classes whose instances a type shows; stands below `@strawberry.type`.

    Instances hold what their annotations say: they are frozen structs that strictly typed code or a decoder built. That
    is what lets plans read them without looking twice. A value of any other class is not of the type.

    `cached_by` names the attribute that identifies an instance among its kind: instances are then immutable for good,
    a later version is another object, and what does not depend on the request may be kept as JSON. `kept_in_lists`:
    there are lists of them that are immutable, too, as `KeptList`.
    """

    def declare(cls: T) -> T:
        def is_type_of(_cls: type, value: object, _info: object) -> bool:
            return isinstance(value, models)

        setattr(cls, _MODELS, models)
        setattr(cls, _CACHED_BY, cached_by)
        setattr(cls, _KEPT_IN_LISTS, kept_in_lists)
        cls.is_type_of = classmethod(is_type_of)  # type: ignore[attr-defined]
        return cls

    return declare


def list_models(object_type: GraphQLObjectType) -> tuple[type, ...]:
    """What `shows` declared for an object type."""
    models: tuple[type, ...] = _declared(object_type).get(_MODELS, ())
    return models


def match_models(abstract_type: GraphQLAbstractType, schema: GraphQLSchema) -> dict[type, GraphQLObjectType]:
    """The types of values of declared classes, where no rule of another type could have a say before."""
    definition = abstract_type.extensions.get(_DEFINITION)
    if getattr(definition, "resolve_type", None) is not None:
        return {}
    possible = schema.get_possible_types(abstract_type)
    matched: dict[type, GraphQLObjectType] = {}
    for model in dict.fromkeys(model for object_type in possible for model in list_models(object_type)):
        origin = getattr(definition, "origin", None)
        if hasattr(model, "__strawberry_definition__") or (origin is not None and issubclass(model, origin)):
            continue
        first = next((object_type for object_type in possible if _may_be(model, object_type)), None)
        if first is not None and model in list_models(first):
            matched[model] = first
    return matched


def _may_be(model: type, object_type: GraphQLObjectType) -> bool:
    """Whether `is_type_of` may be true of an instance of the class."""
    models = list_models(object_type)
    if models or object_type.is_type_of is None:
        return issubclass(model, models)
    definition = object_type.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of is not None:
        return True
    return issubclass(model, (definition.origin, *(interface.origin for interface in definition.interfaces)))


def list_shown_types(
    output_type: GraphQLObjectType | GraphQLAbstractType, schema: GraphQLSchema
) -> list[GraphQLObjectType] | None:
    """The types that a value may be of; None where it may be of a class that was not declared."""
    possible = [output_type] if isinstance(output_type, GraphQLObjectType) else schema.get_possible_types(output_type)
    if any(_MODELS not in _declared(object_type) for object_type in possible):
        return None
    return [object_type for object_type in possible if list_models(object_type)]


def find_identity(object_type: GraphQLObjectType) -> str | None:
    """The attribute that fragments of a type are kept by, if they are."""
    identity: str | None = _declared(object_type).get(_CACHED_BY)
    return identity


def is_kept_in_lists(object_type: GraphQLObjectType) -> bool:
    """Whether there are lists of a type's values that fragments are kept of."""
    return bool(_declared(object_type).get(_KEPT_IN_LISTS))


def _declared(object_type: GraphQLObjectType) -> Mapping[str, Any]:
    definition = object_type.extensions.get(_DEFINITION)
    return getattr(getattr(definition, "origin", None), "__dict__", {})


class Leaf(msgspec.Struct, frozen=True):
    """How a leaf is told and written in generated code; `{0}` is the value, `{1}` the name of `model`.

    A value that `check` is true of needs no coercion: `expression` is what stands in the answer.
    """

    model: type
    check: str = "type({0}) is {1}"
    expression: str = "{0}"
    is_certain: bool = True
    """Whether an annotation with `model` already promises what `check` asks."""


_STRING = Leaf(str)
_LEAVES: Mapping[GraphQLNamedType, Leaf] = {
    GraphQLString: _STRING,
    GraphQLID: _STRING,
    GraphQLBoolean: Leaf(bool),
    GraphQLInt: Leaf(int, "type({0}) is {1} and -2147483648 <= {0} <= 2147483647", is_certain=False),
    GraphQLFloat: Leaf(float, "type({0}) is {1} and {0} - {0} == 0.0", is_certain=False),
}


@lru_cache(maxsize=512)
def read_leaf(leaf: GraphQLNamedType) -> Leaf | None:
    """None for a leaf whose values only its own coercion can tell."""
    if isinstance(leaf, GraphQLEnumType):
        wrapped = getattr(leaf.extensions.get(_DEFINITION), "wrapped_cls", None)
        if wrapped is None or issubclass(wrapped, Flag):
            return None
        if any(leaf.coerce_output_value(member) != member.name for member in wrapped):
            return None
        return Leaf(wrapped, expression="{0}._name_")
    known = _LEAVES.get(leaf)
    if known is None and isinstance(leaf, GraphQLScalarType):
        if leaf.coerce_output_value is str:
            return _STRING
        if leaf.coerce_output_value is float:
            return Leaf(float, is_certain=False)
    return known


def trust_attribute(model: type, attribute: str, leaf: Leaf, *, nullable: bool) -> str | None:
    """The expression of an attribute whose annotation promises a good value, `{0}` the attribute; else None."""
    inner, is_optional = _split_optional(_annotations(model).get(attribute))
    if inner is not leaf.model or not leaf.is_certain or (is_optional and not nullable):
        return None
    if is_optional and leaf.expression != "{0}":
        return f"None if {{0}} is None else {leaf.expression}"
    return leaf.expression


def is_stored(model: type, attribute: str) -> bool:
    """Whether an attribute is a field of the model, so that reading it cannot fail."""
    return attribute in getattr(model, "__struct_fields__", ())


@cache
def _annotations(model: type) -> dict[str, Any]:
    if not issubclass(model, msgspec.Struct):
        return {}
    hints = typing.get_type_hints(model)
    for name, value in vars(model).items():
        if isinstance(value, property) and value.fget is not None:
            hints[name] = typing.get_type_hints(value.fget).get("return")
    return hints


def _split_optional(annotation: Any) -> tuple[Any, bool]:
    """`str | None` is (str, True); a union of more is (None, False)."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(annotation) if part is not type(None)]
        return (rest[0], True) if len(rest) == 1 else (None, False)
    return annotation, False
