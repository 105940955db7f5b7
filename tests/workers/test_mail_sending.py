"""Mail leaves by a real SMTP server or into a folder: what it says, what is tried again, and what is given up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import asyncpg
import pytest
from msgspec.structs import replace

from bff.domain.mail import MailKind
from bff.settings import Environment, Secret, Settings, SettingsError
from bff.stores.mail import queue_mail
from bff.stores.mail_links import SentLink, revoke_links, use_link
from tests.engines import Engines
from tests.workers.sign_ins import add_account
from tests.workers.smtp import Mailbox, read_part, read_token, serving_mail
from workers.mail import MailRoom, open_mail_room, send_due_mails

SIGN_IN = {"device": "<a TV>", "country": "India", "at": "21 November 2026"}


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with serving_mail() as mailbox:
        yield mailbox


@pytest.fixture
def room(database: Engines, mailbox: Mailbox) -> MailRoom:
    return open_room(database.settings, mailbox.url)


def open_room(settings: Settings, smtp_url: str) -> MailRoom:
    return open_mail_room(replace(settings, smtp_url=Secret(smtp_url), public_url="https://marquee.example.com/"))


async def queue(
    pool: asyncpg.Pool,
    kind: MailKind = MailKind.NEW_SIGN_IN,
    recipient: str = "ada@example.com",
    *,
    account_id: str | None = None,
    age: timedelta = timedelta(0),
) -> None:
    details = SIGN_IN if kind is MailKind.NEW_SIGN_IN else {}
    async with pool.acquire() as connection, connection.transaction():
        await queue_mail(
            connection, kind, recipient, now=datetime.now(UTC) - age, account_id=account_id, details=details
        )


async def make_due(pool: asyncpg.Pool) -> None:
    """As if the wait for the next try were over."""
    await pool.execute("UPDATE mail SET due_at = now() WHERE due_at IS NOT NULL")


async def use(pool: asyncpg.Pool, token: str, kind: MailKind, *, later: timedelta = timedelta(0)) -> SentLink | None:
    async with pool.acquire() as connection, connection.transaction():
        return await use_link(connection, kind, token, datetime.now(UTC) + later)


async def find_address(pool: asyncpg.Pool, account_id: str) -> str:
    return str(await pool.fetchval("SELECT email FROM account WHERE id = $1", account_id))


async def test_a_mail_goes_once_in_plain_text_and_html(pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox) -> None:
    await queue(pool)
    assert await send_due_mails(pool, room) == 1
    assert await send_due_mails(pool, room) == 0
    [mail] = mailbox.mails
    assert (mail["From"], mail["To"]) == ("Marquee <no-reply@localhost>", "ada@example.com")
    assert mail["Subject"] == "A new sign-in to your Marquee account"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "on <a TV> in India" in read_part(mail, "plain").replace("\n", " ")
    assert "on &lt;a TV&gt; in India" in read_part(mail, "html").replace("\n", " ")


async def test_workers_at_once_send_a_mail_once(pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox) -> None:
    for number in range(20):
        await queue(pool, recipient=f"{number}@example.com")
    assert sum(await asyncio.gather(*(send_due_mails(pool, room) for _ in range(3)))) == 20
    assert len({mail["To"] for mail in mailbox.mails}) == len(mailbox.mails) == 20


LINKS = {
    MailKind.VERIFY_EMAIL: ("/verify-email", timedelta(days=3)),
    MailKind.RESET_PASSWORD: ("/reset-password", timedelta(hours=1)),
}


@pytest.mark.parametrize("kind", LINKS)
async def test_a_link_is_good_once_until_it_dies(
    pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox, kind: MailKind
) -> None:
    path, age = LINKS[kind]
    account_id = await add_account(pool, datetime.now(UTC))
    await queue(pool, kind, await find_address(pool, account_id), account_id=account_id)
    await send_due_mails(pool, room)
    [mail] = mailbox.mails
    token = read_token(mail)
    assert f"https://marquee.example.com{path}#token={token}" in read_part(mail, "plain")
    assert token not in str([tuple(row) for row in await pool.fetch("SELECT * FROM mail")])
    [other] = LINKS.keys() - {kind}
    assert await use(pool, token, other) is None
    assert await use(pool, token[:-1], kind) is None
    assert await use(pool, "\ud800", kind) is None
    assert await use(pool, token, kind, later=age + timedelta(seconds=1)) is None
    uses = await asyncio.gather(*(use(pool, token, kind) for _ in range(5)))
    assert [link for link in uses if link] == [SentLink(account_id, mail["To"])]


async def test_a_reset_for_nobody_is_not_sent(pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox) -> None:
    await queue(pool, MailKind.RESET_PASSWORD, "nobody@example.com")
    assert await send_due_mails(pool, room) == 0
    assert mailbox.mails == []
    assert await pool.fetchval("SELECT count(*) FROM mail") == 0


async def test_revoked_links_lead_nowhere_sent_or_not(pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox) -> None:
    account_id = await add_account(pool, datetime.now(UTC))
    address = await find_address(pool, account_id)
    await queue(pool, MailKind.RESET_PASSWORD, address)
    await send_due_mails(pool, room)
    await queue(pool, MailKind.RESET_PASSWORD, address)
    async with pool.acquire() as connection, connection.transaction():
        await revoke_links(connection, MailKind.RESET_PASSWORD, account_id, datetime.now(UTC))
    assert await use(pool, read_token(mailbox.mails[0]), MailKind.RESET_PASSWORD) is None
    assert await send_due_mails(pool, room) == 0


async def test_what_the_server_cannot_take_now_is_tried_again_with_longer_waits(
    pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(pool)
    waits = []
    for refusal in ({"recipient": "450 busy"}, {"mail": "451 later"}, {"mail": "554 no"}):
        mailbox.refuse = refusal
        assert await send_due_mails(pool, room) == 0
        waits.append(await pool.fetchval("SELECT round(extract(epoch FROM due_at - now())) FROM mail"))
        await make_due(pool)
    assert waits == [5, 10, 20]
    mailbox.refuse = {}
    assert await send_due_mails(pool, room) == 1
    assert len(mailbox.mails) == 1
    assert "example.com" not in caplog.text


async def test_a_recipient_who_is_refused_for_good_is_given_up(
    pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox
) -> None:
    await queue(pool)
    mailbox.refuse = {"recipient": "550 no such user"}
    assert await send_due_mails(pool, room) == 0
    assert await pool.fetchval("SELECT count(*) FROM mail") == 0


async def test_a_server_that_is_down_keeps_mail_waiting(database: Engines, pool: asyncpg.Pool) -> None:
    async with serving_mail() as gone:
        room = open_room(database.settings, gone.url)
    await queue(pool)
    assert await send_due_mails(pool, room) == 0
    await make_due(pool)
    async with serving_mail(gone.port) as back:
        assert await send_due_mails(pool, room) == 1
    assert len(back.mails) == 1


async def test_what_comes_too_late_is_not_sent(pool: asyncpg.Pool, room: MailRoom, mailbox: Mailbox) -> None:
    account_id = await add_account(pool, datetime.now(UTC))
    await queue(pool, MailKind.RESET_PASSWORD, await find_address(pool, account_id), age=timedelta(minutes=61))
    await queue(pool, age=timedelta(days=3, minutes=1))
    await queue(pool, recipient="kit@example.com", age=timedelta(days=2))
    assert await send_due_mails(pool, room) == 1
    assert [mail["To"] for mail in mailbox.mails] == ["kit@example.com"]
    assert await pool.fetchval("SELECT count(*) FROM mail") == 1


async def test_without_a_server_development_writes_files(database: Engines, pool: asyncpg.Pool) -> None:
    account_id = await add_account(pool, datetime.now(UTC))
    await queue(pool, MailKind.VERIFY_EMAIL, "ada@example.com", account_id=account_id)
    room = open_mail_room(database.settings)
    assert await send_due_mails(pool, room) == 1
    await pool.execute("UPDATE mail SET due_at = now()")
    assert await send_due_mails(pool, room) == 1
    [file] = (database.data_dir / "mail").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Confirm your e-mail address")
    assert await use(pool, read_token(mail), MailKind.VERIFY_EMAIL)


async def test_without_a_server_production_keeps_mail_and_says_so(
    database: Engines, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(pool)
    room = open_mail_room(replace(database.settings, env=Environment.PRODUCTION))
    assert "BFF_SMTP_URL is not set" in caplog.text
    assert await send_due_mails(pool, room) == 0
    assert await pool.fetchval("SELECT count(*) FROM mail WHERE due_at IS NOT NULL AND tries = 0") == 1


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"smtp_url": Secret("http://x")}, "BFF_SMTP_URL"),
        ({"smtp_url": Secret("smtp://user:secret@host:port")}, "BFF_SMTP_URL"),
        ({"mail_from": "nobody"}, "BFF_MAIL_FROM"),
        ({"env": Environment.PRODUCTION, "smtp_url": Secret("smtp://host")}, "BFF_PUBLIC_URL"),
    ],
)
def test_settings_that_cannot_be_are_named(database: Engines, changes: dict[str, object], names: str) -> None:
    with pytest.raises(SettingsError, match=names) as raised:
        open_mail_room(replace(database.settings, **changes))
    assert "secret" not in str(raised.value)


def test_nothing_shows_its_secrets(room: MailRoom, database: Engines) -> None:
    guarded = open_room(database.settings, "smtp://user:secret@127.0.0.1:2525")
    assert "secret" not in repr(guarded)
    assert repr(room.link_key) not in repr(room)
