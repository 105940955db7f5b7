"""Ids: opaque to clients, URL-safe, at most 64 characters, with a prefix that says what they name."""

import base64
import hashlib
import secrets
from enum import StrEnum


class IdKind(StrEnum):
    """The prefix of an id: `tit_3k5…`; `node` dispatches on it."""

    ACCOUNT = "acc"
    ASSET = "ast"
    DEVICE = "dev"
    EPISODE = "epi"
    FEEDBACK = "fbk"
    GENRE = "gen"
    HOME = "hom"
    INGEST_JOB = "ing"
    INVOICE = "inv"
    MAIL = "mai"
    MEMBERSHIP = "mem"
    NOTIFICATION = "ntf"
    PERSON = "per"
    PLAYBACK_SESSION = "ses"
    PROFILE = "pro"
    REFRESH_FAMILY = "fam"
    ROW = "row"
    SEASON = "sea"
    TITLE = "tit"
    TRAILER = "tra"
    UPLOAD = "upl"


def derive_id(kind: IdKind, natural_key: str) -> str:
    """The same key gives the same id in every installation, so that an import can run again."""
    digest = hashlib.blake2b(natural_key.encode(), digest_size=10, person=kind.value.encode()).digest()
    return f"{kind}_{_base32(digest)}"


def random_id(kind: IdKind) -> str:
    """An id that cannot be guessed: 120 random bits."""
    return f"{kind}_{_base32(secrets.token_bytes(15))}"


def kind_of(identifier: str) -> IdKind | None:
    """What an id claims to name; None for what is no id of ours."""
    prefix, _, rest = identifier.partition("_")
    if not rest or len(identifier) > 64 or not identifier.isascii() or not identifier.isprintable():
        return None
    try:
        return IdKind(prefix)
    except ValueError:
        return None


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
