"""What profiles should hear of: one row a profile and notification."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from bff.domain.ids import IdKind, random_id
from bff.domain.notifications import NotificationKind


async def add_notifications(
    connection: PoolConnectionProxy,
    profile_ids: Sequence[str],
    kind: NotificationKind,
    text: str,
    *,
    title_id: str | None = None,
    now: datetime,
) -> None:
    """Tell each of the profiles that is there still, once the transaction of `connection` has committed."""
    await connection.execute(
        """INSERT INTO notification (id, profile_id, kind, title_id, text, created_at)
        SELECT told.id, profile.id, $3, $4, $5, $6 FROM unnest($1::text[], $2::text[]) AS told (id, profile_id)
        JOIN profile ON profile.id = told.profile_id""",
        [random_id(IdKind.NOTIFICATION) for _ in profile_ids],
        list(profile_ids),
        kind.value,
        title_id,
        text,
        now,
    )
