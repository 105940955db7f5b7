"""Sends the mail that is queued: each at least once. A worker that dies after the server took a mail and before that
was written down leaves it to be sent again, with the same Message-ID and the same link."""

import asyncio
import base64
import hmac
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from msgspec import Struct

from bff.auth.keys import derive_key
from bff.domain.mail import TEMPLATES, Link, write_letter
from bff.settings import Settings, SettingsError
from bff.stores.mail import QueuedMail, close_mail, drop_mail, put_off_mail, remove_old_mails, take_due_mails
from bff.stores.mail_links import find_account_of_address, set_link
from bff.stores.post import Envelope, Post, PostAway, PostRefused, open_post

log = logging.getLogger(__name__)

EVERY = 2
"""Seconds between two looks at the queue."""
AT_ONCE = 8
JOB_DEADLINE = 60
"""Seconds that one job goes on taking mails and sending them; shorter than a mail is lent for."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)


class MailRoom(Struct, frozen=True):
    """What sending takes: where mail leaves, and what links are made of. `post` None keeps all mail waiting.

    `busy` is held by the one job of this process that sends: a server that is slow must not take the other jobs' turns.
    """

    post: Post | None
    link_key: bytes
    link_url: str
    busy: asyncio.Lock

    def __repr__(self) -> str:
        return f"MailRoom({self.post!r}, {self.link_url!r})"


def open_mail_room(settings: Settings) -> MailRoom:
    """Raises SettingsError where mail would go out with links that lead nowhere."""
    post = open_post(settings)
    link_url = (settings.link_url or settings.public_url).rstrip("/")
    if post is None:
        log.warning("BFF_SMTP_URL is not set: mail waits, and what waits for too long is dropped.")
    elif not link_url and not settings.is_development:
        raise SettingsError("BFF_PUBLIC_URL is not set: links in mail begin with it, like https://marquee.example.com.")
    return MailRoom(
        post=post,
        link_key=derive_key(settings.key_encryption_key, "mail links"),
        link_url=link_url or "http://127.0.0.1:8000",
        busy=asyncio.Lock(),
    )


async def send_mails(ctx: dict[Any, Any]) -> int:
    """Every few seconds; may run twice, and at once. Answers how many mails went."""
    room = ctx["mail_room"]
    if room.busy.locked():
        return 0
    async with room.busy:
        return await send_due_mails(ctx["pool"], room)


async def remove_mails(ctx: dict[Any, Any]) -> int:
    """Hourly; may run twice. Answers how many went."""
    return await remove_old_mails(ctx["pool"], datetime.now(UTC))


async def send_due_mails(pool: asyncpg.Pool, room: MailRoom) -> int:
    """Until none is due, or so much time has passed that the next job goes on with the rest."""
    if room.post is None:
        return 0
    sent = 0
    loop = asyncio.get_running_loop()
    ends = loop.time() + JOB_DEADLINE
    while loop.time() < ends and (mails := await take_due_mails(pool, datetime.now(UTC), most=AT_ONCE)):
        sent += sum(await asyncio.gather(*(_send(pool, room.post, room, mail) for mail in mails)))
    return sent


async def _send(pool: asyncpg.Pool, post: Post, room: MailRoom, mail: QueuedMail) -> bool:
    now = datetime.now(UTC)
    template = TEMPLATES[mail.kind]
    if now > mail.slot_at + template.good_for:
        log.warning("Mail %s of kind %s could not be sent in time and is dropped", mail.id, mail.kind)
        await drop_mail(pool, mail.id)
        return False
    url = None
    if template.link is not None:
        url = await _make_link(pool, room, mail, template.link, now)
        if url is None:
            await drop_mail(pool, mail.id)
            return False
    letter = write_letter(mail.kind, mail.recipient, mail.details, url=url)
    try:
        await post.send(Envelope(mail.id, mail.recipient, mail.queued_at, letter))
    except PostAway as error:
        wait = min(FIRST_WAIT * 2 ** min(mail.tries - 1, 20), LONGEST_WAIT)
        log.warning("Mail %s could not be sent (%s); the next try is in %s", mail.id, error, wait)
        await put_off_mail(pool, mail.id, now + wait)
        return False
    except PostRefused as error:
        log.warning("Mail %s is dropped: %s", mail.id, error)
        await drop_mail(pool, mail.id)
        return False
    await close_mail(pool, mail.id)
    return True


async def _make_link(pool: asyncpg.Pool, room: MailRoom, mail: QueuedMail, link: Link, now: datetime) -> str | None:
    """Where the link leads; None where the address has no account, whoever asked for the mail, or the mail was called
    off.

    The token is made of the mail's id and a key that no database holds: it is written down nowhere, and the same at
    every try.
    """
    account_id = mail.account_id or await find_account_of_address(pool, mail.recipient)
    if account_id is None:
        return None
    token = base64.urlsafe_b64encode(hmac.digest(room.link_key, mail.id.encode(), "sha256")).rstrip(b"=").decode()
    if not await set_link(pool, mail.id, token, account_id=account_id, expires_at=now + link.age):
        return None
    return f"{room.link_url}{link.path}#token={token}"
