"""Resolvers that answer for many parents at once, from one definition: plans call it with all parents of a level,
graphql-core with one parent after the other, which meet again in a loader where there is something to wait for.
"""

import inspect
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, get_args

import strawberry
from aiodataloader import DataLoader

P = TypeVar("P")
V = TypeVar("V")
F = TypeVar("F", bound=Callable[..., Any])


class BatchContext(Protocol):
    """What an operation's context must offer for batches that wait."""

    batches: "dict[Hashable, DataLoader[Any, Any]]"


def batched(resolve_all: Callable[..., Sequence[Any] | Awaitable[Sequence[Any]]]) -> Callable[..., Any]:
    """The resolver of a field from a function `(roots: Sequence[P], info: Info, …) -> Sequence[V]`: a value, or an
    exception, for each parent, in their order. Every parent is there once a call. A coroutine function may wait.

    Arguments after `info` are the field's.
    """
    waits = inspect.iscoroutinefunction(resolve_all)

    def resolve_one(root: Any, info: Any, **arguments: Any) -> Any:
        if waits:
            return _find_loader(resolve_all, info, arguments).load(root)
        (value,) = resolve_all([root], info, **arguments)  # type: ignore[misc]
        if isinstance(value, Exception):
            raise value
        return value

    roots, *others = inspect.signature(resolve_all, eval_str=True).parameters.values()
    root = inspect.Parameter(
        "root",
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=strawberry.Parent[_item_of(roots.annotation)],  # type: ignore[misc]
    )
    answer = _item_of(inspect.signature(resolve_all, eval_str=True).return_annotation)
    resolve_one.__signature__ = inspect.Signature([root, *others], return_annotation=answer)  # type: ignore[attr-defined]
    resolve_one.__annotations__ = {given.name: given.annotation for given in (root, *others)} | {"return": answer}
    resolve_one.__name__ = resolve_all.__name__
    resolve_one.__doc__ = resolve_all.__doc__
    resolve_one.batch = resolve_all  # type: ignore[attr-defined]
    return resolve_one


def gives_kept(resolve_all: F) -> F:
    """Declare that what a function gives never changes, and comes again as the very same objects: plans keep the data
    that they build of it. Stands below `@batched`."""
    resolve_all.gives_kept = True  # type: ignore[attr-defined]
    return resolve_all


def _item_of(sequence: Any) -> Any:
    return get_args(sequence)[0]


def _find_loader(resolve_all: Callable[..., Any], info: Any, arguments: dict[str, Any]) -> "DataLoader[Any, Any]":
    """One an operation for each field and its arguments."""
    batches: dict[Hashable, DataLoader[Any, Any]] = info.context.batches
    key = (resolve_all, tuple(sorted(arguments.items())))
    loader = batches.get(key)
    if loader is None:
        load = partial(resolve_all, info=info, **arguments)
        loader = batches[key] = DataLoader(load, get_cache_key=id)
    return loader
