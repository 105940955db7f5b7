"""Playback sessions that ended before their media tokens did, followed by every process."""

from datetime import datetime, timedelta

import asyncpg

from bff.domain.playback import GRACE
from bff.domain.title_changes import LONGEST_FILM
from bff.stores.endings import Endings
from bff.stores.postgres import Connection

KEPT = LONGEST_FILM + GRACE.total_seconds() + 60
"""Seconds that an ending is of use: longer than any media token lives."""

_READ = """
SELECT id FROM playback_session WHERE ended_at > clock_timestamp() - $1::interval AND expires_at > clock_timestamp()
UNION ALL SELECT session_id FROM ended_playback WHERE ended_at > clock_timestamp() - $1::interval
"""


class EndedSessions(Endings):
    """The playback sessions that ended lately, as one process knows them."""

    def __init__(self) -> None:
        super().__init__(_READ, what="Playback sessions", kept=KEPT)


async def bury_sessions(
    connection: Connection, now: datetime, *, account_id: str | None = None, profile_id: str | None = None
) -> None:
    """Before the rows of an account's or a profile's sessions are deleted, in the same transaction: note that they end.

    Lock the account or profile first, so that nobody begins one meanwhile.
    """
    await connection.execute(
        """INSERT INTO ended_playback (session_id)
        SELECT id FROM playback_session WHERE (account_id = $1 OR profile_id = $2) AND expires_at > $3
        ON CONFLICT DO NOTHING""",
        account_id,
        profile_id,
        now,
    )


async def forget_buried(pool: asyncpg.Pool) -> int:
    """Remove what no media token can be refused for any more; answers how many."""
    status: str = await pool.execute(
        "DELETE FROM ended_playback WHERE ended_at < clock_timestamp() - $1::interval",
        timedelta(seconds=KEPT),
        timeout=30,
    )
    return int(status.removeprefix("DELETE "))
