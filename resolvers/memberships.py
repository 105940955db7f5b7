"""Starting, changing, cancelling and paying a membership, and what was charged for it."""

from collections.abc import Awaitable

import strawberry

from bff.billing import memberships
from bff.billing.memberships import Done, MembershipChange
from bff.context import Info, OperationContext
from bff.domain.accounts import AccountRecord, Membership, PlanCode
from bff.domain.billing import Invoice, PaymentActionRequired, PaymentDeclined
from bff.domain.paging import LIST_CAP, Edge, Page, check_first, decode_instant, make_page
from bff.domain.problems import InvalidInput
from bff.errors import NotFound
from bff.stores.invoices import read_invoices
from resolvers.inputs import StartMembershipInput
from resolvers.viewer import DEFAULT_PAGE

MembershipView = Membership | PaymentDeclined | PaymentActionRequired | InvalidInput


async def start_membership(info: Info, input: StartMembershipInput) -> MembershipView:
    """Raises Conflict for a second membership, and for a key that was used with other arguments."""
    context = info.context
    change = memberships.start_membership(
        context.services.billing,
        context.require_token().account_id,
        plan=input.plan,
        token=input.payment_token,
        key=input.idempotency_key,
        now=context.now,
    )
    return await _show(context, change)


async def change_membership(info: Info, plan: PlanCode) -> MembershipView:
    context = info.context
    account_id = context.require_token().account_id
    change = memberships.change_membership(context.services.billing, account_id, plan=plan, now=context.now)
    return await _show(context, change)


async def cancel_membership(info: Info) -> MembershipView:
    context = info.context
    account_id = context.require_token().account_id
    return await _show(context, memberships.cancel_membership(context.services.billing, account_id, now=context.now))


async def update_payment_method(info: Info, payment_token: str) -> MembershipView:
    context = info.context
    account_id = context.require_token().account_id
    change = memberships.update_payment_method(
        context.services.billing, account_id, token=payment_token, now=context.now
    )
    return await _show(context, change)


async def page_billing_history(
    root: strawberry.Parent[AccountRecord], info: Info, first: int | None = None, after: str | None = None
) -> Page[Invoice]:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    scope = f"invoices:{root.account.id}"
    invoices = await read_invoices(
        info.context.services.pool,
        root.account.id,
        limit=wanted + 1,
        before=decode_instant(scope, after) if after is not None else None,
    )
    edges = [
        Edge(node=invoice, scope=scope, key=(invoice.issued_at.isoformat(), invoice.id))
        for invoice in invoices[:wanted]
    ]
    return make_page(edges, has_next=len(invoices) > wanted)


async def _show(context: OperationContext, change: Awaitable[MembershipChange]) -> MembershipView:
    result = await change
    if not isinstance(result, Done):
        return result
    context.forget_account()
    record = await context.read_account()
    if record is None or record.membership is None:
        raise NotFound("There is no membership: begin one with `startMembership`.")
    return record.membership
