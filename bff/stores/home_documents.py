"""Pinned homes as documents of the cache, and their rows in memory: the same row of two profiles is one object."""

import hashlib
from datetime import datetime

from msgspec import Raw, Struct
from msgspec.msgpack import Decoder, Encoder

from bff.domain.home import PERSONAL_KINDS, HomeBasis, PastRow, PinnedHome, PinnedRow

ROW_BYTES_KEPT = 16 * 2**20
"""Of rows in memory, roughly; those of one audience (region, ceiling, kids or not) take some 40 kB a day."""

_DIGEST_SIZE = 16
_ROW_OVERHEAD = 500
"""Bytes that a row in memory takes besides what it says, roughly."""


class _EncodedRow(Struct, frozen=True, array_like=True):
    """`digest` is that of `body`; empty for a row that was made for one profile, which no other would find."""

    digest: bytes
    body: Raw


class HomeDocument(Struct, frozen=True, array_like=True):
    """A `PinnedHome` as Redis has it. `pasts` go with `past`, row by row, and say until when."""

    version: str
    basis: HomeBasis | None
    generated_at: datetime
    hero_id: str | None
    rows: tuple[_EncodedRow, ...]
    hidden: tuple[_EncodedRow, ...]
    past: tuple[tuple[_EncodedRow, datetime], ...]


_encode = Encoder().encode
_decode_document = Decoder(HomeDocument).decode
_decode_row = Decoder(PinnedRow).decode


class SharedRows:
    """Rows that many profiles have, by the digest of exactly what they hold; those not used for long make room.

    There are two generations: finding a row in the later one is a plain look-up. When that has grown to half of what
    may be kept it becomes the earlier one, whose rows come over as they are asked for, and whose others go.
    """

    def __init__(self, most_bytes: int = ROW_BYTES_KEPT) -> None:
        self._most_bytes = most_bytes // 2
        self._later: dict[bytes, PinnedRow] = {}
        self._earlier: dict[bytes, PinnedRow] = {}
        self._later_bytes = 0

    def __len__(self) -> int:
        return len(self._later.keys() | self._earlier.keys())

    def open(self, encoded: tuple[_EncodedRow, ...]) -> tuple[PinnedRow, ...]:
        """The rows in their order. Raises msgspec.MsgspecError for any in a form that is not known."""
        if self._later_bytes > self._most_bytes:
            self._earlier, self._later, self._later_bytes = self._later, {}, 0
        find = self._later.get
        return tuple([find(row.digest) or self._open(row) for row in encoded])

    def _open(self, encoded: _EncodedRow) -> PinnedRow:
        row = self._earlier.get(encoded.digest)
        if row is None:
            row = _decode_row(encoded.body)
            if not encoded.digest or encoded.digest != _digest(encoded.body):
                return row  # nobody else's
        self._later[encoded.digest] = row
        self._later_bytes += len(encoded.body) + _ROW_OVERHEAD
        return row


class HomeDocuments:
    """Writes homes as documents, and reads them."""

    def __init__(self) -> None:
        self.rows = SharedRows()

    def encode(self, home: PinnedHome) -> bytes:
        """The document of a home."""
        return _encode(
            HomeDocument(
                version=home.version,
                basis=home.basis,
                generated_at=home.generated_at,
                hero_id=home.hero_id,
                rows=tuple(map(_encode_row, home.rows)),
                hidden=tuple(map(_encode_row, home.hidden)),
                past=tuple((_encode_row(past.row), past.until) for past in home.past),
            )
        )

    def decode(self, stored: bytes) -> PinnedHome:
        """The home of a document, with rows that other homes have, too, where it can be.

        Raises msgspec.MsgspecError for a document in another form.
        """
        document = _decode_document(stored)
        open_rows = self.rows.open
        return PinnedHome(
            version=document.version,
            basis=document.basis,
            generated_at=document.generated_at,
            hero_id=document.hero_id,
            rows=open_rows(document.rows),
            hidden=open_rows(document.hidden),
            past=tuple([PastRow(open_rows((row,))[0], until) for row, until in document.past]),
        )


def _encode_row(row: PinnedRow) -> _EncodedRow:
    body = _encode(row)
    return _EncodedRow(b"" if row.kind in PERSONAL_KINDS else _digest(body), Raw(body))


def _digest(body: bytes | Raw) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()
