"""Data with texts that were kept is written as if they were not, in pieces as in one."""

from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from bff.execution import write_data, write_pieces
from bff.execution.writing import LEAST_PIECE, KeptText, keep_text

LEAVES = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4)
)


@st.composite
def data_with_texts(draw: st.DrawFn) -> tuple[Any, Any, list[bytes]]:
    """The same data twice: as it is, and with parts of it as kept texts, long ones, too; these in their order."""
    long: list[bytes] = []

    def fold(value: Any) -> Any:
        if draw(st.booleans()):
            text = orjson.dumps(value)
            if draw(st.booleans()):
                long.append(text)
                return KeptText(text)
            return orjson.Fragment(text)
        if isinstance(value, list):
            return [fold(item) for item in value]
        return {key: fold(item) for key, item in value.items()} if isinstance(value, dict) else value

    value = draw(VALUES)
    folded = fold(value)
    return value, folded, long


@given(data_with_texts())
def test_texts_stand_where_they_were(data: tuple[Any, Any, list[bytes]]) -> None:
    value, folded, long = data
    assert write_data(folded) == orjson.dumps(value)
    pieces = write_pieces(folded)
    assert b"".join(pieces) == orjson.dumps(value)
    assert all(piece is text for piece, text in zip(pieces[1::2], long, strict=True))


def test_long_texts_alone_are_pieces() -> None:
    short, long = orjson.dumps("x" * 10), orjson.dumps("x" * LEAST_PIECE)
    assert write_pieces([keep_text(short), keep_text(long)]) == [b"[" + short + b",", long, b"]"]


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        write_pieces({"data": object()})
