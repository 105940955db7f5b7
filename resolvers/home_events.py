"""Follows the changes of a profile's home; each event reads the home as it is then."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing

import msgspec
import strawberry
from msgspec import Struct

from bff.context import Info, OperationContext
from bff.stores import keys
from bff.stores.signals import Signals
from resolvers.home import HomeView, row_id, view_home
from resolvers.home_composer import open_home, prefetch_home

_decode = msgspec.json.Decoder(tuple[str, ...] | None).decode
_encode = msgspec.json.Encoder().encode


class HomeChanged(Struct, frozen=True):
    """`row_ids` is None where any row may have changed: because of what did, or because some change went unheard."""

    row_ids: tuple[str, ...] | None


async def announce_home(context: OperationContext, row_ids: Sequence[str]) -> None:
    """Tell every device of the profile that these rows changed, whatever process it is connected to."""
    await context.services.signals.send(keys.home_changes(context.require_state().profile_id), _encode(row_ids))


async def announce_whole_home(context: OperationContext, profile_id: str) -> None:
    """Tell every device of a profile that any row may have changed."""
    await context.services.signals.send(keys.home_changes(profile_id), _encode(None))


async def follow_home(info: Info) -> AsyncGenerator[HomeChanged, None]:
    """The stream holds nothing of the operation that began it: its catalogue would live as long as the stream."""
    context = info.context
    return _follow(context.services.signals, keys.home_changes(context.require_state().profile_id))


async def _follow(signals: Signals, channel: str) -> AsyncGenerator[HomeChanged, None]:
    async with aclosing(signals.follow(channel)) as messages:
        async for message in messages:
            yield HomeChanged(_decode(message) if message is not None else None)


async def get_changed_home(root: strawberry.Parent[HomeChanged], info: Info) -> HomeView | None:
    """As it is now, with everything that happened until now."""
    del root
    context = info.context
    prefetch_home(context)
    await context.enter()
    return await view_home(context) if context.state is not None else None


def list_changed_row_ids(root: strawberry.Parent[HomeChanged], info: Info) -> list[str] | Awaitable[list[str]]:
    """Waits only where nobody has told."""
    return list(root.row_ids) if root.row_ids is not None else _list_all_row_ids(info.context)


async def _list_all_row_ids(context: OperationContext) -> list[str]:
    prefetch_home(context)
    await context.enter()
    document = await open_home(context)
    return [row_id(context, row.key) for row in (*document.rows, *document.hidden)]
