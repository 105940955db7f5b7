"""What holders and operators do to one account at the same time, as several processes do: each is done or refused,
nobody waits for each other in a ring."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from random import Random

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from msgspec.structs import replace

from bff.auth.authority import Authority
from bff.auth.refresh_tokens import refresh
from bff.auth.results import InvalidCredentials, PinRequired, SignedIn
from bff.errors import Error, Unauthenticated
from bff.stores.devices import read_last_profile
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.locks import wait_until_it_waits
from tests.unit.auth.scenes import (
    BEFALLS,
    CONFIRMED,
    PREMIUM,
    Instant,
    Scene,
    Slow,
    change,
    enter,
    lay_scene,
    raise_ceiling,
    register,
    renew,
    reset,
    sign_in_slowly,
    suspend,
    switch,
)

READ_ALL = """
    SELECT a.email, a.status, a.password_hash,
        ARRAY (SELECT (id, pin_hash, maturity_ceiling)::text FROM profile ORDER BY id) AS profiles,
        ARRAY (SELECT id FROM session_family WHERE revoked_at IS NULL ORDER BY id) AS sign_ins,
        ARRAY (SELECT (id, recipient, due_at)::text FROM mail ORDER BY id) AS mails
    FROM account a ORDER BY a.id"""


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    """Large enough for all that happens at once."""
    pool = await open_pool(database.settings, max_size=30)
    yield pool
    await pool.close()


@pytest.fixture
def authority(authority: Authority) -> Authority:
    return replace(authority, passwords=Instant())


@pytest.fixture
def set_scene(authority: Authority, pool: asyncpg.Pool, noon: datetime) -> Callable[[], Awaitable[Scene]]:
    turns = count()
    return lambda: lay_scene(authority, pool, noon, next(turns))


@asynccontextmanager
async def holding_account(pool: asyncpg.Pool) -> AsyncIterator[PoolConnectionProxy]:
    """As somebody else does who changes it, on the connection that is yielded."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT true FROM account WHERE id = $1 FOR UPDATE", PREMIUM.id)
        yield connection


async def test_of_new_passwords_at_once_one_counts(
    authority: Authority, pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    for _ in range(5):
        scene = await set_scene()
        sessions = [scene.first, scene.second, *[await enter(authority, scene.now) for _ in range(2)]]
        outcomes = await asyncio.gather(*(change(scene, session) for session in sessions), return_exceptions=True)
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == ["SignedIn"] + ["Unauthenticated"] * 3
        assert await pool.fetchval("SELECT count(*) FROM session_family WHERE revoked_at IS NULL") == 1


@pytest.mark.parametrize("act", [*CONFIRMED.values(), raise_ceiling], ids=[*CONFIRMED, "a ceiling raised"])
@pytest.mark.parametrize("end", [lambda scene: change(scene, scene.second), reset, suspend])
async def test_a_password_that_was_confirmed_is_good_until_it_changes_or_the_account_is_suspended(
    pool: asyncpg.Pool,
    set_scene: Callable[[], Awaitable[Scene]],
    act: Callable[[Scene], Awaitable[object]],
    end: Callable[[Scene], Awaitable[object]],
) -> None:
    """Whoever knew the old one, and had it checked the moment before, can't take the account over nor away."""
    scene = await set_scene()
    await end(scene)
    before = await pool.fetch(READ_ALL)
    with pytest.raises(Unauthenticated):
        await act(scene)
    assert await pool.fetch(READ_ALL) == before
    again = await set_scene()
    await act(again)
    assert await pool.fetch(READ_ALL) != before


@pytest.mark.parametrize("befall", BEFALLS.values(), ids=BEFALLS.keys())
async def test_whoever_waits_for_an_account_holds_nothing_of_it(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]], befall: Callable[[Scene], Awaitable[object]]
) -> None:
    """With which nobody can wait for each other in a ring, whoever else there is."""
    scene = await set_scene()
    async with holding_account(pool) as connection:
        waiting = asyncio.create_task(asyncio.wait_for(befall(scene), 30))
        await wait_until_it_waits(pool, waiting)
        for table in ("session_family", "refresh_token", "profile", "device", "mail"):
            await connection.fetch(f"SELECT true FROM {table} FOR UPDATE NOWAIT")  # noqa: S608 - constants only
    await waiting


async def test_a_profile_that_goes_waits_for_the_sweep_of_ended_sign_ins(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    """Both change tokens of the same sign-ins, each in an order of its own."""
    scene = await set_scene()
    await suspend(scene)
    scene = await set_scene()
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch("SELECT true FROM session_family WHERE revoked_at IS NOT NULL FOR UPDATE")
        going = asyncio.create_task(asyncio.wait_for(BEFALLS["a profile taken away"](scene), 30))
        await wait_until_it_waits(pool, going)
        await connection.fetch("SELECT true FROM refresh_token FOR UPDATE NOWAIT")
    assert len(await going) == 0


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    "change",
    ["DELETE FROM profile WHERE id = $1", "UPDATE profile SET pin_hash = 'another' WHERE id = $1"],
    ids=["goes", "gets a PIN"],
)
async def test_who_signs_in_to_a_profile_while_it_changes_is_refused(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]], change: str, is_known: bool
) -> None:
    scene = await set_scene()
    if is_known:
        assert isinstance(await sign_in_slowly(scene, scene.profile_id, Instant(), None), SignedIn)
    async with holding_account(pool) as connection:
        entering = asyncio.create_task(sign_in_slowly(scene, scene.profile_id, Instant(), None))
        await wait_until_it_waits(pool, entering)
        await connection.execute(change, scene.profile_id)
    assert isinstance(await entering, InvalidCredentials)


async def test_who_switches_to_a_profile_while_it_gets_a_pin_is_asked_for_it(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    scene = await set_scene()
    async with holding_account(pool) as connection:
        entering = asyncio.create_task(switch(scene))
        await wait_until_it_waits(pool, entering)
        await connection.execute("UPDATE profile SET pin_hash = 'another' WHERE id = $1", scene.profile_id)
    assert isinstance(await entering, PinRequired)


async def test_a_new_pin_ends_the_sign_ins_of_who_is_in_the_profile_already(
    set_scene: Callable[[], Awaitable[Scene]],
) -> None:
    scene = await set_scene()
    switched = await switch(scene)
    assert isinstance(switched, SignedIn)
    assert await BEFALLS["a PIN"](scene) == (scene.second.claims.family_id,)
    refreshed = await refresh(
        scene.authority, refresh_token=switched.refresh_token, request_country=None, now=scene.now
    )
    assert isinstance(refreshed, InvalidCredentials)


async def test_a_device_is_registered_from_a_profile_that_goes(set_scene: Callable[[], Awaitable[Scene]]) -> None:
    scene = await set_scene()
    await scene.pool.execute("DELETE FROM profile WHERE id = $1", scene.profile_id)
    device = await register(scene)
    assert await read_last_profile(scene.pool, device.id) is None


async def test_a_link_of_a_mail_that_was_called_off_is_not_made(set_scene: Callable[[], Awaitable[Scene]]) -> None:
    scene = await set_scene()
    assert await BEFALLS["a link sent"](scene)
    await change(scene, scene.first)
    assert not await BEFALLS["a link sent"](scene)


async def test_a_refresh_does_not_wait_for_the_account(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    """It locks its sign-in alone, so it must never come to wait for who has the account and wants that."""
    scene = await set_scene()
    async with holding_account(pool):
        first = await renew(scene)
        assert isinstance(first, SignedIn)
        assert isinstance(await renew(scene), SignedIn)  # nor where an answer got lost
        await refresh(scene.authority, refresh_token=first.refresh_token, request_country=None, now=scene.now)
        assert isinstance(await renew(scene), InvalidCredentials)  # nor where a reuse ends the sign-in


async def test_all_that_can_befall_an_account_at_once_is_done_or_refused(
    set_scene: Callable[[], Awaitable[Scene]],
) -> None:
    lasting = [befall for name, befall in BEFALLS.items() if name != "a deletion"]
    for turn in range(10):
        scene = await set_scene()
        befalling = [*lasting, renew, *([BEFALLS["a deletion"]] if turn == 9 else [])]
        Random(turn).shuffle(befalling)
        outcomes = await asyncio.gather(*(befall(scene) for befall in befalling), return_exceptions=True)
        assert [failed for failed in outcomes if isinstance(failed, Exception) and not isinstance(failed, Error)] == []


async def test_who_signs_in_while_another_profile_goes_is_signed_in(set_scene: Callable[[], Awaitable[Scene]]) -> None:
    """Told of it are the profiles that are left."""
    scene = await set_scene()
    passwords = Slow(lambda: BEFALLS["a profile taken away"](scene))
    signed_in = await sign_in_slowly(scene, str(scene.first.claims.profile_id), passwords, "JP")
    assert isinstance(signed_in, SignedIn)
    told = await scene.pool.fetch("SELECT DISTINCT profile_id FROM notification")
    adults = await scene.pool.fetch("SELECT id FROM profile WHERE account_id = $1 AND NOT is_kids", PREMIUM.id)
    assert {row["profile_id"] for row in told} == {row["id"] for row in adults}
