"""netflix_titles.csv: the real file with its known traps, and rows that cannot be read."""

import csv
import io
from collections import Counter
from datetime import date

import pytest

from bff.catalog.files import BadRow, CatalogueFileError, open_source
from bff.catalog.importer import DEMO_FILES
from bff.catalog.netflix import HEADER, NetflixTitle, read_netflix

HEAD = ",".join(HEADER) + "\n"
FILM = 's1,Movie,Kept,Ann,Bea,India,"May 1, 2020",2020,PG,90 min,Dramas,Text\n'


@pytest.fixture(scope="module")
def titles() -> dict[str, NetflixTitle]:
    file = open_source(DEMO_FILES[0])
    read = read_netflix(file.decode(), file.name)
    assert read.bad_rows == ()
    return {title.show_id: title for title in read.rows}


def test_every_row_is_read(titles: dict[str, NetflixTitle]) -> None:
    assert Counter(title.is_series for title in titles.values()) == {False: 6131, True: 2676}


def test_empty_cells_are_no_values(titles: dict[str, NetflixTitle]) -> None:
    of = titles.values()
    assert sum(not title.directors for title in of) == 2634
    assert sum(not title.cast for title in of) == 825
    assert sum(not title.countries for title in of) == 831
    assert sum(title.added_on is None for title in of) == 10
    assert sum(title.certificate is None for title in of) == 4 + 3
    assert all(title.duration for title in of if not title.is_series)


@pytest.mark.parametrize(("show_id", "minutes"), [("s5542", 74), ("s5795", 84), ("s5814", 66)])
def test_a_duration_in_the_column_of_the_certificate_moves_back(
    titles: dict[str, NetflixTitle], show_id: str, minutes: int
) -> None:
    assert (titles[show_id].certificate, titles[show_id].duration) == (None, minutes * 60)


def test_dates_with_a_blank_in_front_are_read(titles: dict[str, NetflixTitle]) -> None:
    rows = csv.DictReader(io.StringIO(open_source(DEMO_FILES[0]).decode(), newline=""))
    assert sum(row["date_added"].startswith(" ") for row in rows) == 88
    assert sum(title.added_on is not None for title in titles.values()) == 8807 - 10
    assert max(title.added_on for title in titles.values() if title.added_on) == date(2021, 9, 25)


def test_line_breaks_inside_a_field_become_blanks(titles: dict[str, NetflixTitle]) -> None:
    assert titles["s8420"].name == "The Memphis Belle: A Story of a Flying Fortress"
    assert titles["s8202"].synopsis.endswith("where anything could happen – and probably will.")
    assert not any("\n" in title.name + title.synopsis for title in titles.values())


def test_a_suffix_behind_a_comma_belongs_to_the_name(titles: dict[str, NetflixTitle]) -> None:
    assert "Louis Ferrigno Jr." in titles["s1516"].cast
    assert "Tremaine Brown Jr." in titles["s5539"].cast
    assert not any("Jr." in title.cast for title in titles.values())


def test_series_know_only_how_many_seasons(titles: dict[str, NetflixTitle]) -> None:
    series = [title for title in titles.values() if title.is_series]
    assert all(title.season_count and title.duration is None for title in series)
    assert titles["s2"].season_count == 2


def test_stray_commas_name_no_country_and_nobody_twice(titles: dict[str, NetflixTitle]) -> None:
    assert not any("" in title.countries for title in titles.values())
    assert all(len(set(title.cast)) == len(title.cast) for title in titles.values())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("s2,Movie,Short\n", "has 3 fields where 12 belong"),
        ('x2,Movie,A,,,,"May 1, 2020",2020,PG,90 min,Dramas,T\n', "show_id 'x2'"),
        ('s1,Movie,A,,,,"May 1, 2020",2020,PG,90 min,Dramas,T\n', "repeats show_id s1"),
        ('s2,Play,A,,,,"May 1, 2020",2020,PG,90 min,Dramas,T\n', "type 'Play'"),
        ('s2,Movie, ,,,,"May 1, 2020",2020,PG,90 min,Dramas,T\n', "has no title"),
        ('s2,Movie,A,,,,"Mai 1, 2020",2020,PG,90 min,Dramas,T\n', "date_added 'Mai 1, 2020'"),
        ('s2,Movie,A,,,,"February 30, 2020",2020,PG,90 min,Dramas,T\n', "date_added 'February 30, 2020'"),
        ('s2,Movie,A,,,,"May 1, 9999",2020,PG,90 min,Dramas,T\n', "date_added 'May 1, 9999'"),
        ('s2,Movie,A,,,,"May 1, 2020",20,PG,90 min,Dramas,T\n', "release_year '20'"),
        ('s2,Movie,A,,,,"May 1, 2020",2020,PG,1 hour,Dramas,T\n', "duration '1 hour'"),
        ('s2,TV Show,A,,,,"May 1, 2020",2020,PG,,Dramas,T\n', "duration ''"),
        ('s2,TV Show,A,,,,"May 1, 2020",2020,PG,0 Seasons,Dramas,T\n', "duration '0 Seasons'"),
        ('s2,Movie,A\0,,,,"May 1, 2020",2020,PG,90 min,Dramas,T\n', "NUL"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line(row: str, reason: str) -> None:
    text = HEAD + FILM.replace("Text", '"Two\nlines"') + row + FILM.replace("s1,", "s3,")
    read = read_netflix(text, "titles.csv")
    assert [title.show_id for title in read.rows] == ["s1", "s3"]
    assert [(bad.file, bad.line) for bad in read.bad_rows] == [("titles.csv", 4)]
    assert reason in read.bad_rows[0].reason


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("rating", "certificate") + FILM,
        HEAD + FILM + 's2,Movie,"never closed,,,,,2020,PG,90 min,Dramas,T\n',
        HEAD,
    ],
)
def test_a_broken_file_is_refused(text: str) -> None:
    with pytest.raises(CatalogueFileError, match=r"titles\.csv"):
        read_netflix(text, "titles.csv")


def test_bad_rows_are_values() -> None:
    assert read_netflix(HEAD + FILM + "s2\n" + FILM.replace("s1,", "s3,"), "f").bad_rows == (
        BadRow("f", 3, "has 1 fields where 12 belong"),
    )
