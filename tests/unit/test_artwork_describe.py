"""What a card says of its artwork before any of it is drawn."""

import base64
import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff.artwork.describe import describe_artwork
from bff.artwork.motifs import MOTIFS
from bff.artwork.palettes import PALETTES, choose_palette, parse_colour
from bff.artwork.styles import STYLES

GENRES = Path(__file__).parents[2] / "demo" / "catalog" / "genres.csv"
SLUGS = st.lists(st.sampled_from(sorted(PALETTES)) | st.from_regex(r"[a-z-]{1,12}", fullmatch=True), max_size=4)


def measure_light(colour: str) -> float:
    red, green, blue = parse_colour(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


@settings(deadline=None)
@given(name=st.text(max_size=40), year=st.integers(1900, 2030), slugs=SLUGS)
def test_the_same_title_is_described_the_same(name: str, year: int, slugs: list[str]) -> None:
    artwork = describe_artwork(name, year, slugs)
    assert artwork == describe_artwork(name, year, tuple(slugs))
    assert set(artwork.placeholders) == {"BOXART", "WIDE", "HERO"}
    assert all(15 <= len(base64.b64decode(value)) <= 25 for value in artwork.placeholders.values())
    assert artwork.version.isalnum()
    assert measure_light(artwork.palette[0]) < measure_light(artwork.palette[1]) < measure_light(artwork.palette[3])


def test_the_version_changes_with_everything_that_the_picture_shows() -> None:
    versions = {
        describe_artwork("Solo", 2012, ["drama", "war"]).version,
        describe_artwork("Solo!", 2012, ["drama", "war"]).version,
        describe_artwork("Solo", 2013, ["drama", "war"]).version,
        describe_artwork("Solo", 2012, ["war", "drama"]).version,
        describe_artwork("Solo", 2012, ["drama"]).version,
    }
    assert len(versions) == 5


def test_every_genre_of_the_demo_has_its_colours_and_style() -> None:
    with GENRES.open(newline="") as file:
        slugs = {row["slug"] for row in csv.DictReader(file)}
    assert slugs <= PALETTES.keys()
    assert PALETTES.keys() == STYLES.keys()


@pytest.mark.parametrize("slug", sorted(STYLES))
def test_a_style_names_motifs_that_exist(slug: str) -> None:
    assert set(STYLES[slug].motifs) <= MOTIFS.keys()


@pytest.mark.parametrize("slug", sorted(PALETTES))
def test_titles_read_well_on_every_ground(slug: str) -> None:
    for ground, _, _, paper in PALETTES[slug]:
        assert measure_light(paper) - measure_light(ground) > 130


@settings(deadline=None)
@given(st.text(max_size=20), st.integers(0, 255))
def test_an_unknown_genre_gets_colours_of_its_own(slug: str, seed: int) -> None:
    palette = choose_palette([slug], seed)
    assert palette == choose_palette([slug], seed)
    assert all(max(parse_colour(colour)) <= 255 for colour in palette)


def test_the_first_known_genre_gives_the_colours() -> None:
    assert choose_palette(["unheard-of", "horror"], 0) in PALETTES["horror"]
