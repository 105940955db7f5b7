"""Which read models a type of the schema is a view over, and which of their attributes need no check."""

import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLString,
)

T = TypeVar("T", bound=type)

_MODELS = "__models__"
_DEFINITION = "strawberry-definition"


def shows(*models: type) -> Callable[[T], T]:
    """Declare the classes whose instances a type shows; stands below `@strawberry.type`.

    Instances hold what their annotations say: they are frozen structs that strictly typed code or a decoder built. That
    is what lets plans read them without looking twice. A value of any other class is not of the type.
    """

    def declare(cls: T) -> T:
        def is_type_of(_cls: type, value: object, _info: object) -> bool:
            return isinstance(value, models)

        setattr(cls, _MODELS, models)
        cls.is_type_of = classmethod(is_type_of)  # type: ignore[attr-defined]
        return cls

    return declare


def list_models(object_type: GraphQLObjectType) -> tuple[type, ...]:
    """What `shows` declared for an object type."""
    definition = object_type.extensions.get(_DEFINITION)
    origin = getattr(definition, "origin", None)
    models: tuple[type, ...] = getattr(origin, "__dict__", {}).get(_MODELS, ())
    return models


class Trust(msgspec.Struct, frozen=True):
    """How an attribute is read: `{}` in `expression` is the value; `check`, if any, is true of a value that is good."""

    expression: str = "{}"
    check: str | None = None


_INT = "type({0}) is int and -2147483648 <= {0} <= 2147483647"
_FLOAT = "type({0}) is float and {0} - {0} == 0.0"
_LEAVES: Mapping[str, tuple[type, Trust]] = {
    GraphQLString.name: (str, Trust()),
    GraphQLID.name: (str, Trust()),
    GraphQLBoolean.name: (bool, Trust()),
    GraphQLInt.name: (int, Trust(check=_INT)),
    GraphQLFloat.name: (float, Trust(check=_FLOAT)),
}


def find_trust(model: type, attribute: str, leaf: GraphQLNamedType, *, nullable: bool) -> Trust | None:
    """How to read `attribute` of a model as a leaf; None where its annotation does not promise a good value."""
    annotation = _annotations(model).get(attribute)
    inner, is_optional = _split_optional(annotation)
    if inner is None or (is_optional and not nullable):
        return None
    if isinstance(leaf, GraphQLEnumType):
        return _trust_enum(inner, leaf, is_optional=is_optional)
    expected, trust = _LEAVES.get(leaf.name, (None, Trust()))
    if inner is not expected:
        return None
    if is_optional and trust.check is not None:
        return Trust(check="{0} is None or " + trust.check)
    return trust


def is_stored(model: type, attribute: str) -> bool:
    """Whether an attribute is a field of the model, so that reading it cannot fail."""
    return attribute in getattr(model, "__struct_fields__", ())


def _trust_enum(inner: Any, leaf: GraphQLEnumType, *, is_optional: bool) -> Trust | None:
    """Members whose names are those of the graph are read by name."""
    if not (isinstance(inner, type) and issubclass(inner, Enum)):
        return None
    if any(leaf.values.get(member.name) is None for member in inner):
        return None
    definition = leaf.extensions.get(_DEFINITION)
    if getattr(definition, "wrapped_cls", None) is not inner:
        return None
    name = "{0}._name_"
    return Trust(f"None if {{0}} is None else {name}" if is_optional else name)


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
