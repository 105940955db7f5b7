"""What viewers write to operators; who wrote it is not kept."""

from datetime import datetime

import asyncpg
from msgspec import Struct

from bff.domain.ids import kind_of
from bff.stores import keys
from bff.stores.redis import DocumentCache
from bff.stores.tries import Tries

MOST_AN_HOUR = 5
_DEADLINE = 2.0


class Feedback(Struct, frozen=True):
    """`title_id` is None where it is about no title, or that is gone."""

    id: str
    title_id: str | None
    text: str
    created_at: datetime


class FeedbackLimit:
    """How often a profile may write, over all processes."""

    def __init__(self, cache: DocumentCache) -> None:
        self._tries = Tries(
            cache, period=3600, refusal="You have written a lot this hour; wait as long as `retryAfter` says."
        )

    async def count(self, profile_id: str) -> None:
        """Raises RateLimited, with the seconds to wait."""
        await self._tries.begin({keys.feedback_of_profile(profile_id): MOST_AN_HOUR})


async def add_feedback(pool: asyncpg.Pool, feedback: Feedback) -> None:
    await pool.execute(
        "INSERT INTO feedback (id, title_id, body, created_at) VALUES ($1, $2, $3, $4)",
        feedback.id,
        feedback.title_id,
        feedback.text,
        feedback.created_at,
        timeout=_DEADLINE,
    )


async def read_feedback(
    pool: asyncpg.Pool, *, limit: int, before: tuple[datetime, str] | None, title_id: str | None
) -> list[Feedback]:
    """Latest first, `limit` of them behind `before` (when one was written, and its id); of all titles for None."""
    if title_id is not None and kind_of(title_id) is None:
        return []
    rows = await pool.fetch(
        """SELECT id, title_id, body, created_at FROM feedback
        WHERE ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3)) AND ($4::text IS NULL OR title_id = $4)
        ORDER BY created_at DESC, id DESC LIMIT $1""",
        limit,
        *(before or (None, None)),
        title_id,
        timeout=_DEADLINE,
    )
    return [Feedback(*row.values()) for row in rows]
