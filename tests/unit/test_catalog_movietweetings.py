"""MovieTweetings: the real films and ratings, and lines that are neither."""

from datetime import UTC, datetime

import pytest

from bff.catalog.files import open_source
from bff.catalog.importer import DEMO_FILES
from bff.catalog.movietweetings import RatedFilm, read_films, read_ratings


def test_every_film_and_rating_is_read() -> None:
    films = read_films(open_source(DEMO_FILES[2]).decode(), "films")
    ratings = read_ratings(open_source(DEMO_FILES[3]).decode(), "ratings")
    assert (len(films.rows), films.bad_rows) == (10_506, ())
    assert (len(ratings.rows), ratings.bad_rows) == (100_000, ())
    assert max(rating.rated_at for rating in ratings.rows).date().isoformat() == "2013-09-01"


def test_a_film_keeps_the_zeros_of_its_number() -> None:
    text = "0002844::Fantômas - À l'ombre de la guillotine (1913)::Crime|Drama\n9::Solo (2000)::\n"
    assert read_films(text, "f").rows == (
        RatedFilm("0002844", "Fantômas - À l'ombre de la guillotine", 1913, ("Crime", "Drama")),
        RatedFilm("9", "Solo", 2000, ()),
    )


@pytest.mark.parametrize(
    "line", ["1::2::11::1365029107", "1::2::3", "a::2::3::4", "1::2::3::9999999999", "1::2::-1::4"]
)
def test_a_bad_rating_is_left_out_with_its_line(line: str) -> None:
    read = read_ratings(f"1::0012::8::1365029107\r\n\n{line}\n2::12::0::0\n", "ratings.dat")
    assert [rating.rating for rating in read.rows] == [8, 0]
    assert read.rows[0].film_id == "0012"
    assert read.rows[1].rated_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert [bad.line for bad in read.bad_rows] == [3]
