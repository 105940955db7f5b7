"""Turns arguments into what resolvers take, as Strawberry does it; what that looks up for each call is known here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from typing import Any

from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]


def make_conversion(
    arguments: Iterable[StrawberryArgument], scalars: Mapping[Any, Any], config: StrawberryConfig
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What `convert_arguments` gives for arguments as graphql-core hands them on, by the resolver's names."""
    ways = [
        (
            config.name_converter.from_argument(argument),
            argument.python_name,
            find_conversion(argument.type, scalars, config) or _ask_strawberry(argument, scalars, config),
        )
        for argument in arguments
    ]

    def convert_all(given: Mapping[str, Any]) -> dict[str, Any]:
        return {python_name: convert(given[name]) for name, python_name, convert in ways if name in given}

    return convert_all


def find_conversion(
    given_type: Any, scalars: Mapping[Any, Any], config: StrawberryConfig, within: tuple[type, ...] = ()
) -> Convert | None:
    """None for what only Strawberry knows how to convert; `within` are the input types around."""
    if isinstance(given_type, StrawberryMaybe) or given_type is GlobalID or given_type in within:
        return None
    if isinstance(given_type, StrawberryOptional):
        return find_conversion(given_type.of_type, scalars, config, within)
    if isinstance(given_type, StrawberryList):
        convert = find_conversion(given_type.of_type, scalars, config, within)
        return None if convert is None else _convert_list(convert)
    if isinstance(given_type, StrawberryEnumDefinition) or is_scalar(given_type, scalars):
        return _leave_as_is
    return _convert_object(given_type, scalars, config, within) if has_object_definition(given_type) else None


def _leave_as_is(value: Any) -> Any:
    return value


def _convert_list(convert: Convert) -> Convert:
    """Always a list of its own, since a default is the same for all."""

    def convert_list(value: Any) -> Any:
        return value if value is None or value is UNSET else [convert(item) for item in value]

    return convert_list


def _convert_object(
    input_type: Any, scalars: Mapping[Any, Any], config: StrawberryConfig, within: tuple[type, ...]
) -> Convert | None:
    definition = input_type.__strawberry_definition__
    if not definition.is_input or definition.from_input is not None:
        return None
    left_out: dict[str, Any] = {}
    ways = []
    for field in definition.fields:
        if field.default_value is MISSING and field.default_factory is MISSING:
            left_out[field.python_name] = None
        field_type = field.resolve_type(type_definition=definition)
        convert = find_conversion(field_type, scalars, config, (*within, input_type))
        if convert is None:
            return None
        ways.append((config.name_converter.from_field(field), field.python_name, convert))

    def convert_object(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        given = {python_name: convert(value[name]) for name, python_name, convert in ways if name in value}
        return input_type(**{**left_out, **given})

    return convert_object


def _ask_strawberry(argument: StrawberryArgument, scalars: Mapping[Any, Any], config: StrawberryConfig) -> Convert:
    name = config.name_converter.from_argument(argument)

    def convert(value: Any) -> Any:
        return convert_argument(value=value, type_=argument.type, scalar_registry=scalars, config=config, path=(name,))

    return convert
