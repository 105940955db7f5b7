"""Which characters a font file has glyphs for, read from its `cmap` table (OpenType, plain or in WOFF 1)."""

import struct
import zlib
from pathlib import Path

_FORMAT_SEGMENTS = 4
_FORMAT_GROUPS = 12


def read_coverage(path: Path) -> frozenset[int]:
    """The code points that the font at `path` can show."""
    cmap = _read_table(path.read_bytes(), b"cmap")
    (count,) = struct.unpack_from(">H", cmap, 2)
    points: set[int] = set()
    for index in range(count):
        (offset,) = struct.unpack_from(">L", cmap, 4 + 8 * index + 4)
        (kind,) = struct.unpack_from(">H", cmap, offset)
        if kind == _FORMAT_SEGMENTS:
            points |= _read_segments(cmap[offset:])
        elif kind == _FORMAT_GROUPS:
            points |= _read_groups(cmap[offset:])
    return frozenset(points)


def _read_table(data: bytes, name: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", data, 12 if data[:4] == b"wOFF" else 4)
    for index in range(count):
        if data[:4] == b"wOFF":
            tag, offset, packed, length, _ = struct.unpack_from(">4sLLLL", data, 44 + 20 * index)
        else:
            tag, _, offset, length = struct.unpack_from(">4sLLL", data, 12 + 16 * index)
            packed = length
        if tag == name:
            table: bytes = data[offset : offset + packed]
            return table if packed == length else zlib.decompress(table)
    raise ValueError(f"the font has no table {name.decode()}")


def _read_segments(table: bytes) -> set[int]:
    (doubled,) = struct.unpack_from(">H", table, 6)
    ends = struct.unpack_from(f">{doubled // 2}H", table, 14)
    starts = struct.unpack_from(f">{doubled // 2}H", table, 16 + doubled)
    deltas = struct.unpack_from(f">{doubled // 2}h", table, 16 + 2 * doubled)
    offsets_at = 16 + 3 * doubled
    offsets = struct.unpack_from(f">{doubled // 2}H", table, offsets_at)
    points: set[int] = set()
    for index, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for point in range(start, min(end, 0xFFFE) + 1):
            if offset == 0:
                glyph = (point + delta) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", table, offsets_at + 2 * index + offset + 2 * (point - start))
            if glyph:
                points.add(point)
    return points


def _read_groups(table: bytes) -> set[int]:
    (count,) = struct.unpack_from(">L", table, 12)
    points: set[int] = set()
    for start, end, glyph in struct.iter_unpack(">LLL", table[16 : 16 + 12 * count]):
        points.update(range(start if glyph else start + 1, end + 1))
    return points
