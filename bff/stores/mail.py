"""The queue of mail: written with the change that a mail tells of, taken by the worker that sends it.

A mail that is taken is put off at once, for longer than a try takes: so two workers never send it at the same time,
and that of a worker which died is sent by the next. Tokens are known by their SHA-256 only.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.ids import IdKind, random_id
from bff.domain.mail import MOST_AN_HOUR, MOST_NOTICES_AN_HOUR, TEMPLATES, MailKind, write_letter

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_LONGEST_WAIT = timedelta(days=1)
_LONGEST_QUEUED = max(template.good_for for template in TEMPLATES.values()) + timedelta(days=1)
_RECIPIENT_LOCK = 0x6D61_696C  # any number that nothing else locks: "mail" in ASCII
LEASE = timedelta(minutes=2)
"""How long whoever took a mail has for it; then it is taken again."""

_TAKE = """
UPDATE mail SET due_at = $1 + $2::interval, tries = tries + 1
WHERE id IN (
  SELECT id FROM mail WHERE due_at <= $1 AND kind = ANY($4) ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, recipient, account_id, details::text AS details, queued_at, slot_at, tries
"""

_DIGEST = "encode(sha256(convert_to('recipient ' || {address}, 'UTF8')), 'hex')"
"""What stands for the address of an account that is gone."""
_SLOTS = f"""
SELECT kind, slot_at FROM mail WHERE recipient IN ($1::text, {_DIGEST.format(address="$1::text")}) AND slot_at > $2
ORDER BY slot_at DESC
"""  # noqa: S608 - constants only
_FORGET = f"""
UPDATE mail SET recipient = {_DIGEST.format(address="recipient")}, account_id = NULL, details = '{{}}', due_at = NULL,
  link_hash = NULL, link_expires_at = NULL, link_used_at = NULL
WHERE account_id = $1 OR recipient = (SELECT email FROM account WHERE id = $1)
"""  # noqa: S608 - constants only

_KINDS = [kind.value for kind in MailKind]
"""What this version can write; other rows wait for a worker that knows them."""
_NOTICES = frozenset(kind.value for kind in MailKind if TEMPLATES[kind].is_notice)

_decode_details = msgspec.json.Decoder(dict[str, str]).decode


class QueuedMail(Struct, frozen=True, kw_only=True):
    """`tries` counts the one it was taken for."""

    id: str
    kind: MailKind
    recipient: str
    account_id: str | None
    details: Mapping[str, str]
    queued_at: datetime
    slot_at: datetime
    tries: int


async def queue_mail(
    connection: PoolConnectionProxy,
    kind: MailKind,
    recipient: str,
    *,
    now: datetime,
    account_id: str | None,
    details: Mapping[str, str] | None = None,
) -> bool:
    """Have a mail sent once the transaction of `connection` has committed.

    `recipient` is a normalised address, `details` are what the kind's template names. An address gets so many mails an
    hour; what is more waits for its turn, and is dropped, with False, where that would be more than a day off. Raises
    KeyError for a detail that is missing.
    """
    details = dict(details or {})
    write_letter(kind, recipient, details, url="")
    wait = await find_mail_wait(connection, kind, recipient, now)
    if wait > _LONGEST_WAIT:
        log.warning("A mail of kind %s was dropped: its recipient gets too many", kind)
        return False
    await connection.execute(
        """INSERT INTO mail (id, kind, recipient, account_id, details, queued_at, slot_at, due_at)
        VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $7)""",
        random_id(IdKind.MAIL),
        kind.value,
        recipient,
        account_id,
        msgspec.json.encode(details).decode(),
        now,
        now + wait,
    )
    return True


async def find_mail_wait(connection: PoolConnectionProxy, kind: MailKind, recipient: str, now: datetime) -> timedelta:
    """How long a mail of the kind would have to wait for its turn; holds until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _RECIPIENT_LOCK, recipient)
    rows = await connection.fetch(_SLOTS, recipient, now - _HOUR)
    limits = [([row["slot_at"] for row in rows], MOST_AN_HOUR)]
    if TEMPLATES[kind].is_notice:
        notices = [row["slot_at"] for row in rows if row["kind"] in _NOTICES]
        limits.append((notices, MOST_NOTICES_AN_HOUR))
    return max(slots[most - 1] + _HOUR - now if len(slots) >= most else timedelta(0) for slots, most in limits)


async def take_due_mails(pool: asyncpg.Pool, now: datetime, *, most: int) -> list[QueuedMail]:
    """Mails whose time has come, for whoever calls to send within `LEASE`."""
    rows = await pool.fetch(_TAKE, now, LEASE, most, _KINDS)
    return [
        QueuedMail(**{**row, "kind": MailKind(row["kind"]), "details": _decode_details(row["details"])}) for row in rows
    ]


async def put_off_mail(pool: asyncpg.Pool, mail_id: str, until: datetime) -> None:
    """It could not be sent, and is tried again."""
    await pool.execute("UPDATE mail SET due_at = $2 WHERE id = $1 AND due_at IS NOT NULL", mail_id, until)


async def close_mail(pool: asyncpg.Pool, mail_id: str) -> None:
    """It was sent; the row stays for a while, because it counts, and for its link."""
    await pool.execute("UPDATE mail SET due_at = NULL WHERE id = $1", mail_id)


async def drop_mail(pool: asyncpg.Pool, mail_id: str) -> None:
    """It is not to be sent any more, and its link leads nowhere."""
    await pool.execute("DELETE FROM mail WHERE id = $1", mail_id)


async def forget_mails(connection: PoolConnectionProxy, account_id: str, now: datetime) -> None:
    """Of an account that goes: what waits is not sent, and links lead nowhere.

    What was sent in the last hour counts on, by a digest of its address: otherwise somebody could have an address
    mailed to without end, by an account that comes and goes.
    """
    await connection.execute(
        """DELETE FROM mail WHERE (account_id = $1 OR recipient = (SELECT email FROM account WHERE id = $1))
        AND (tries = 0 OR slot_at <= $2)""",
        account_id,
        now - _HOUR,
    )
    await connection.execute(_FORGET, account_id)


async def remove_old_mails(pool: asyncpg.Pool, now: datetime) -> int:
    """Remove what was sent, counts no more and has no link that lives, and what nobody has sent in all its time.

    Answers how many.
    """
    status: str = await pool.execute(
        """DELETE FROM mail WHERE id IN (
            SELECT id FROM mail WHERE CASE WHEN due_at IS NULL
                THEN slot_at < $1 AND (link_expires_at IS NULL OR link_expires_at < $2)
                ELSE slot_at < $3 END
            FOR UPDATE SKIP LOCKED)""",
        now - _HOUR,
        now,
        now - _LONGEST_QUEUED,
        timeout=60,
    )
    return int(status.removeprefix("DELETE "))
