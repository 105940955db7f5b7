"""What every domain's types share: nodes, problems, pages, money."""

import strawberry

from bff.domain.accounts import Money as MoneyValue
from bff.domain.paging import PageInfo as PageInfoValue
from bff.execution import shows


@strawberry.interface(description="Whatever has an id. Ids are opaque, URL-safe and at most 64 characters.")
class Node:
    id: strawberry.ID


@strawberry.interface(
    description=(
        "What a viewer can act upon: one shape for every refusal, so that a client handles members that it does not "
        "know yet. Programs go by the type's name; `message` is for the viewer."
    )
)
class Problem:
    message: str


@strawberry.type(description="Where a page stands in its list. Lists page forward only.")
@shows(PageInfoValue)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An amount in minor units of an ISO 4217 currency: 1549 USD is $15.49, 1549 JPY is ¥1549.")
@shows(MoneyValue)
class Money:
    amount: int
    currency: str
