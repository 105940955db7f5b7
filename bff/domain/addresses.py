"""E-mail addresses, checked and spelt in one way; and what a network address says about who is behind it."""

import unicodedata
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from email_validator import EmailNotValidError, validate_email

MAX_EMAIL_LENGTH = 254
"""What SMTP carries (RFC 5321, 4.5.3.1.3)."""


def read_email_address(text: str) -> str:
    """The one spelling of an address, so that it names one account: lower case, its domain as DNS has it.

    No server is asked whether it exists. Raises ValueError, with what is wrong, for what is no address that mail can
    be sent to.
    """
    text = text.strip()
    if len(text) > MAX_EMAIL_LENGTH:
        raise ValueError(f"An e-mail address has at most {MAX_EMAIL_LENGTH} characters.")
    try:
        checked = validate_email(
            text, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return (checked.ascii_email or checked.normalized).lower()


def normalise_email(text: str) -> str:
    """The same spelling for an address; what is none is nobody's, and only made comparable."""
    printable = text if text.isprintable() else "".join(filter(str.isprintable, text))
    if printable.isascii():  # then the two are one, and nobody need ask what is an address
        return printable.strip().lower()
    try:
        return read_email_address(printable)
    except ValueError:
        return unicodedata.normalize("NFC", printable.strip().lower())


@lru_cache(maxsize=4096)
def name_network(address: str) -> str:
    """What one household has: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed if not isinstance(parsed, IPv6Address) else parsed.ipv4_mapped)
