"""A schema of no domain, for the HTTP edge alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import strawberry
from starlette.requests import Request

from bff.errors import Forbidden, NotFound, Unavailable


def open_no_context(_: Request) -> None:
    """For tests in which nobody asks who is asking."""


async def wait_for_ever() -> None:
    await asyncio.get_running_loop().create_future()


@strawberry.type
class Leaf:
    name: str

    @strawberry.field
    async def slow_name(self) -> str:
        await wait_for_ever()
        return self.name


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0)
        return "later"

    @strawberry.field
    async def hanging(self) -> str | None:
        await wait_for_ever()
        return "never"

    @strawberry.field
    async def hanging_for_certain(self) -> str:
        await wait_for_ever()
        return "never"

    @strawberry.field
    async def leaves(self) -> list[Leaf | None]:
        return [Leaf(name="a"), Leaf(name="b")]

    @strawberry.field
    def small(self, number: int, numbers: list[int] | None = None) -> int:
        return number + sum(numbers or [])

    @strawberry.field
    def real(self, number: float) -> float:
        return number

    @strawberry.field
    def forbidden(self) -> str | None:
        raise Forbidden("This is for operators; ask one.")

    @strawberry.field
    def missing(self, key: strawberry.ID) -> str | None:
        raise NotFound("There is nothing of this key. " + key)

    @strawberry.field
    async def away(self) -> str | None:
        raise Unavailable("The engine is away; try again.", retry_after=7)

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("password=hunter2 in /etc/secret")

    @strawberry.field
    def broken_for_certain(self) -> str:
        raise RuntimeError("password=hunter2 in /etc/secret")

    @strawberry.field
    def overflowing(self) -> int | None:
        return 2**40


@strawberry.type
class Mutation:
    @strawberry.mutation
    def shout(self, text: Annotated[str, strawberry.argument(description="What to shout")]) -> str:
        return text.upper()


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self) -> AsyncIterator[int]:
        yield 1


schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)
