"""Sign-ins that were ended: which ones, and who hears of it without being told."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, open_demo_session
from bff.auth.refresh_tokens import refresh
from bff.auth.results import InvalidCredentials, SignedIn
from bff.errors import Unauthenticated
from bff.stores import endings
from bff.stores.ended_sign_ins import EndedSignIns, end_sign_ins, forget_ended_sign_ins

BASIC, _, PREMIUM, *_ = DEMO_ACCOUNTS


async def enter(authority: Authority, now: datetime, email: str = PREMIUM.email) -> SignedIn:
    session = await open_demo_session(authority, email, now)
    assert session is not None
    return session


async def end(pool: asyncpg.Pool, account_id: str, now: datetime, **which: str) -> tuple[str, ...]:
    async with pool.acquire() as connection, connection.transaction():
        return await end_sign_ins(connection, account_id, now, **which)


def is_good(authority: Authority, session: SignedIn, now: datetime) -> bool:
    try:
        return authority.verifier.verify(session.access_token, now) == session.claims
    except Unauthenticated:
        return False


@pytest.mark.parametrize(
    ("which", "kept"),
    [
        ({}, []),
        ({"family_id": "family_id"}, [1, 2]),
        ({"device_id": "device_id"}, [1, 2]),
    ],
)
async def test_ends_all_one_or_those_of_a_device(
    authority: Authority, noon: datetime, which: dict[str, str], kept: list[int]
) -> None:
    sign_ins = [await enter(authority, noon) for _ in range(3)]
    stranger = await enter(authority, noon, BASIC.email)
    named = {name: getattr(sign_ins[0].claims, attribute) for name, attribute in which.items()}
    ended = await end(authority.pool, PREMIUM.id, noon, **named)
    assert set(ended) == {sign_in.claims.family_id for n, sign_in in enumerate(sign_ins) if n not in kept}
    await authority.ended.catch_up(authority.pool)
    assert [n for n, sign_in in enumerate(sign_ins) if is_good(authority, sign_in, noon)] == kept
    assert is_good(authority, stranger, noon)
    for number, sign_in in enumerate([*sign_ins, stranger]):
        answer = await refresh(authority, refresh_token=sign_in.refresh_token, request_country=None, now=noon)
        assert isinstance(answer, SignedIn if number in (*kept, 3) else InvalidCredentials)
    assert await end(authority.pool, PREMIUM.id, noon, **{**named, "family_id": ended[0]}) == ()


async def test_another_accounts_sign_in_is_not_ended(authority: Authority, noon: datetime) -> None:
    stranger = (await enter(authority, noon, BASIC.email)).claims
    for which in ({"family_id": stranger.family_id}, {"device_id": stranger.device_id}):
        assert await end(authority.pool, PREMIUM.id, noon, **which) == ()


async def test_what_was_rolled_back_has_not_ended(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    async with authority.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await end_sign_ins(connection, PREMIUM.id, noon)
        await transaction.rollback()
    await authority.ended.catch_up(authority.pool)
    assert is_good(authority, session, noon)


async def test_an_ending_outlasts_the_account(authority: Authority, noon: datetime) -> None:
    session = await enter(authority, noon)
    async with authority.pool.acquire() as connection, connection.transaction():
        await end_sign_ins(connection, PREMIUM.id, noon)
        await connection.execute("DELETE FROM account WHERE id = $1", PREMIUM.id)
    await authority.ended.catch_up(authority.pool)
    assert not is_good(authority, session, noon)


async def test_endings_at_the_same_time_do_not_lock_each_other(authority: Authority, noon: datetime) -> None:
    sign_ins = {(await enter(authority, noon)).claims.family_id for _ in range(10)}
    ended = await asyncio.gather(*(end(authority.pool, PREMIUM.id, noon) for _ in range(8)))
    assert sorted(family_id for some in ended for family_id in some) == sorted(sign_ins)


async def test_who_starts_knows_what_ended_before_and_who_runs_hears_of_it(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    before, after = [(await enter(authority, noon)).claims.family_id for _ in range(2)]
    await end(pool, PREMIUM.id, noon, family_id=before)
    await pool.execute("UPDATE ended_sign_in SET ended_at = ended_at - interval '50 minutes'")
    async with EndedSignIns().following(pool) as ended:
        assert before in ended
        assert after not in ended
        await end(pool, PREMIUM.id, noon, family_id=after)
        async with asyncio.timeout(10):
            while after not in ended:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)


async def test_what_ended_while_postgresql_was_away_is_caught_up_with(
    authority: Authority, pool: asyncpg.Pool, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if this process alone had not reached it."""
    monkeypatch.setattr(endings, "INTERVAL", 0.02)
    family_id = (await enter(authority, noon)).claims.family_id
    async with EndedSignIns().following(pool) as ended:
        await pool.execute("ALTER TABLE ended_sign_in RENAME TO ended_sign_in_away")
        await pool.execute("INSERT INTO ended_sign_in_away (family_id) VALUES ($1)", family_id)
        await asyncio.sleep(0.3)
        assert family_id not in ended
        await pool.execute("ALTER TABLE ended_sign_in_away RENAME TO ended_sign_in")
        async with asyncio.timeout(10):
            while family_id not in ended:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)


async def test_list_is_short(authority: Authority, pool: asyncpg.Pool, noon: datetime) -> None:
    sign_ins = [(await enter(authority, noon)).claims.family_id for _ in range(2)]
    await end(pool, PREMIUM.id, noon)
    await pool.execute(
        "UPDATE ended_sign_in SET ended_at = ended_at - interval '3 h' WHERE family_id = $1", sign_ins[0]
    )
    assert await forget_ended_sign_ins(pool) == 1
    assert [row["family_id"] for row in await pool.fetch("SELECT family_id FROM ended_sign_in")] == sign_ins[1:]
