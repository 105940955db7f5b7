"""What holders and operators do to one account at the same time, as several processes do: each is done or refused,
nobody waits for each other in a ring."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from itertools import count
from random import Random

import asyncpg
import pytest
from msgspec import Struct
from msgspec.structs import replace

from bff.auth.account_changes import change_account, change_password, delete_account, reset_password, verify_email
from bff.auth.account_status import set_account_status
from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, open_demo_session
from bff.auth.passwords import Passwords
from bff.auth.refresh_tokens import refresh
from bff.auth.results import SignedIn
from bff.auth.sessions import sign_in, switch_profile
from bff.domain.accounts import AccountStatus
from bff.domain.devices import DeviceClass, default_capabilities
from bff.domain.mail import MailKind
from bff.errors import Error
from bff.stores.accounts import Credentials, find_credentials
from bff.stores.devices import register_device, remove_device
from bff.stores.mail import QueuedMail, queue_mail, take_due_mails
from bff.stores.mail_links import set_link
from bff.stores.postgres import open_pool
from bff.stores.profiles import remove_profile
from tests.engines import Engines

PREMIUM, OPERATOR = DEMO_ACCOUNTS[2], DEMO_ACCOUNTS[4]
NEW_ADDRESS = "new@example.com"
IS_WAITING = """SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"""


class Instant(Passwords):
    """One process hashes one password after the other, which would keep its sign-ins from meeting."""

    def __init__(self) -> None:
        self._numbers = count()

    async def hash(self, password: str) -> str:
        return f"{password} {next(self._numbers)}"


class Scene(Struct, frozen=True):
    """An account that somebody is signed in to on two devices, with a second profile and two links on their way."""

    authority: Authority
    first: SignedIn
    second: SignedIn
    credentials: Credentials
    profile_id: str
    reset: str
    verify: str
    waiting: QueuedMail
    now: datetime

    @property
    def pool(self) -> asyncpg.Pool:
        return self.authority.pool


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    """Large enough for all that happens at once."""
    pool = await open_pool(database.settings, max_size=30)
    yield pool
    await pool.close()


@pytest.fixture
def authority(authority: Authority) -> Authority:
    return replace(authority, passwords=Instant())


async def enter(authority: Authority, now: datetime) -> SignedIn:
    session = await open_demo_session(authority, PREMIUM.email, now)
    assert session is not None
    return session


async def take_mail(pool: asyncpg.Pool, kind: MailKind, recipient: str, now: datetime) -> QueuedMail:
    async with pool.acquire() as connection, connection.transaction():
        await queue_mail(connection, kind, recipient, now=now, account_id=PREMIUM.id)
    [mail] = await take_due_mails(pool, now, most=1)
    return mail


async def mail_link(pool: asyncpg.Pool, kind: MailKind, recipient: str, token: str, now: datetime) -> None:
    mail = await take_mail(pool, kind, recipient, now)
    await set_link(pool, mail.id, token, account_id=PREMIUM.id, expires_at=now.replace(hour=23))


async def read_own(pool: asyncpg.Pool) -> Credentials:
    credentials = await find_credentials(pool, PREMIUM.email)
    assert credentials is not None
    return credentials


async def change(scene: Scene, session: SignedIn) -> object:
    """By somebody whose password was found to be right."""
    return await change_password(
        scene.authority,
        claims=session.claims,
        credentials=scene.credentials,
        password="another",
        device_class=DeviceClass.WEB,
        request_country=None,
        client="",
        now=scene.now,
    )


async def reset(scene: Scene) -> object:
    return await reset_password(
        scene.authority,
        token=scene.reset,
        password="yet another",
        takes_pins_away=True,
        device_class=DeviceClass.WEB,
        request_country=None,
        client="",
        now=scene.now,
    )


async def move(scene: Scene) -> None:
    await change_account(
        scene.authority, scene.credentials, email=f"{scene.reset}@example.com", country=None, now=scene.now
    )


async def suspend(scene: Scene) -> object:
    return await set_account_status(
        scene.authority,
        account_id=PREMIUM.id,
        email=None,
        status=AccountStatus.SUSPENDED,
        operator_id=OPERATOR.id,
        now=scene.now,
    )


async def switch(scene: Scene) -> object:
    return await switch_profile(
        scene.authority,
        claims=scene.second.claims,
        profile_id=scene.profile_id,
        pin=None,
        request_country=None,
        now=scene.now,
    )


async def register(scene: Scene) -> object:
    return await register_device(
        scene.pool,
        account_id=PREMIUM.id,
        family_id=scene.first.claims.family_id,
        profile_id=None,
        device_id=None,
        device_class=DeviceClass.TV,
        name=None,
        capabilities=default_capabilities(DeviceClass.TV),
        now=scene.now,
    )


async def renew(scene: Scene) -> object:
    return await refresh(scene.authority, refresh_token=scene.second.refresh_token, request_country=None, now=scene.now)


BEFALLS: dict[str, Callable[[Scene], Awaitable[object]]] = {
    "a new password": lambda scene: change(scene, scene.first),
    "a new password elsewhere": lambda scene: change(scene, scene.second),
    "a reset": reset,
    "an address asked for": move,
    "an address verified": lambda scene: verify_email(scene.authority, scene.verify, scene.now),
    "a suspension": suspend,
    "another profile": switch,
    "a profile taken away": lambda scene: remove_profile(
        scene.pool, PREMIUM.id, scene.profile_id, scene.first.claims.family_id, scene.now
    ),
    "a device registered": register,
    "a device taken away": lambda scene: remove_device(
        scene.pool, PREMIUM.id, scene.second.claims.device_id, scene.now
    ),
    "a link sent": lambda scene: set_link(
        scene.pool, scene.waiting.id, f"sent {scene.reset}", account_id=PREMIUM.id, expires_at=scene.now
    ),
    "a sign-in": lambda scene: open_demo_session(scene.authority, PREMIUM.email, scene.now),
    "a deletion": lambda scene: delete_account(scene.authority, scene.credentials, scene.now),
}


@pytest.fixture
def set_scene(authority: Authority, pool: asyncpg.Pool, noon: datetime) -> Callable[[], Awaitable[Scene]]:
    turns = count()

    async def set_scene() -> Scene:
        turn = next(turns)
        await pool.execute("UPDATE account SET status = 'ACTIVE', email = $2 WHERE id = $1", PREMIUM.id, PREMIUM.email)
        await pool.execute("DELETE FROM mail")
        profile_id = f"{PREMIUM.id}-{turn}"
        await pool.execute(
            """INSERT INTO profile (id, account_id, name, avatar, is_kids, language, maturity_ceiling, position)
            SELECT $2, account_id, $2, avatar, false, language, maturity_ceiling, 100 + $3
            FROM profile WHERE account_id = $1 ORDER BY position LIMIT 1""",
            PREMIUM.id,
            profile_id,
            turn,
        )
        first, second = [await enter(authority, noon) for _ in range(2)]
        reset, verify = f"reset{turn}", f"verify{turn}"
        await mail_link(pool, MailKind.RESET_PASSWORD, PREMIUM.email, reset, noon)
        await mail_link(pool, MailKind.VERIFY_EMAIL, f"{turn}{NEW_ADDRESS}", verify, noon)
        waiting = await take_mail(pool, MailKind.RESET_PASSWORD, PREMIUM.email, noon)
        return Scene(authority, first, second, await read_own(pool), profile_id, reset, verify, waiting, noon)

    return set_scene


async def test_of_new_passwords_at_once_one_counts(
    authority: Authority, pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    for _ in range(5):
        scene = await set_scene()
        sessions = [scene.first, scene.second, *[await enter(authority, scene.now) for _ in range(2)]]
        outcomes = await asyncio.gather(*(change(scene, session) for session in sessions))
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == ["InvalidCredentials"] * 3 + ["SignedIn"]
        assert await pool.fetchval("SELECT count(*) FROM session_family WHERE revoked_at IS NULL") == 1


@pytest.mark.parametrize("befall", BEFALLS.values(), ids=BEFALLS.keys())
async def test_whoever_waits_for_an_account_holds_nothing_of_it(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]], befall: Callable[[Scene], Awaitable[object]]
) -> None:
    """With which nobody can wait for each other in a ring, whoever else there is."""
    scene = await set_scene()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT true FROM account WHERE id = $1 FOR UPDATE", PREMIUM.id)
        waiting = asyncio.create_task(asyncio.wait_for(befall(scene), 30))
        while not await pool.fetchval(IS_WAITING):
            assert not waiting.done(), "it does not wait for the account at all"
            await asyncio.sleep(0.01)
        for table in ("session_family", "refresh_token", "profile", "device", "mail"):
            await connection.fetch(f"SELECT true FROM {table} FOR UPDATE NOWAIT")  # noqa: S608 - constants only
    await waiting


async def test_a_refresh_does_not_wait_for_the_account(
    pool: asyncpg.Pool, set_scene: Callable[[], Awaitable[Scene]]
) -> None:
    """It locks its sign-in alone, so it must never come to wait for who has the account and wants that."""
    scene = await set_scene()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT true FROM account WHERE id = $1 FOR UPDATE", PREMIUM.id)
        assert isinstance(await renew(scene), SignedIn)
        assert isinstance(await renew(scene), SignedIn)  # and not where it is used again, nor where that ends it
        await renew(scene)


async def test_all_that_can_befall_an_account_at_once_is_done_or_refused(
    set_scene: Callable[[], Awaitable[Scene]],
) -> None:
    *lasting, deletion = BEFALLS.values()
    for turn in range(10):
        scene = await set_scene()
        befalling = [*lasting, renew, *([deletion] if turn == 9 else [])]
        Random(turn).shuffle(befalling)
        outcomes = await asyncio.gather(*(befall(scene) for befall in befalling), return_exceptions=True)
        assert [failed for failed in outcomes if isinstance(failed, Exception) and not isinstance(failed, Error)] == []


class Slow(Instant):
    """While a password is checked, something else happens."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def verify(self, password_hash: str | None, password: str) -> bool:
        await self._meanwhile()
        return password_hash is not None and bool(password)


async def test_who_signs_in_while_another_profile_goes_is_signed_in(set_scene: Callable[[], Awaitable[Scene]]) -> None:
    """Told of it are the profiles that are left."""
    scene = await set_scene()
    signed_in = await sign_in(
        replace(scene.authority, passwords=Slow(lambda: BEFALLS["a profile taken away"](scene))),
        email=PREMIUM.email,
        password="whatever",
        device_id=None,
        device_class=DeviceClass.TV,
        profile_id=scene.first.claims.profile_id,
        pin=None,
        request_country="JP",
        now=scene.now,
    )
    assert isinstance(signed_in, SignedIn)
    told = await scene.pool.fetch("SELECT DISTINCT profile_id FROM notification")
    adults = await scene.pool.fetch("SELECT id FROM profile WHERE account_id = $1 AND NOT is_kids", PREMIUM.id)
    assert {row["profile_id"] for row in told} == {row["id"] for row in adults}
