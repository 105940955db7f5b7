"""The hourly job takes away what has run out, and nothing that is still of use."""

from datetime import UTC, datetime, timedelta

import asyncpg

from bff.stores.sessions import remove_ended_families
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


async def test_removes_expired_tokens_of_a_sign_in_that_goes_on(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    family_id = await add_sign_in(pool, await add_account(pool, now), expires_at=now + HOUR)
    await pool.execute(
        """INSERT INTO refresh_token (hash, family_id, issued_at, expires_at, used_at)
        VALUES ('old', $1, $2, $2, $2), ('used', $1, $2, $3, $2)""",
        family_id,
        now - KEPT - HOUR,
        now + HOUR,
    )
    assert await remove_ended_sign_ins({"pool": pool}) == 0
    hashes = {row["hash"] for row in await pool.fetch("SELECT hash FROM refresh_token")}
    assert hashes == {b"used", family_id.encode()}


async def test_removes_implicit_devices_that_nobody_is_signed_in_on(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    for kind, lasts, begun_ago in (
        ("gone", -HOUR, KEPT),
        ("in use", HOUR, KEPT),
        ("ended lately", -HOUR, timedelta(0)),
        ("registered", -HOUR, KEPT),
    ):
        family_id = await add_sign_in(pool, account_id, expires_at=now - begun_ago + lasts)
        await pool.execute(
            """UPDATE device SET name = $2, implicit = $2 <> 'registered'
            WHERE id = (SELECT device_id FROM session_family WHERE id = $1)""",
            family_id,
            kind,
        )
    await remove_ended_sign_ins({"pool": pool})
    assert await read_ids(pool, "SELECT name FROM device") == {"in use", "ended lately", "registered"}


async def test_goes_on_until_nothing_is_left(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    for _ in range(5):
        await add_sign_in(pool, account_id, expires_at=now - KEPT - HOUR)
    assert [await remove_ended_families(pool, before=now, most=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_second_run_finds_nothing_to_do(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    await add_sign_in(pool, account_id, expires_at=now - KEPT - HOUR)
    assert [await remove_ended_sign_ins({"pool": pool}) for _ in range(2)] == [1, 0]


async def read_ids(pool: asyncpg.Pool, query: str) -> set[str]:
    return {row[0] for row in await pool.fetch(query)}
