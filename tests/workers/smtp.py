"""A real SMTP server on loopback that keeps what it takes, or refuses what a test says."""

import re
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

LINK = re.compile(r"https?://\S+#token=(\S+)")


@dataclass
class Mailbox:
    """`refuse` says what the server answers to a recipient or to a mail, by its name; `on_taken` is called with each
    mail before the server says that it has it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    on_taken: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: object) -> str:  # noqa: N802
        if refusal := self.refuse.get("recipient"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if refusal := self.refuse.get("mail"):
            return refusal
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        if self.on_taken is not None:
            self.on_taken()
        return "250 OK"


@asynccontextmanager
async def serving_mail(port: int = 0) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    server = await get_running_loop().create_server(lambda: SMTP(mailbox, hostname="localhost"), "127.0.0.1", port)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()


def read_part(mail: EmailMessage, subtype: str) -> str:
    """The text of the mail for readers without HTML (`plain`), or with it."""
    part = mail.get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content


def read_token(mail: EmailMessage) -> str:
    """The token of the one link in a mail."""
    [token] = set(LINK.findall(read_part(mail, "plain")))
    assert token in read_part(mail, "html")
    return str(token)
