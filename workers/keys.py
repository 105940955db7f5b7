"""Changes the key that signs access tokens before it gets old."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bff.auth.keys import rotate_signing_key


async def rotate_keys(ctx: dict[Any, Any]) -> str | None:
    """Hourly; may run twice. Answers the id of the key that is to sign next, where one was made."""
    settings = ctx["settings"]
    age = timedelta(seconds=settings.signing_key_age)
    return await rotate_signing_key(ctx["pool"], settings.key_encryption_key, datetime.now(UTC), age=age)
