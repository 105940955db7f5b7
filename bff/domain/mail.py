"""Mail to viewers: every text in one place, and how long what they lead to is good for. Sends nothing."""

import html
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

MOST_AN_HOUR = 3
"""Mails an hour to one address."""
MOST_NOTICES_AN_HOUR = 2
"""Of these, what nobody asked for: so that who asks for a link gets one."""


class MailKind(StrEnum):
    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a name
    EMAIL_CHANGE_ASKED = "EMAIL_CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a name
    NEW_SIGN_IN = "NEW_SIGN_IN"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"


class Link(Struct, frozen=True):
    """`path` is the page that takes the token behind `#`, which browsers tell to no server; dies after `age`."""

    path: str
    label: str
    age: timedelta


class Template(Struct, frozen=True):
    """`{names}` in subject and paragraphs are the details that a mail of this kind is queued with.

    A mail that could not be sent for `good_for` is not sent any more.
    """

    subject: str
    paragraphs: tuple[str, ...]
    link: Link | None = None
    good_for: timedelta = timedelta(days=3)

    @property
    def is_notice(self) -> bool:
        """Whether it tells what happened, and nobody waits for it."""
        return self.link is None


TEMPLATES: Mapping[MailKind, Template] = {
    MailKind.VERIFY_EMAIL: Template(
        subject="Confirm your e-mail address",
        paragraphs=(
            "Please confirm that {address} is the e-mail address of your Marquee account.",
            "The link is good for three days, and once. If this is not your account, leave this mail alone.",
        ),
        link=Link("/verify-email", "Confirm the address", timedelta(days=3)),
    ),
    MailKind.RESET_PASSWORD: Template(
        subject="Choose a new password",
        paragraphs=(
            "Somebody, hopefully you, asked for a new password of the Marquee account of {address}.",
            "The link is good for an hour, and once. If it was not you, leave this mail alone: nothing has changed.",
        ),
        link=Link("/reset-password", "Choose a new password", timedelta(hours=1)),
        good_for=timedelta(hours=1),
    ),
    MailKind.EMAIL_CHANGE_ASKED: Template(
        subject="A new e-mail address for your Marquee account",
        paragraphs=(
            "Somebody, hopefully you, wants to give your Marquee account another e-mail address. Until that is "
            "confirmed {address} opens it as before.",
            "If it was not you, change your password: that calls it off, and ends all other sign-ins.",
        ),
    ),
    MailKind.EMAIL_CHANGED: Template(
        subject="Your Marquee account has a new e-mail address",
        paragraphs=(
            "Your Marquee account now has another e-mail address, and {address} opens it no more.",
            "If it was not you who changed it, write to us at once.",
        ),
    ),
    MailKind.PASSWORD_CHANGED: Template(
        subject="The password of your Marquee account was changed",
        paragraphs=(
            "The password of your Marquee account was changed on {device} in {country}, on {at}. All other sign-ins "
            "have ended.",
            "If it was not you, ask for a new password where you sign in, and choose one that nobody else knows.",
        ),
    ),
    MailKind.NEW_SIGN_IN: Template(
        subject="A new sign-in to your Marquee account",
        paragraphs=(
            "Somebody signed in to your Marquee account on {device} in {country}, on {at}.",
            "If it was not you, change your password: that ends all other sign-ins.",
        ),
    ),
    MailKind.PAYMENT_DECLINED: Template(
        subject="Your payment was declined",
        paragraphs=(
            "Your payment of {amount} for Marquee was declined.",
            "{next_step}",
        ),
    ),
}


class Letter(Struct, frozen=True):
    """What a mail says, for readers with and without HTML; has a token in it where the kind has a link."""

    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return f"Letter({self.subject!r}, …)"


def write_letter(kind: MailKind, address: str, details: Mapping[str, str], *, url: str | None) -> Letter:
    """`url` is where the link leads, token and all; a kind without a link has no use for it.

    Raises KeyError for a detail that is missing, ValueError for a link without `url`.
    """
    template = TEMPLATES[kind]
    if template.link is not None and url is None:
        raise ValueError(f"a mail of kind {kind} has a link, and needs to know where it leads")
    named = {**details, "address": address}
    paragraphs = [paragraph.format_map(named) for paragraph in template.paragraphs]
    subject = " ".join(template.subject.format_map(named).split())
    if template.link is None:
        url = None
    return Letter(subject, _write_text(paragraphs, url), _write_html(subject, paragraphs, template.link, url))


def _write_text(paragraphs: list[str], url: str | None) -> str:
    parts = [paragraphs[0], *([url] if url else []), *paragraphs[1:], "Marquee"]
    return "\n\n".join(parts) + "\n"


def _write_html(subject: str, paragraphs: list[str], link: Link | None, url: str | None) -> str:
    first, *rest = (f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    button = (
        f'<p><a href="{html.escape(url)}" style="display:inline-block;padding:12px 20px;border-radius:6px;'
        f'background:#b00020;color:#ffffff;text-decoration:none">{html.escape(link.label)}</a></p>'
        if link is not None and url is not None
        else ""
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{html.escape(subject)}</title></head>\n'
        '<body style="font-family:system-ui,sans-serif;line-height:1.5;color:#1a1a1a;max-width:36em">\n'
        + "\n".join((first, *([button] if button else []), *rest, "<p>Marquee</p>"))
        + "\n</body>\n</html>\n"
    )
