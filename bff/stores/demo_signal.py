"""The ratings of MovieTweetings as signal of the demo's profiles."""

import json

import asyncpg

from bff.domain.demo_signal import FilmRating, Signal


async def read_film_ratings(pool: asyncpg.Pool, user_number: int) -> tuple[FilmRating, ...]:
    """The films of the catalogue that one user rated, as far as their duration is known."""
    rows = await pool.fetch(
        """SELECT r.title_id, t.duration, r.rating, r.rated_at FROM movie_rating r JOIN title t ON t.id = r.title_id
        WHERE r.user_number = $1 AND t.type = 'MOVIE' AND t.duration > 0""",
        user_number,
    )
    return tuple(FilmRating(**row) for row in rows)


async def give_signal(pool: asyncpg.Pool, profile_id: str, signal: Signal) -> bool:
    """Write the signal into a profile that has done nothing yet, in one transaction.

    Answers False, with nothing changed, for a profile that is gone or has a state of its own.
    """
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        version = await connection.fetchval(
            """UPDATE profile SET state_version = state_version + 1 WHERE id = $1 AND state_version = 0
            RETURNING state_version""",
            profile_id,
        )
        if version is None:
            return False
        await connection.executemany(
            "INSERT INTO my_list_entry (profile_id, title_id, position, added_at) VALUES ($1, $2, $3, $4)",
            [(profile_id, entry.title_id, entry.position, entry.added_at) for entry in signal.my_list],
        )
        await connection.executemany(
            "INSERT INTO title_rating (profile_id, title_id, thumb, rated_at) VALUES ($1, $2, $3, $4)",
            [
                (profile_id, title_id, rating.thumb.value, rating.rated_at)
                for title_id, rating in signal.ratings.items()
            ],
        )
        await connection.executemany(
            """INSERT INTO watch_progress (profile_id, playable_id, title_id, position, duration, completed, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            [
                (profile_id, at.playable_id, at.title_id, at.position, at.duration, at.completed, at.updated_at)
                for at in signal.progress
            ],
        )
        await connection.executemany(
            """INSERT INTO viewing_history (id, profile_id, playable_id, title_id, watched_at, watched_seconds,
                completed) VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            [
                (
                    f"{profile_id}.{at.playable_id}",
                    profile_id,
                    at.playable_id,
                    at.title_id,
                    at.updated_at,
                    at.position,
                    at.completed,
                )
                for at in signal.progress
            ],
        )
        await connection.execute(
            "INSERT INTO outbox (topic, key, payload) VALUES ('profile', $1, $2)",
            profile_id,
            json.dumps({"version": version}),
        )
    return True
