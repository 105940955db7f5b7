"""Removes what has run out, a little at a time: sign-ins, their tokens, and the devices that only they stood for; and
what is left of accounts that were deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bff.billing.renewals import withdraw_charges
from bff.stores.account_removal import remove_closed_accounts
from bff.stores.devices import remove_unused_devices
from bff.stores.ended_sign_ins import forget_ended_sign_ins
from bff.stores.sessions import remove_ended_families, remove_expired_tokens
from bff.stores.sign_in_origins import forget_old_origins
from workers.batches import repeat

KEPT = timedelta(days=1)
"""How long what has ended stays: longer than any access token of it lives."""

ORIGINS_KEPT = timedelta(days=365)
"""How long a device or country that nobody signs in from any more is still a known one."""


REMOVE_EVERY = 5
"""Seconds between two looks for deleted accounts."""


async def remove_accounts(ctx: dict[Any, Any]) -> int:
    """Every few seconds; may run twice. Answers of how many accounts nothing is left."""
    now = datetime.now(UTC)
    await withdraw_charges(ctx["billing"], now)
    return await remove_closed_accounts(ctx["pool"], ctx["cache"], now)


async def remove_ended_sign_ins(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many sign-ins went."""
    pool = ctx["pool"]
    before = datetime.now(UTC) - KEPT
    await forget_ended_sign_ins(pool)
    await repeat(lambda: remove_expired_tokens(pool, before=before))
    removed = await repeat(lambda: remove_ended_families(pool, before=before))
    await repeat(lambda: remove_unused_devices(pool, before=before))
    await repeat(lambda: forget_old_origins(pool, before=before - ORIGINS_KEPT))
    return removed
