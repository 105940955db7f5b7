"""Where mail leaves the house: an SMTP server, or a folder of `.eml` files on a machine that has none."""

import asyncio
import ipaddress
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from msgspec import Struct

from bff.domain.mail import Letter
from bff.settings import Settings, SettingsError

ANSWER_DEADLINE = 10.0
"""Seconds that an SMTP server has for each of its answers."""
DEADLINE = 25.0
"""Seconds for the whole mail."""


class PostAway(Exception):
    """The mail did not go, and may the next time; the message names neither recipient nor content."""


class PostRefused(Exception):
    """The server will never take a mail for this recipient."""


class Envelope(Struct, frozen=True):
    """`id` makes the Message-ID: who gets the same mail twice can tell."""

    id: str
    recipient: str
    queued_at: datetime
    letter: Letter


class Post(Protocol):
    async def send(self, envelope: Envelope) -> None:
        """Raises PostAway, PostRefused."""
        ...


def open_post(settings: Settings) -> Post | None:
    """The server of BFF_SMTP_URL; else, in development, the folder `mail` under the data directory; else None.

    Raises SettingsError where BFF_SMTP_URL or BFF_MAIL_FROM cannot be read.
    """
    sender = _read_sender(settings.mail_from)
    if settings.smtp_url:
        return SmtpPost(sender, **_read_server(settings.smtp_url))
    if settings.is_development:
        return FolderPost(sender, settings.data_dir.resolve() / "mail")
    return None


class SmtpPost:
    """One connection a mail; `options` are those of `aiosmtplib.SMTP`."""

    def __init__(self, sender: Address, **options: Any) -> None:
        self._sender = sender
        self._options = options

    def __repr__(self) -> str:
        return f"SmtpPost({self._options['hostname']}:{self._options['port']})"

    async def send(self, envelope: Envelope) -> None:
        message = _compose(self._sender, envelope)
        try:
            async with asyncio.timeout(DEADLINE), aiosmtplib.SMTP(timeout=ANSWER_DEADLINE, **self._options) as server:
                await server.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            if min(codes) >= 500:
                raise PostRefused(f"the server refuses the recipient ({min(codes)})") from None
            raise PostAway(f"the server does not take the recipient now ({min(codes)})") from None
        except aiosmtplib.SMTPResponseException as error:
            raise PostAway(f"{type(error).__name__} {error.code}") from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, TimeoutError) as error:
            raise PostAway(type(error).__name__) from None


class FolderPost:
    """A file a mail, readable by its owner alone; the same mail sent again is the same file."""

    def __init__(self, sender: Address, folder: Path) -> None:
        self._sender = sender
        self.folder = folder

    def __repr__(self) -> str:
        return f"FolderPost({str(self.folder)!r})"

    async def send(self, envelope: Envelope) -> None:
        content = _compose(self._sender, envelope).as_bytes()
        name = f"{envelope.queued_at:%Y%m%dT%H%M%S.%f}-{envelope.id}.eml"
        try:
            await asyncio.to_thread(self._write, name, content)
        except OSError as error:
            raise PostAway(f"{self.folder} cannot be written: {error.strerror}") from error

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f".{name}.part"
        part.touch(mode=0o600)
        part.write_bytes(content)
        part.replace(self.folder / name)


def _compose(sender: Address, envelope: Envelope) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(addr_spec=envelope.recipient)
    message["Subject"] = envelope.letter.subject
    message["Date"] = format_datetime(envelope.queued_at)
    message["Message-ID"] = f"<{envelope.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(envelope.letter.text)
    message.add_alternative(envelope.letter.html, subtype="html")
    return message


def _read_sender(mail_from: str) -> Address:
    name, address = parseaddr(mail_from)
    try:
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError) as error:
        raise SettingsError("BFF_MAIL_FROM takes an address like `Marquee <no-reply@example.com>`.") from error


def _read_server(smtp_url: str) -> dict[str, Any]:
    """A password goes over TLS, but for a server on this machine."""
    takes = SettingsError("BFF_SMTP_URL takes smtp://user:password@host:587, or smtps://… where TLS comes first.")
    try:
        parts = urlsplit(smtp_url)
        port = parts.port
    except ValueError:
        raise takes from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise takes
    use_tls = parts.scheme == "smtps"
    has_password = parts.username is not None
    return {
        "hostname": parts.hostname,
        "port": port or (465 if use_tls else 587 if has_password else 25),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": use_tls,
        "start_tls": True if has_password and not use_tls and not _is_local(parts.hostname) else None,
    }


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
