"""What operators see of the service."""

import strawberry

from bff.execution import shows
from resolvers.service import ServiceView
from schema.access import field


@strawberry.type(description="How the service stands, in the process that answers.")
@shows(ServiceView)
class Service:
    catalogue_version: str = field(description="Grows with every change of the catalogue.")
    title_count: int
    hidden_title_count: int = field(description="Titles that were withdrawn.")
    outbox_waiting: int = field(description="Changes that are committed, and not delivered yet.")
