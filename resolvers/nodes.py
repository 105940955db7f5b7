"""Anything by its id; what the viewer may not see is like what does not exist."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import strawberry

from bff.auth.access import Access
from bff.context import Info, OperationContext
from bff.domain.billing import Invoice
from bff.domain.ids import IdKind, kind_of
from bff.domain.paging import check_ids
from bff.domain.titles import AnyTitleCard
from bff.stores.invoices import find_invoices
from resolvers.home import find_home, find_row
from resolvers.playback import find_own_sessions
from resolvers.titles import find_visible, find_visible_playable

RULES = {
    IdKind.TITLE: Access.PUBLIC,
    IdKind.GENRE: Access.PUBLIC,
    IdKind.SEASON: Access.PUBLIC,
    IdKind.EPISODE: Access.PUBLIC,
    IdKind.TRAILER: Access.PUBLIC,
    IdKind.PERSON: Access.PUBLIC,
    IdKind.ACCOUNT: Access.SIGNED_IN,
    IdKind.PROFILE: Access.SIGNED_IN,
    IdKind.DEVICE: Access.OWNER,
    IdKind.MEMBERSHIP: Access.OWNER,
    IdKind.INVOICE: Access.OWNER,
    IdKind.HOME: Access.PROFILE,
    IdKind.ROW: Access.PROFILE,
    IdKind.PLAYBACK_SESSION: Access.PROFILE,
}
"""Who may find what by its id; other kinds nobody."""


async def find_node(info: Info, id: strawberry.ID) -> Any:
    (found,) = await _find_all(info.context, [id])
    return found


async def find_nodes(info: Info, ids: list[strawberry.ID]) -> list[Any]:
    check_ids(ids)
    return await _find_all(info.context, ids)


async def _find_all(context: OperationContext, ids: Sequence[str]) -> list[Any]:
    sessions = await find_own_sessions(context, ids) if context.allows(RULES[IdKind.PLAYBACK_SESSION]) else {}
    listed = {**await _find_invoices(context, ids), **sessions}
    return [await _find(context, identifier, listed) for identifier in ids]


async def _find(context: OperationContext, identifier: str, listed: Mapping[str, Any]) -> Any:
    """`listed` are those found together with others of their kind."""
    kind = kind_of(identifier)
    if kind is None or kind not in RULES or not context.allows(RULES[kind]):
        return None
    match kind:
        case IdKind.HOME:
            return await find_home(context, identifier)
        case IdKind.ROW:
            return await find_row(context, identifier)
        case IdKind.INVOICE | IdKind.PLAYBACK_SESSION:
            return listed.get(identifier)
        case IdKind.ACCOUNT | IdKind.PROFILE | IdKind.DEVICE | IdKind.MEMBERSHIP:
            return await _find_of_account(context, identifier)
    return _find_in_catalogue(context, kind, identifier)


async def _find_invoices(context: OperationContext, ids: Iterable[str]) -> dict[str, Invoice]:
    """All of them in one statement."""
    wanted = [identifier for identifier in ids if kind_of(identifier) is IdKind.INVOICE]
    if not wanted or not context.allows(RULES[IdKind.INVOICE]):
        return {}
    return await find_invoices(context.services.pool, context.require_token().account_id, wanted)


def _find_in_catalogue(context: OperationContext, kind: IdKind | None, identifier: str) -> Any:
    catalogue = context.catalogue
    found: Any = None
    titles: Iterable[AnyTitleCard] = ()
    if kind is IdKind.TITLE:
        return find_visible(context, identifier)
    if kind in (IdKind.EPISODE, IdKind.TRAILER):
        return find_visible_playable(context, identifier)
    if kind is IdKind.GENRE:
        return catalogue.genres.get(identifier) if identifier in context.shelf.by_genre else None
    if kind is IdKind.SEASON and (season := catalogue.seasons.get(identifier)) is not None:
        found, titles = season, (season.series,)
    elif kind is IdKind.PERSON:
        found, titles = catalogue.people.get(identifier), catalogue.titles_by_person.get(identifier, ())
    return found if any(find_visible(context, card.id) is not None for card in titles) else None


async def _find_of_account(context: OperationContext, identifier: str) -> Any:
    record = await context.read_account()
    if record is None:
        return None
    if record.account.id == identifier:
        return record
    owned: list[Any] = [*record.profiles, *record.devices]
    if record.membership is not None:
        owned.append(record.membership)
    return next((value for value in owned if value.id == identifier), None)
