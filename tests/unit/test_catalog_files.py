"""Which file is of which source, and what makes a file broken as a whole."""

import gzip
from pathlib import Path

import pytest

from bff.catalog.files import BadRow, CatalogueFileError, SourceName, check_rows, open_source
from bff.catalog.importer import DEMO_FILES


def test_the_demo_has_one_file_of_every_source() -> None:
    assert [open_source(path).source for path in DEMO_FILES] == list(SourceName)


def test_a_file_is_recognised_plain_gzipped_and_behind_a_byte_order_mark(tmp_path: Path) -> None:
    header = b"show_id,type,title\n"
    for name, content in (("plain", header), ("packed", gzip.compress(header)), ("marked", b"\xef\xbb\xbf" + header)):
        (tmp_path / name).write_bytes(content)
        assert open_source(tmp_path / name).source is SourceName.NETFLIX


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no catalogue file"),
        (b"id;name\n", "is no catalogue file"),
        (b"\x89PNG\r\n", "is not UTF-8"),
        (gzip.compress(b"show_id,type\n" * 1000)[:-20], "gzip file is damaged"),
        (b"\x1f\x8b garbage", "gzip file is damaged"),
    ],
)
def test_what_is_no_catalogue_file_is_named_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "upload.csv"
    path.write_bytes(content)
    with pytest.raises(CatalogueFileError, match=f"upload.csv.*{message}"):
        open_source(path)


def test_a_damaged_byte_in_the_middle_of_a_gzip_file_is_found(tmp_path: Path) -> None:
    content = bytearray(DEMO_FILES[0].read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "titles.csv.gz").write_bytes(bytes(content))
    with pytest.raises(CatalogueFileError, match="gzip file is damaged"):
        open_source(tmp_path / "titles.csv.gz")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueFileError, match=r"missing\.csv: cannot be read"):
        open_source(tmp_path / "missing.csv")


def test_a_file_of_mostly_bad_rows_is_broken() -> None:
    bad = [BadRow("f", line, "is odd") for line in (2, 3)]
    assert check_rows("f", [1, 2, 3], bad).rows == (1, 2, 3)
    with pytest.raises(CatalogueFileError, match=r"2 rows are bad\. The first: line 2, is odd"):
        check_rows("f", [1, 2], bad)
    with pytest.raises(CatalogueFileError, match="no row that can be read"):
        check_rows("f", [], [])
