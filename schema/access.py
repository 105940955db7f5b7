"""Who may use a field: a rule declared at each field of the root, refused by default; and how fields are declared."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from enum import StrEnum
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from bff.context import Info, OperationContext, Reads
from bff.domain.accounts import Permission
from bff.errors import Forbidden, Unauthenticated
from bff.execution.plan import READS


class Access(StrEnum):
    """PUBLIC: visitors, too. SIGNED_IN: any account. PROFILE: a profile is chosen. ADULT: one that is not for kids.

    OWNER: an adult profile, or an account that has no profiles yet. OPERATOR: has that permission.
    """

    PUBLIC = "PUBLIC"
    SIGNED_IN = "SIGNED_IN"
    PROFILE = "PROFILE"
    ADULT = "ADULT"
    OWNER = "OWNER"
    OPERATOR = "OPERATOR"


Prefetch = Callable[[OperationContext], None]


class Entry(FieldExtension):
    """Lets an operation in: checks the rule of a root field and reads who asks before its resolver runs."""

    def __init__(self, access: Access, prefetch: Prefetch | None) -> None:
        self.access = access
        self._prefetch = prefetch

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **arguments: Any
    ) -> Any:
        context = info.context
        check_token(self.access, context)
        if self._prefetch is not None:
            self._prefetch(context)
        await context.enter()
        await check_viewer(self.access, context)
        return await next_(source, info, **arguments)


def check_token(access: Access, context: OperationContext) -> None:
    """Raises Unauthenticated or Forbidden where the token alone tells that the rule does not hold."""
    if access is Access.PUBLIC:
        return
    token = context.token
    if token is None:
        raise Unauthenticated("Sign in first: call login, then send the access token in Authorization.")
    if access is Access.OPERATOR and Permission.OPERATOR not in token.permissions:
        raise Forbidden("This is for operators.")
    if access in (Access.PROFILE, Access.ADULT) and token.profile_id is None:
        raise Forbidden("This account has no profile chosen; call switchProfile first.")


async def check_viewer(access: Access, context: OperationContext) -> None:
    """Raises Forbidden where the rule does not hold for who asks, once that was read."""
    if access not in (Access.ADULT, Access.OWNER):
        return
    if access is Access.OWNER and context.state is None:
        record = await context.read_account()
        if record is not None and not record.profiles:
            return
    if context.state is None or context.state.is_kids:
        raise Forbidden("This is for adult profiles; switch to one.")


def field(
    resolver: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    max_age: int | None = None,
    reads: Iterable[Reads] | None = None,
) -> Any:
    """A field below the root; without a resolver the attribute of that name of the domain value.

    `max_age` where a visitor's copy is good for fewer seconds than that of the field of the root above it. `reads` is
    all that the value depends on besides its parent and its arguments, so that it may be kept for others; without it
    the value belongs to the one request.
    """
    metadata = _declare(max_age)
    if reads is not None:
        metadata[READS] = frozenset(reads)
    if resolver is None:
        return strawberry.field(name=name, description=description, metadata=metadata)
    return strawberry.field(resolver=resolver, name=name, description=description, metadata=metadata)


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
        resolver=resolver,
        name=name,
        description=description,
        extensions=[Entry(access, prefetch)],
        metadata=_declare(max_age),
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
    return strawberry.subscription(resolver=resolver, description=description, extensions=[Entry(access, None)])


def _declare(max_age: int | None) -> dict[str, Any]:
    return {} if max_age is None else {"max_age": max_age}
