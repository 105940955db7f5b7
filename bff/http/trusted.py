"""Documents that are known by their hash: those that were published with a client, and those that a client sent before.

The one are trusted and looked up once a process; the other (automatic persisted queries) are kept while there is room.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import DocumentNode

from bff.errors import BadUserInput, Unavailable
from bff.http.documents import Documents
from bff.http.errors import UntrustedDocument

FindText = Callable[[str], Awaitable[str | None]]
"""The published text of a hash (hexadecimal), None where there is none; raises whatever its engine raises."""

PERSISTED_BYTES = 8 * 1024 * 1024
"""What the texts that clients sent before may take, in characters."""
_UNKNOWN_AGE = 10.0
_MOST_UNKNOWN = 10_000
_MOST_LOOKUPS = 4
_DOCUMENT_ID = re.compile(r"sha256:([0-9a-f]{64})")
_HASH = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)


class TrustedDocuments:
    """Published documents, parsed and validated at their first use; a hash that names none is not asked for again for
    ten seconds, so that a flood of them does not reach the database."""

    def __init__(self, find_text: FindText, documents: Documents) -> None:
        self._find_text = find_text
        self._documents = documents
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._asked: dict[str, asyncio.Task[str | None]] = {}
        self._lookups = asyncio.Semaphore(_MOST_LOOKUPS)

    async def find(self, document_id: str) -> DocumentNode:
        """Raises UntrustedDocument for an id that names none, Unavailable where it cannot be told."""
        match = _DOCUMENT_ID.fullmatch(document_id)
        if match is None:
            raise UntrustedDocument("`documentId` is `sha256:` and the hash of a published text in hexadecimal.")
        document = self._documents.find_kept(document_id)
        if document is not None:
            return document
        text = await self._look_up(match[1])
        if text is None:
            raise UntrustedDocument("No document is published under this id; publish it with `bff documents publish`.")
        return self._documents.find(text, key=document_id)

    async def _look_up(self, document_hash: str) -> str | None:
        if self._unknown.get(document_hash, 0.0) > time.monotonic():
            return None
        asked = self._asked.get(document_hash)
        if asked is None:
            asked = self._asked[document_hash] = asyncio.create_task(self._ask(document_hash))
            asked.add_done_callback(lambda _: self._asked.pop(document_hash, None))
        text = await asyncio.shield(asked)
        if text is None:
            self._unknown[document_hash] = time.monotonic() + _UNKNOWN_AGE
            if len(self._unknown) > _MOST_UNKNOWN:
                self._unknown.popitem(last=False)
        return text

    async def _ask(self, document_hash: str) -> str | None:
        async with self._lookups:
            try:
                return await self._find_text(document_hash)
            except Exception as error:  # an engine's client may raise anything; each way the document is out of reach
                log.warning("a trusted document cannot be looked up: %r", error)
                raise Unavailable("The published documents cannot be reached; try again.", retry_after=2) from error


class PersistedQueries:
    """Texts that clients sent with their hash, least recently used out first; only valid documents come in."""

    def __init__(self, *, most_characters: int = PERSISTED_BYTES) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self._limit = most_characters

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, text_hash: str) -> str | None:
        text = self._texts.get(text_hash)
        if text is not None:
            self._texts.move_to_end(text_hash)
        return text

    def keep(self, text_hash: str, text: str) -> None:
        """`text_hash` must be the text's; `check_hash` tells."""
        if text_hash not in self._texts:
            self._characters += len(text)
        self._texts[text_hash] = text
        self._texts.move_to_end(text_hash)
        while self._characters > self._limit:
            _, evicted = self._texts.popitem(last=False)
            self._characters -= len(evicted)


def read_persisted_query(extension: Any) -> str:
    """The hash in `extensions.persistedQuery`.

    Raises BadUserInput for anything but version 1 with a SHA-256.
    """
    if isinstance(extension, dict) and extension.get("version") == 1:
        text_hash = extension.get("sha256Hash")
        if isinstance(text_hash, str) and _HASH.fullmatch(text_hash.lower()):
            return text_hash.lower()
    raise BadUserInput(
        "`extensions.persistedQuery` is {version: 1, sha256Hash: the SHA-256 of `query` in hexadecimal}."
    )


def check_hash(text_hash: str, text: str) -> None:
    """Raises BadUserInput where the text has another hash: it would be kept under a name that is not its own."""
    if hashlib.sha256(text.encode()).hexdigest() != text_hash:
        raise BadUserInput("`sha256Hash` is not the hash of `query`; hash the very text that is sent.")
