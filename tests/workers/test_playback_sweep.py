"""Playback sessions that nothing allows any more, however many they are."""

from datetime import UTC, datetime, timedelta

import asyncpg

from bff.domain.ids import IdKind, random_id
from tests.workers.sign_ins import add_account
from workers.playback import forget_playback, sweep_playback

BEGIN = """INSERT INTO playback_session (
        id, account_id, profile_id, device_id, family_id, playable_id, title_id, region, document, position,
        started_at, expires_at)
    SELECT 'ses_' || number, $1, $2, 'dev', 'fam', 'tit', 'tit', 'US', '{}', 0, $3, $4
    FROM generate_series(1, $5::int) AS number"""
LONG_AGO = timedelta(days=31)


async def begin_many(pool: asyncpg.Pool, count: int, expires_at: datetime) -> None:
    """Of a sign-in that is gone."""
    account_id, profile_id = await add_account(pool, datetime.now(UTC)), random_id(IdKind.PROFILE)
    await pool.execute(
        """INSERT INTO profile (id, account_id, name, avatar, is_kids, language, maturity_ceiling, position)
        VALUES ($1, $2, 'Viewer', 'fox', false, 'en', 18, 0)""",
        profile_id,
        account_id,
    )
    await pool.execute(BEGIN, account_id, profile_id, expires_at - timedelta(hours=1), expires_at, count)


async def test_one_sweep_ends_them_all(pool: asyncpg.Pool) -> None:
    await begin_many(pool, 2500, datetime.now(UTC) + timedelta(hours=1))
    assert await sweep_playback({"pool": pool}) == 2500
    assert await pool.fetchval("SELECT count(*) FROM playback_session WHERE ended_at IS NULL") == 0
    assert await sweep_playback({"pool": pool}) == 0


async def test_what_is_long_over_is_forgotten_in_one_run(pool: asyncpg.Pool) -> None:
    await begin_many(pool, 5500, datetime.now(UTC) - LONG_AGO)
    assert await forget_playback({"pool": pool}) == 5500
