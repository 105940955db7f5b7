"""Removes what has run out: sign-ins that can never be used again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bff.stores.ended_sign_ins import forget_ended_sign_ins
from bff.stores.sessions import remove_ended_families

KEPT = timedelta(days=30)
"""How long an ended sign-in stays, so that the reuse of its tokens is still noticed."""


async def remove_ended_sign_ins(ctx: dict[Any, Any]) -> int:
    """Nightly; may run twice. Answers how many sign-ins went."""
    await forget_ended_sign_ins(ctx["pool"])
    return await remove_ended_families(ctx["pool"], before=datetime.now(UTC) - KEPT)
