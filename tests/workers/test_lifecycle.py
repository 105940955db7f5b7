"""The nightly job takes away what has run out, and nothing that is still of use."""

from datetime import UTC, datetime, timedelta

import asyncpg

from tests.workers.sign_ins import add_account, add_sign_in
from workers.lifecycle import KEPT, remove_ended_sign_ins

HOUR = timedelta(hours=1)


async def test_removes_ended_sign_ins_and_no_others(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    gone = {
        await add_sign_in(pool, account_id, expires_at=now - KEPT - HOUR),
        await add_sign_in(pool, account_id, expires_at=now + HOUR, revoked_at=now - KEPT - HOUR),
    }
    kept = {
        await add_sign_in(pool, account_id, expires_at=now + HOUR),
        await add_sign_in(pool, account_id, expires_at=now - KEPT + HOUR),
        await add_sign_in(pool, account_id, expires_at=now + HOUR, revoked_at=now - KEPT + HOUR),
    }
    assert await remove_ended_sign_ins({"pool": pool}) == len(gone)
    assert await read_ids(pool, "SELECT id FROM session_family") == kept
    assert await read_ids(pool, "SELECT family_id FROM refresh_token") == kept
    assert await read_ids(pool, "SELECT id FROM account") == {account_id}


async def test_a_second_run_finds_nothing_to_do(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    await add_sign_in(pool, account_id, expires_at=now - KEPT - HOUR)
    assert [await remove_ended_sign_ins({"pool": pool}) for _ in range(2)] == [1, 0]


async def read_ids(pool: asyncpg.Pool, query: str) -> set[str]:
    return {row[0] for row in await pool.fetch(query)}
