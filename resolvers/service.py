"""How the service stands, for its operators: nothing of any viewer."""

from msgspec import Struct

from bff.context import Info
from bff.stores.outbox import count_waiting


class ServiceView(Struct, frozen=True):
    """`outbox_waiting`: changes that are committed, and not yet delivered to Redis."""

    catalogue_version: str
    title_count: int
    hidden_title_count: int
    outbox_waiting: int


async def get_service(info: Info) -> ServiceView:
    context = info.context
    catalogue = context.catalogue
    return ServiceView(
        catalogue_version=str(catalogue.version),
        title_count=len(catalogue.cards),
        hidden_title_count=sum(1 for card in catalogue.cards.values() if card.is_hidden),
        outbox_waiting=await count_waiting(context.services.pool),
    )
