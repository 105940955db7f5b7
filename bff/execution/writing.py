"""Writes data as JSON. Texts that were kept stand in it as they are, and long ones are pieces of their own: to copy an
answer of 150 kB together pushes what the next request needs out of the processor's caches.
"""

import secrets
from typing import Any

import orjson

MARK = secrets.token_hex(16)
"""Stands for what is put in its place once the rest is written; nobody outside knows it."""
MARK_BYTES = MARK.encode()
_MARKED = orjson.Fragment(MARK_BYTES)
LEAST_PIECE = 2048
"""Bytes from which on a text is not copied: for each piece there is more to do elsewhere."""


class KeptText:
    """A long text of JSON where it stands in data."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


Written = KeptText | orjson.Fragment


def keep_text(text: bytes) -> Written:
    """What stands for JSON in data, short or long."""
    return orjson.Fragment(text) if len(text) < LEAST_PIECE else KeptText(text)


def write_pieces(data: Any) -> list[bytes]:
    """The JSON, to be sent piece after piece. Raises TypeError for what JSON has no form for."""
    texts: list[bytes] = []

    def take_out(item: object) -> orjson.Fragment:
        if type(item) is KeptText:
            texts.append(item.text)
            return _MARKED
        raise TypeError

    frame = orjson.dumps(data, default=take_out)
    if not texts:
        return [frame]
    pieces = [b""] * (2 * len(texts) + 1)
    pieces[::2] = frame.split(MARK_BYTES)
    pieces[1::2] = texts
    return pieces


def write_data(data: Any) -> bytes:
    """The same as one text."""
    return b"".join(write_pieces(data))
