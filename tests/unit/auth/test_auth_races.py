"""What holders and operators do to one account at the same time, as several processes do: each is done or refused,
nobody waits for each other in a ring."""

import asyncio
from datetime import datetime
from itertools import count

import asyncpg
import pytest
from msgspec.structs import replace

from bff.auth.account_changes import change_account, change_password, delete_account, reset_password, verify_email
from bff.auth.account_status import set_account_status
from bff.auth.authority import Authority
from bff.auth.demo import DEMO_ACCOUNTS, open_demo_session
from bff.auth.passwords import Passwords
from bff.auth.refresh_tokens import refresh
from bff.auth.results import SignedIn
from bff.domain.accounts import AccountStatus
from bff.domain.devices import DeviceClass
from bff.domain.mail import MailKind
from bff.errors import Error
from bff.stores.accounts import Credentials, find_credentials
from bff.stores.mail import queue_mail, take_due_mails
from bff.stores.mail_links import set_link

PREMIUM, OPERATOR = DEMO_ACCOUNTS[2], DEMO_ACCOUNTS[4]
NEW_ADDRESS = "new@example.com"


class Instant(Passwords):
    """One process hashes one password after the other, which would keep its sign-ins from meeting."""

    def __init__(self) -> None:
        self._numbers = count()

    async def hash(self, password: str) -> str:
        return f"{password} {next(self._numbers)}"


@pytest.fixture
def authority(authority: Authority) -> Authority:
    return replace(authority, passwords=Instant())


async def enter(authority: Authority, now: datetime) -> SignedIn:
    session = await open_demo_session(authority, PREMIUM.email, now)
    assert session is not None
    return session


async def mail_link(pool: asyncpg.Pool, kind: MailKind, recipient: str, token: str, now: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await queue_mail(connection, kind, recipient, now=now, account_id=PREMIUM.id)
    [mail] = await take_due_mails(pool, now, most=1)
    await set_link(pool, mail.id, token, account_id=PREMIUM.id, expires_at=now.replace(hour=23))


async def read_own(pool: asyncpg.Pool) -> Credentials:
    credentials = await find_credentials(pool, PREMIUM.email)
    assert credentials is not None
    return credentials


async def change(authority: Authority, session: SignedIn, credentials: Credentials, now: datetime) -> object:
    """By somebody whose password was found to be right."""
    return await change_password(
        authority,
        claims=session.claims,
        credentials=credentials,
        password="another",
        device_class=DeviceClass.WEB,
        request_country=None,
        client="",
        now=now,
    )


async def test_of_new_passwords_at_once_one_counts(authority: Authority, pool: asyncpg.Pool, noon: datetime) -> None:
    for _ in range(5):
        credentials, sessions = await read_own(pool), [await enter(authority, noon) for _ in range(4)]
        outcomes = await asyncio.gather(*(change(authority, session, credentials, noon) for session in sessions))
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == ["InvalidCredentials"] * 3 + ["SignedIn"]
        assert await pool.fetchval("SELECT count(*) FROM session_family WHERE revoked_at IS NULL") == 1


async def test_all_that_can_befall_an_account_at_once_is_done_or_refused(
    authority: Authority, pool: asyncpg.Pool, noon: datetime
) -> None:
    for turn in range(5):
        first, second, third = [await enter(authority, noon) for _ in range(3)]
        await mail_link(pool, MailKind.RESET_PASSWORD, PREMIUM.email, f"reset {turn}", noon)
        await mail_link(pool, MailKind.VERIFY_EMAIL, f"{turn}{NEW_ADDRESS}", f"verify {turn}", noon)
        credentials = await read_own(pool)
        outcomes = await asyncio.gather(
            change(authority, first, credentials, noon),
            change(authority, second, credentials, noon),
            reset_password(
                authority,
                token=f"reset {turn}",
                password="yet another",
                takes_pins_away=True,
                device_class=DeviceClass.WEB,
                request_country=None,
                client="",
                now=noon,
            ),
            verify_email(authority, f"verify {turn}", noon),
            change_account(authority, credentials, email=PREMIUM.email, country="DE", now=noon),
            set_account_status(
                authority,
                account_id=PREMIUM.id,
                email=None,
                status=AccountStatus.SUSPENDED,
                operator_id=OPERATOR.id,
                now=noon,
            ),
            refresh(authority, refresh_token=third.refresh_token, request_country=None, now=noon),
            delete_account(authority, credentials, noon) if turn == 4 else asyncio.sleep(0),
            return_exceptions=True,
        )
        assert [failed for failed in outcomes if isinstance(failed, Exception) and not isinstance(failed, Error)] == []
        await pool.execute("UPDATE account SET status = 'ACTIVE', email = $2 WHERE id = $1", PREMIUM.id, PREMIUM.email)
        await pool.execute("DELETE FROM mail")
