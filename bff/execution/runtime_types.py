"""Finds which object type a value is of, as the specification's ResolveAbstractType says (6.4.3), and checks it."""

from collections.abc import Awaitable
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.executor import Executor, invalid_return_type_error

from bff.execution.info import SharedInfo
from bff.execution.outcomes import Typed
from bff.execution.positions import Kind, Position


def find_type(executor: Executor[Any], position: Position, value: Any) -> GraphQLObjectType | Awaitable[Typed]:
    """When a check has to be waited for, an awaitable of both."""
    object_type: GraphQLObjectType = position.type
    shared: Any = SharedInfo(executor, position.field)
    if position.kind is Kind.ABSTRACT:
        resolve = position.type.resolve_type or executor.type_resolver
        name = resolve(value, shared, position.type)
        if executor.is_awaitable(name):
            return _await_name(executor, position, value, shared, name)
        object_type = executor.ensure_valid_runtime_type(name, position.type, position.field.details, shared, value)
    if object_type.is_type_of is not None:
        is_of_type = object_type.is_type_of(value, shared)
        if executor.is_awaitable(is_of_type):
            return _await_check(position, value, object_type, is_of_type)
        if not is_of_type:
            raise invalid_return_type_error(object_type, value, position.field.details)
    return object_type


async def _await_name(executor: Executor[Any], position: Position, value: Any, shared: Any, name: Any) -> Typed:
    object_type = executor.ensure_valid_runtime_type(await name, position.type, position.field.details, shared, value)
    is_of_type: Any = object_type.is_type_of is None or object_type.is_type_of(value, shared)
    if executor.is_awaitable(is_of_type):
        return await _await_check(position, value, object_type, is_of_type)
    return _check(position, value, object_type, is_of_type)


async def _await_check(position: Position, value: Any, object_type: GraphQLObjectType, is_of_type: Any) -> Typed:
    return _check(position, value, object_type, await is_of_type)


def _check(position: Position, value: Any, object_type: GraphQLObjectType, is_of_type: Any) -> Typed:
    if not is_of_type:
        raise invalid_return_type_error(object_type, value, position.field.details)
    return Typed(object_type, value)
