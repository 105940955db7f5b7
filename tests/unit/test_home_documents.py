"""Homes as documents: read as they were written, with rows that are one object wherever they are the same."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.domain.home import (
    PERSONAL_KINDS,
    HomeBasis,
    HomeItem,
    HomeRow,
    PastRow,
    PinnedHome,
    PinnedRow,
    RowKind,
    RowLayout,
    pin,
)
from bff.domain.titles import MaturityRating
from bff.stores import home_documents
from bff.stores.home_documents import HomeDocument, HomeDocuments, SharedRows
from bff.stores.redis import read_document

NOW = datetime(2026, 11, 21, 20, 30, 15, 123456, tzinfo=UTC)
BASIS = HomeBasis(state=3, catalogue=7, until=NOW, ceiling=MaturityRating.AGE_16, day=NOW.date(), setting="US:-")
ODD = ("a row", "of another form")
DIGEST = hashlib.blake2b(msgspec.msgpack.encode(ODD), digest_size=16).digest()
HOME = PinnedHome(version="v", basis=BASIS, generated_at=NOW, hero_id=None, rows=())

letters = st.text(alphabet="abc☃", max_size=3)
moments = st.datetimes(timezones=st.just(UTC))
kept_rows = st.builds(
    PinnedRow,
    key=letters,
    kind=st.sampled_from(RowKind),
    layout=st.sampled_from(RowLayout),
    name=letters,
    because_id=st.none() | letters,
    is_stale=st.booleans(),
    title_ids=st.none() | letters,
    ranks=st.lists(st.integers(1, 3), max_size=2).map(tuple),
)
many_rows = st.lists(kept_rows, max_size=5).map(tuple)
bases = st.builds(
    HomeBasis,
    state=st.integers(0, 2**40),
    catalogue=st.integers(0, 2**40),
    until=st.none() | moments,
    ceiling=st.sampled_from(MaturityRating),
    day=st.dates(),
    setting=letters,
)
homes = st.builds(
    PinnedHome,
    version=letters,
    basis=st.none() | bases,
    generated_at=moments,
    hero_id=st.none() | letters,
    rows=many_rows,
    hidden=many_rows,
    past=st.lists(st.builds(PastRow, row=kept_rows, until=moments), max_size=3).map(tuple),
)


def make_row(key: str, kind: RowKind = RowKind.GENRE, titles: int = 3) -> PinnedRow:
    items = tuple(HomeItem(f"tit_{key}{number}") for number in range(titles))
    return pin(HomeRow(key=key, kind=kind, layout=RowLayout.BOXART, name=key, items=items))


def list_all(home: PinnedHome) -> list[PinnedRow]:
    return [*home.rows, *home.hidden, *(past.row for past in home.past)]


def open_rows(documents: HomeDocuments, *rows: PinnedRow) -> tuple[PinnedRow, ...]:
    """The rows, as a process opens them from a document that somebody else wrote."""
    return documents.decode(write_shared(replace(HOME, rows=rows))).rows


def write_shared(home: PinnedHome) -> bytes:
    """The document of a home whose rows somebody else had before."""
    documents = HomeDocuments()
    documents.encode(home, "pro_first")
    return documents.encode(home, "pro_second")


@given(st.lists(homes, max_size=4))
def test_a_home_is_read_as_it_was_written(written: list[PinnedHome]) -> None:
    documents = HomeDocuments()
    for place, home in enumerate(written):
        assert documents.decode(documents.encode(home, f"pro_{place % 3}")) == home


@given(st.lists(homes, min_size=1, max_size=4))
def test_equal_rows_are_one_object_but_for_those_of_one_profile(written: list[PinnedHome]) -> None:
    documents = HomeDocuments()
    seen: dict[PinnedRow, PinnedRow] = {}
    for row in chain.from_iterable(list_all(documents.decode(write_shared(home))) for home in written):
        other = seen.setdefault(row, row)
        assert other == row
        assert (other is row) or row.kind in PERSONAL_KINDS
    assert len(documents.rows) == len({row for row in seen if row.kind not in PERSONAL_KINDS})


def test_a_row_comes_into_memory_with_the_second_profile_that_has_it() -> None:
    documents, home = HomeDocuments(), replace(HOME, rows=(make_row("genre"),))

    def open_as(profile_id: str) -> PinnedRow:
        return documents.decode(documents.encode(home, profile_id)).rows[0]

    own, again = open_as("pro_first"), open_as("pro_first")
    assert own == again
    assert len(documents.rows) == 0
    shared = open_as("pro_second")
    assert [open_as(profile_id) is shared for profile_id in ("pro_first", "pro_second", "pro_third")] == [True] * 3


def test_a_row_that_another_process_shares_is_shared_here() -> None:
    documents, row = HomeDocuments(), make_row("genre")
    (shared,) = open_rows(documents, row)
    assert documents.decode(documents.encode(replace(HOME, rows=(row,)), "pro_third")).rows[0] is shared


def test_of_what_was_written_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_documents, "DIGESTS_KEPT", 3)
    rows = SharedRows()
    assert not any(rows.note(bytes([number]), "pro_first") for number in range(3))
    assert rows.note(bytes([0]), "pro_second")
    assert not rows.note(bytes([3]), "pro_first")
    assert not rows.note(bytes([1]), "pro_second")
    assert rows.note(bytes([0]), "pro_third")


@pytest.mark.parametrize("kind", sorted(PERSONAL_KINDS))
def test_a_row_of_one_profile_is_not_kept(kind: RowKind) -> None:
    documents = HomeDocuments()
    row = make_row("own", kind)
    assert open_rows(documents, row) == (row,)
    assert len(documents.rows) == 0


@given(kept_rows, kept_rows)
def test_rows_that_differ_in_anything_are_not_taken_for_each_other(one: PinnedRow, other: PinnedRow) -> None:
    documents = HomeDocuments()
    assert open_rows(documents, one) + open_rows(documents, other) == (one, other)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_digest_of_something_else_brings_nobody_that_row(is_there: bool) -> None:
    """As nothing but a broken or forged document can say."""
    mine, theirs = make_row("mine"), make_row("theirs")
    digests = {row: hashlib.blake2b(msgspec.msgpack.encode(row), digest_size=16).digest() for row in (mine, theirs)}
    bodies = msgspec.msgpack.encode({digests[theirs]: mine} if is_there else {digests[mine]: mine})
    document = msgspec.msgpack.decode(write_shared(HOME), type=HomeDocument)
    forged = msgspec.msgpack.encode(replace(document, rows=(digests[theirs],), bodies=memoryview(bodies)))
    documents = HomeDocuments()
    assert read_document(forged, documents.decode) is None
    assert open_rows(documents, mine, theirs) == (mine, theirs)


def test_a_row_that_is_in_memory_is_not_read_again() -> None:
    documents, row = HomeDocuments(), make_row("known")
    (known,) = open_rows(documents, row)
    document = msgspec.msgpack.decode(write_shared(replace(HOME, rows=(row,))), type=HomeDocument)
    without = msgspec.msgpack.encode(replace(document, bodies=memoryview(b"")))
    assert documents.decode(without).rows[0] is known


@given(st.lists(st.lists(st.integers(0, 60), max_size=4), max_size=60))
def test_rows_in_memory_are_bounded_and_right(opened: list[list[int]]) -> None:
    documents = HomeDocuments()
    documents.rows = SharedRows(most_bytes=12 * 600)
    for numbers in opened:
        rows = tuple(make_row(str(number)) for number in numbers)
        assert open_rows(documents, *rows) == rows
        assert len(documents.rows) <= 12 + 2 * 4


def test_a_row_in_use_stays_while_others_pass() -> None:
    documents = HomeDocuments()
    documents.rows = SharedRows(most_bytes=12 * 600)
    (popular,) = open_rows(documents, make_row("popular"))
    (rare,) = open_rows(documents, make_row("rare"))
    for number in range(200):
        open_rows(documents, make_row(f"passing {number}"))
        assert open_rows(documents, make_row("popular"))[0] is popular
    assert open_rows(documents, make_row("rare"))[0] is not rare


def test_a_row_with_more_in_it_takes_more_room() -> None:
    documents = HomeDocuments()
    documents.rows = SharedRows(most_bytes=12 * 600)
    for number in range(50):
        open_rows(documents, make_row(str(number), titles=1000))
    assert 1 <= len(documents.rows) <= 2


def write_earlier_form(home: PinnedHome) -> bytes:
    """As homes were kept before: everything by its name, and the basis as a text."""
    fields: dict[str, Any] = msgspec.structs.asdict(home) | {"basis": "3|7|None|16|2026-11-21|US:-"}
    for name in ("rows", "hidden"):
        fields[name] = [msgspec.structs.asdict(row) for row in fields[name]]
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff\x00 nonsense",
        write_earlier_form(replace(HOME, rows=(make_row("genre"),))),
        write_earlier_form(HOME),
        write_shared(replace(HOME, rows=(make_row("genre"),)))[:-5],
        msgspec.msgpack.encode(("v", None, NOW, None, [ODD], [], [], b"")),
        msgspec.msgpack.encode(("v", None, NOW, None, [DIGEST], [], [], b"")),
        msgspec.msgpack.encode(("v", None, NOW, None, [DIGEST], [], [], msgspec.msgpack.encode({DIGEST: ODD}))),
    ],
)
def test_a_document_in_another_form_is_none(stored: bytes) -> None:
    documents = HomeDocuments()
    assert read_document(stored, documents.decode) is None
    assert len(documents.rows) == 0


def test_each_part_of_the_basis_tells_homes_apart() -> None:
    later = NOW + timedelta(days=1)
    changes: dict[str, Any] = {
        "state": 4,
        "catalogue": 8,
        "until": None,
        "ceiling": MaturityRating.ALL,
        "day": later.date(),
        "setting": "US:1",
    }
    assert set(changes) == set(HomeBasis.__struct_fields__)
    for name, value in changes.items():
        assert HomeDocuments().decode(write_shared(HOME)).basis != replace(BASIS, **{name: value})
