"""Pinned homes as documents of the cache, and their rows in memory: the same row of two profiles is one object."""

import hashlib
from collections import OrderedDict
from datetime import datetime

from msgspec import Raw, Struct, ValidationError
from msgspec.msgpack import Decoder, Encoder

from bff.domain.home import PERSONAL_KINDS, HomeBasis, PastRow, PinnedHome, PinnedRow

ROW_BYTES_KEPT = 8 * 2**20
"""Of rows in memory, roughly; those of one audience (region, ceiling, kids or not) take some 40 kB a day."""
DIGESTS_KEPT = 20_000
"""Of rows that were written, to know them when another profile has them, too."""

_DIGEST_SIZE = 16
_ROW_OVERHEAD = 500
"""Bytes that a row in memory takes besides the ids of its titles, roughly."""

_Row = bytes | PinnedRow
"""A row that other profiles have, too, by the digest of its body; one that only this one has stands for itself."""


class HomeDocument(Struct, frozen=True, array_like=True):
    """A `PinnedHome` as Redis has it.

    `bodies` are the encoded rows by their digests, encoded once more, so that nobody reads past them who has the rows.
    """

    version: str
    basis: HomeBasis | None
    generated_at: datetime
    hero_id: str | None
    rows: tuple[_Row, ...]
    hidden: tuple[_Row, ...]
    past: tuple[tuple[_Row, datetime], ...]
    bodies: memoryview


_encode = Encoder().encode
_decode_document = Decoder(HomeDocument).decode
_decode_bodies = Decoder(dict[bytes, Raw]).decode
_decode_row = Decoder(PinnedRow).decode


class SharedRows:
    """Rows that many profiles have, by the digest of exactly what they hold; those not used for long make room.

    Only what a second profile has comes in: what a profile has seen and rated makes most of its rows its own, and those
    would push out what all the others share.

    There are two generations: finding a row in the later one is a plain look-up. When that has grown to half of what
    may be kept it becomes the earlier one, whose rows come over as they are asked for, and whose others go.
    """

    def __init__(self, most_bytes: int = ROW_BYTES_KEPT) -> None:
        self._most_bytes = most_bytes // 2
        self._later: dict[bytes, PinnedRow] = {}
        self._earlier: dict[bytes, PinnedRow] = {}
        self._later_bytes = 0
        self._holders: OrderedDict[bytes, str | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._later.keys() | self._earlier.keys())

    def note(self, digest: bytes, profile_id: str) -> bool:
        """Whether profiles share the row, now that this one has it."""
        holder = self._holders.pop(digest, profile_id)
        is_shared = holder != profile_id or digest in self._later or digest in self._earlier
        self._holders[digest] = None if is_shared else profile_id
        if len(self._holders) > DIGESTS_KEPT:
            self._holders.popitem(last=False)
        return is_shared

    def open(self, rows: tuple[_Row, ...], bodies: memoryview) -> tuple[PinnedRow, ...]:
        """The rows in their order. Raises msgspec.MsgspecError for any in a form that is not known."""
        if not rows:
            return ()
        if self._later_bytes > self._most_bytes:
            self._earlier, self._later, self._later_bytes = self._later, {}, 0
        find = self._later.get
        return tuple([row if isinstance(row, PinnedRow) else find(row) or self._take_in(row, bodies) for row in rows])

    def _take_in(self, digest: bytes, bodies: memoryview) -> PinnedRow:
        row = self._earlier.get(digest)
        if row is None:
            body = _decode_bodies(bodies).get(digest, Raw())
            row = _decode_row(body)
            if digest != _digest(body):
                raise ValidationError("A row is not the one that the home names.")
        self._later[digest] = row
        self._later_bytes += len(row.title_ids or "") + _ROW_OVERHEAD
        return row


class HomeDocuments:
    """Writes homes as documents, and reads them."""

    def __init__(self) -> None:
        self.rows = SharedRows()

    def encode(self, home: PinnedHome, profile_id: str) -> bytes:
        """The document of a profile's home."""
        bodies: dict[bytes, Raw] = {}

        def name(row: PinnedRow) -> _Row:
            if row.kind in PERSONAL_KINDS:
                return row
            body = _encode(row)
            digest = _digest(body)
            if not self.rows.note(digest, profile_id):
                return row
            bodies[digest] = Raw(body)
            return digest

        rows, hidden = tuple(map(name, home.rows)), tuple(map(name, home.hidden))
        past = tuple((name(past.row), past.until) for past in home.past)
        return _encode(
            HomeDocument(
                version=home.version,
                basis=home.basis,
                generated_at=home.generated_at,
                hero_id=home.hero_id,
                rows=rows,
                hidden=hidden,
                past=past,
                bodies=memoryview(_encode(bodies)),
            )
        )

    def decode(self, stored: bytes) -> PinnedHome:
        """The home of a document, with the very rows that other homes have, too.

        Raises msgspec.MsgspecError for a document in another form.
        """
        document = _decode_document(stored)
        open_rows, bodies = self.rows.open, document.bodies
        return PinnedHome(
            version=document.version,
            basis=document.basis,
            generated_at=document.generated_at,
            hero_id=document.hero_id,
            rows=open_rows(document.rows, bodies),
            hidden=open_rows(document.hidden, bodies),
            past=tuple([PastRow(open_rows((row,), bodies)[0], until) for row, until in document.past]),
        )


def _digest(body: bytes | Raw) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()
