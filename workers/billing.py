"""Memberships in the course of time, every minute: renewals, tries of a declined card, ends; charges left open."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bff.billing.renewals import end_memberships, finish_attempts, renew_memberships
from bff.stores.billing import remove_old_requests

DEADLINE = 50
"""Seconds that one run has; the next goes on with the rest."""
REQUESTS_KEPT = timedelta(days=30)
"""How long a client's key of a request is remembered."""


async def bill_memberships(ctx: dict[Any, Any]) -> int:
    """May run twice, and at once. Answers how many accounts it treated."""
    billing, now, treated = ctx["billing"], datetime.now(UTC), 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE):
            for treat in (finish_attempts, renew_memberships, end_memberships):
                treated += await treat(billing, now)
    return treated


async def forget_requests(ctx: dict[Any, Any]) -> int:
    """Nightly; may run twice. Answers how many keys went."""
    return await remove_old_requests(ctx["pool"], datetime.now(UTC) - REQUESTS_KEPT)
