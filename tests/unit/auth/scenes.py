"""An account in the middle of its life, and all that its holders and operators can do to it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from bff.artwork.portraits import AVATARS
from bff.auth.account_changes import change_account, change_password, delete_account, reset_password, verify_email
from bff.auth.account_status import set_account_status
from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, open_demo_session
from bff.auth.passwords import Passwords
from bff.auth.refresh_tokens import refresh
from bff.auth.results import SignedIn
from bff.auth.sessions import sign_in, switch_profile
from bff.domain.accounts import AccountStatus, Device
from bff.domain.devices import DeviceClass, default_capabilities
from bff.domain.mail import MailKind
from bff.domain.titles import MaturityRating
from bff.stores.accounts import Credentials, find_credentials
from bff.stores.devices import register_device, remove_device
from bff.stores.mail import QueuedMail, queue_mail, take_due_mails
from bff.stores.mail_links import set_link
from bff.stores.new_accounts import NewProfile
from bff.stores.profiles import add_profile, remove_profile, set_pin, update_profile

PREMIUM, OPERATOR = DEMO_ACCOUNTS[2], DEMO_ACCOUNTS[4]
NEW_ADDRESS = "new@example.com"


class Instant(Passwords):
    """One process hashes one password after the other, which would keep its sign-ins from meeting."""

    def __init__(self) -> None:
        self._numbers = count()

    async def hash(self, password: str) -> str:
        return f"{password} {next(self._numbers)}"

    async def verify(self, stored: str | None, password: str) -> bool:
        return stored is not None and bool(password)


class Scene(Struct, frozen=True):
    """An account that somebody is signed in to on two devices, with a second profile and two links on their way."""

    authority: Authority
    first: SignedIn
    second: SignedIn
    confirmed: Credentials
    profile_id: str
    reset: str
    verify: str
    waiting: QueuedMail
    now: datetime

    @property
    def pool(self) -> asyncpg.Pool:
        return self.authority.pool


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
        confirmed=scene.confirmed,
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
        scene.authority, scene.confirmed, email=f"{scene.reset}@example.com", country=None, now=scene.now
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


async def raise_ceiling(scene: Scene) -> None:
    write = update_profile(scene.profile_id, {"maturity_ceiling": 18}, None, confirmed=scene.confirmed)
    async with scene.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE profile SET maturity_ceiling = 7 WHERE id = $1", scene.profile_id)
        await write(connection)


async def switch(scene: Scene) -> object:
    return await switch_profile(
        scene.authority,
        claims=scene.second.claims,
        profile_id=scene.profile_id,
        pin=None,
        request_country=None,
        now=scene.now,
    )


async def register(scene: Scene) -> Device:
    return await register_device(
        scene.pool,
        account_id=PREMIUM.id,
        family_id=scene.first.claims.family_id,
        profile_id=scene.profile_id,
        device_id=None,
        device_class=DeviceClass.TV,
        name=None,
        capabilities=default_capabilities(DeviceClass.TV),
        now=scene.now,
    )


async def renew(scene: Scene) -> object:
    return await refresh(scene.authority, refresh_token=scene.second.refresh_token, request_country=None, now=scene.now)


async def add(scene: Scene) -> object:
    profile = NewProfile(
        id=f"{scene.profile_id}-above",
        name="Above",
        avatar=AVATARS[0],
        is_kids=False,
        language="en",
        maturity_ceiling=MaturityRating.AGE_18,
    )
    return await add_profile(scene.pool, PREMIUM.id, profile, confirmed=scene.confirmed)


CONFIRMED: dict[str, Callable[[Scene], Awaitable[object]]] = {
    "a new password": lambda scene: change(scene, scene.first),
    "an address asked for": move,
    "a PIN": lambda scene: set_pin(
        scene.pool, scene.confirmed, scene.profile_id, "a hash", family_id=scene.first.claims.family_id, now=scene.now
    ),
    "a profile taken away": lambda scene: remove_profile(
        scene.pool, scene.confirmed, scene.profile_id, scene.first.claims.family_id, scene.now
    ),
    "a profile above one's own": add,
    "a deletion": lambda scene: delete_account(scene.authority, scene.confirmed, scene.now),
}
"""What is done by somebody whose password was found to be right."""

BEFALLS: dict[str, Callable[[Scene], Awaitable[object]]] = {
    **CONFIRMED,
    "a new password elsewhere": lambda scene: change(scene, scene.second),
    "a reset": reset,
    "an address verified": lambda scene: verify_email(scene.authority, scene.verify, scene.now),
    "a suspension": suspend,
    "another profile": switch,
    "a device registered": register,
    "a device taken away": lambda scene: remove_device(
        scene.pool, PREMIUM.id, scene.second.claims.device_id, scene.now
    ),
    "a link sent": lambda scene: set_link(
        scene.pool, scene.waiting.id, f"sent {scene.reset}", account_id=PREMIUM.id, expires_at=scene.now
    ),
    "a sign-in": lambda scene: open_demo_session(scene.authority, PREMIUM.email, scene.now),
}


async def lay_scene(authority: Authority, pool: asyncpg.Pool, noon: datetime, turn: int) -> Scene:
    """The account is active again, whatever befell it in the turn before."""
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


class Slow(Instant):
    """While a password is checked, something else happens."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def verify(self, stored: str | None, password: str) -> bool:
        await self._meanwhile()
        return await super().verify(stored, password)


async def sign_in_slowly(scene: Scene, profile_id: str, passwords: Passwords, country: str | None) -> object:
    return await sign_in(
        replace(scene.authority, passwords=passwords),
        email=PREMIUM.email,
        password="whatever",
        device_id=None,
        device_class=DeviceClass.TV,
        profile_id=profile_id,
        pin=None,
        request_country=country,
        now=scene.now,
    )
