"""A profile's own order of its rows, and the rows it does not want."""

from collections.abc import Iterable

import strawberry

from bff.context import Info
from bff.domain.home_changes import find_changed_rows
from bff.domain.paging import check_ids
from bff.errors import NotFound
from bff.stores import profile_state as store
from resolvers.home import HomeView, list_rows, row_id, view_home
from resolvers.home_composer import open_home
from resolvers.home_events import announce_home


async def arrange_home(
    info: Info,
    order: list[strawberry.ID] | None = strawberry.UNSET,
    hidden: list[strawberry.ID] | None = strawberry.UNSET,
) -> HomeView:
    """What is left out stays as it is; null puts the server's own back. Every device of the profile is told."""
    context = info.context
    check_ids(order or (), "order")
    check_ids(hidden or (), "hidden")
    before = await open_home(context)
    held = context.require_state().arrangement
    known = {
        row_id(context, key): key
        for key in (*held.order, *held.hidden, *(row.key for row in list_rows(context, before)))
    }
    await context.change_state(
        store.arrange(
            context.require_state().profile_id,
            held.order if order is strawberry.UNSET else _find_keys(known, order or ()),
            held.hidden if hidden is strawberry.UNSET else _find_keys(known, hidden or ()),
        )
    )
    view = await view_home(context)
    changed = find_changed_rows(before.rows, view.document.rows)
    await announce_home(context, [row_id(context, key) for key in changed])
    return view


def _find_keys(known: dict[str, str], identifiers: Iterable[str]) -> list[str]:
    keys = []
    for identifier in identifiers:
        if identifier not in known:
            raise NotFound("There is no such row; take ids from `home.rows` and `home.hiddenRows`.")
        if known[identifier] not in keys:
            keys.append(known[identifier])
    return keys
