"""What operators do with the catalogue and with accounts. Whether they may is declared at the fields."""

import strawberry

from bff.auth.account_status import StandingAccount
from bff.auth.account_status import set_account_status as write_account_status
from bff.catalog import studio
from bff.context import Info, OperationContext
from bff.domain.accounts import AccountStatus
from bff.domain.addresses import normalise_email
from bff.domain.paging import LIST_CAP, Page, check_first, take_page
from bff.domain.problems import InvalidInput, refuse_input
from bff.domain.title_changes import LONGEST_KEY, read_line
from bff.domain.titles import AnyTitleCard
from bff.errors import NotFound
from bff.stores.catalogue import read_card
from bff.stores.outbox import announce_catalogue
from bff.stores.postgres import Connection
from bff.stores.redis import RedisAway
from bff.stores.title_edits import HeldTitle
from resolvers.reading import Reading
from resolvers.studio_inputs import AvailabilityInput, SkipMarkerInput, UpsertTitleInput
from resolvers.studio_reading import check_fit, read_availability, read_change, read_markers

DEFAULT_PAGE = 20

ChangeView = AnyTitleCard | InvalidInput
StandingView = StandingAccount | InvalidInput


async def find_catalogue_title(info: Info, id: strawberry.ID) -> AnyTitleCard | None:
    """Read from PostgreSQL, so that operators see their own changes at once."""
    return await read_card(info.context.services.pool, id)


async def page_catalogue_titles(
    info: Info,
    first: int | None = None,
    after: str | None = None,
    name: str | None = None,
    is_withdrawn: bool | None = None,
) -> Page[AnyTitleCard]:
    catalogue = info.context.catalogue
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    part = (name or "").casefold()

    def is_meant(card: AnyTitleCard) -> bool:
        return part in card.name.casefold() and (is_withdrawn is None or card.is_hidden is is_withdrawn)

    found = sorted(filter(is_meant, catalogue.cards.values()), key=_order)
    return take_page(found, scope="catalogue", key=_order, first=wanted, after=after)


async def upsert_title(info: Info, input: UpsertTitleInput) -> ChangeView:
    context, operator_id = info.context, info.context.require_token().account_id
    reading = Reading()
    change = read_change(reading, input, context.catalogue.genres)
    if (input.id is None) is (input.key is None):
        reading.refuse("input.id", "Name the title either by its `id` or by a `key` of your own.")
    key = None if input.key is None else reading.read("input.key", _read_key, input.key)
    if reading.refusal is not None:
        return reading.refusal
    async with studio.changing(context.services.pool) as connection:
        title = await _find(connection, input.id, key)
        check_fit(reading, input, title)
        if reading.refusal is not None:
            return reading.refusal
        if title is None:
            title = await studio.add_title(connection, str(key), str(input.type), change, context.now)
        await studio.change_title(connection, title, change, operator_id=operator_id)
    return await _show(context, title.id)


async def set_availability(
    info: Info,
    title_id: strawberry.ID,
    windows: list[AvailabilityInput] | None = None,
    removed_regions: list[str] | None = None,
) -> ChangeView:
    reading = Reading()
    change = read_availability(reading, windows or (), removed_regions or ())
    if reading.refusal is not None:
        return reading.refusal
    context, operator_id = info.context, info.context.require_token().account_id
    async with studio.changing(context.services.pool) as connection:
        await studio.change_availability(connection, title_id, change, operator_id=operator_id)
    return await _show(context, title_id)


async def withdraw_title(info: Info, title_id: strawberry.ID) -> AnyTitleCard:
    context, operator_id = info.context, info.context.require_token().account_id
    async with studio.changing(context.services.pool) as connection:
        await studio.withdraw_title(connection, title_id, operator_id=operator_id)
    return await _show(context, title_id)


async def restore_title(info: Info, title_id: strawberry.ID) -> AnyTitleCard:
    context, operator_id = info.context, info.context.require_token().account_id
    async with studio.changing(context.services.pool) as connection:
        await studio.restore_title(connection, title_id, operator_id=operator_id)
    return await _show(context, title_id)


async def set_skip_markers(info: Info, playable_id: strawberry.ID, markers: list[SkipMarkerInput]) -> ChangeView:
    context, operator_id = info.context, info.context.require_token().account_id
    reading = Reading()
    async with studio.changing(context.services.pool) as connection:
        read = read_markers(reading, markers, await studio.find_duration(connection, playable_id))
        if reading.refusal is not None:
            return reading.refusal
        title_id = await studio.mark(connection, playable_id, read, operator_id=operator_id)
    return await _show(context, title_id)


async def set_account_status(
    info: Info, status: AccountStatus, account_id: strawberry.ID | None = None, email: str | None = None
) -> StandingView:
    context, operator_id = info.context, info.context.require_token().account_id
    if (account_id is None) is (email is None):
        return refuse_input("accountId", "Name the account either by its id or by its e-mail address.")
    if status is AccountStatus.CANCELLED:
        return refuse_input("status", "Only its holder ends an account for good: suspend it instead.")
    return await write_account_status(
        context.services.authority,
        account_id=account_id,
        email=None if email is None else normalise_email(email),
        status=status,
        operator_id=operator_id,
        now=context.now,
    )


async def _show(context: OperationContext, title_id: str) -> AnyTitleCard:
    """The title as it is now; every process is told at once, and looks for itself a few times a second."""
    services = context.services
    try:
        await announce_catalogue(services.pool, services.cache)
    except RedisAway:
        context.degraded.add("redis")  # the worker's relay announces it once Redis is back
    card = await read_card(services.pool, title_id)
    if card is None:
        raise NotFound("The title is gone: an import has removed it.")
    return card


async def _find(connection: Connection, title_id: str | None, key: str | None) -> HeldTitle | None:
    """None for a key that is new. Raises NotFound for an id that is nobody's."""
    if key is not None:
        return await studio.find_title_by_key(connection, key)
    return await studio.require_title(connection, str(title_id))


def _order(card: AnyTitleCard) -> tuple[str, str]:
    """By name, of which a cursor can hold so much."""
    return (card.name[:60], card.id)


def _read_key(key: str) -> str:
    return read_line(key, LONGEST_KEY)
