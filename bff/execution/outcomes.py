"""What a call may come to besides a value."""

import asyncio
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any

from graphql import GraphQLObjectType


class Deoptimise(BaseException):
    """Only graphql-core can go on; not an Exception, so that no resolver swallows it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Failed:
    """Stands for the value of a call that raised."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Typed:
    """A value whose type was waited for."""

    __slots__ = ("type", "value")

    def __init__(self, object_type: GraphQLObjectType, value: Any) -> None:
        self.type = object_type
        self.value = value


def judge(value: Any) -> Any:
    """What was gathered, with errors in their stand-ins. Raises what is more than an error."""
    if isinstance(value, Exception):
        return Failed(value)
    if isinstance(value, BaseException):
        raise value
    return value


def close_unstarted(value: Any) -> None:
    """A coroutine that nobody will await."""
    if asyncio.iscoroutine(value) and getcoroutinestate(value) == CORO_CREATED:
        value.close()
