"""Who may use a field: a rule declared at each field of the root, and at those below that ask for more than their type
(`schema.rules`); and how fields are declared."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from functools import wraps
from typing import Any

import strawberry
from graphql import GraphQLField
from strawberry.extensions import FieldExtension

from bff.auth.access import Access, check_token
from bff.context import Info, OperationContext, Reads
from bff.execution import READS

__all__ = ["Access", "Guard", "field", "read_declared_access", "root", "stream"]

Prefetch = Callable[[OperationContext], None]
_ACCESS = "access"
"""The key of a field's metadata that its rule stands under."""


class Guard(FieldExtension):
    """Checks the rule of a field below the root, where whoever asks has been read. `hides`: the value is null then."""

    def __init__(self, access: Access, *, hides: bool) -> None:
        self._access = access
        self._hides = hides

    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **arguments: Any) -> Any:
        return next_(source, info, **arguments) if self._lets_in(info.context) else None

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **arguments: Any
    ) -> Any:
        return await next_(source, info, **arguments) if self._lets_in(info.context) else None

    def _lets_in(self, context: OperationContext) -> bool:
        if self._hides:
            return context.allows(self._access)
        context.check(self._access)
        return True


def read_declared_access(graphql_field: GraphQLField) -> Access | None:
    """The rule that a field declares itself; None where its type's holds."""
    definition = graphql_field.extensions.get("strawberry-definition")
    access: Access | None = getattr(definition, "metadata", {}).get(_ACCESS)
    return access


def field(
    resolver: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    max_age: int | None = None,
    reads: Iterable[Reads] | None = None,
    access: Access | None = None,
    hides: bool = False,
) -> Any:
    """A field below the root; without a resolver the attribute of that name of the domain value.

    `access` where it asks for more than its type does; `hides` makes it null, without an error, to who has it not.
    `max_age` where a visitor's copy is good for fewer seconds than that of the field of the root above it. `reads` is
    all that the value depends on besides its parent and its arguments, so that it may be kept for others; without it
    the value belongs to the one request.
    """
    metadata = _declare(access, max_age)
    if reads is not None:
        metadata[READS] = frozenset(reads)
    extensions: list[FieldExtension] = [] if access is None else [Guard(access, hides=hides)]
    if resolver is None:
        return strawberry.field(name=name, description=description, metadata=metadata, extensions=extensions)
    return strawberry.field(
        resolver=resolver, name=name, description=description, metadata=metadata, extensions=extensions
    )


def root(
    resolver: Callable[..., Awaitable[Any]],
    access: Access,
    *,
    prefetch: Prefetch | None = None,
    name: str | None = None,
    description: str | None = None,
    max_age: int | None = None,
) -> Any:
    """A field of the query or mutation root, with its rule.

    `max_age` is how many seconds a shared cache may keep what a visitor gets; without it nothing is kept.
    """
    return strawberry.field(
        resolver=_enter_first(resolver, access, prefetch),
        name=name,
        description=description,
        metadata=_declare(access, max_age),
    )


def stream(
    resolver: Callable[..., Awaitable[AsyncGenerator[Any, None]]],
    access: Access,
    *,
    description: str | None = None,
) -> Any:
    """A field of the subscription root, with its rule; `resolver` opens the stream, once the caller was let in.

    The stream must hold nothing of the operation that opened it: each event has a context of its own, which has not
    been entered yet.
    """
    return strawberry.subscription(
        resolver=_enter_first(resolver, access), description=description, metadata=_declare(access)
    )


def _enter_first(
    resolver: Callable[..., Awaitable[Any]], access: Access, prefetch: Prefetch | None = None
) -> Callable[..., Awaitable[Any]]:
    """Lets an operation in: checks the rule and reads who asks before the resolver runs.

    A function, and no extension of the field: around a resolver that has none plans call it directly.
    """

    @wraps(resolver)
    async def enter_first(info: Info, *arguments: Any, **named: Any) -> Any:
        context = info.context
        check_token(access, context.token)
        if prefetch is not None:
            prefetch(context)
        await context.enter()
        context.check(access)
        return await resolver(info, *arguments, **named)

    return enter_first


def _declare(access: Access | None, max_age: int | None = None) -> dict[str, Any]:
    declared = {_ACCESS: access, "max_age": max_age}
    return {name: value for name, value in declared.items() if value is not None}
