"""TVmaze's JSON lines: the real file with its gaps, HTML, and lines that are no series."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.catalog.files import CatalogueFileError, ReadRows, open_source
from bff.catalog.importer import DEMO_FILES
from bff.catalog.tvmaze import TVmazeRole, TVmazeSeries, read_tvmaze, strip_html


@pytest.fixture(scope="module")
def read() -> ReadRows[TVmazeSeries]:
    file = open_source(DEMO_FILES[1])
    return read_tvmaze(file.decode(), file.name)


def test_every_series_is_read(read: ReadRows[TVmazeSeries]) -> None:
    assert read.bad_rows == ()
    assert len(read.rows) == 205
    assert sum(len(show.episodes) for show in read.rows) == 18_520
    assert sum(len({episode.season for episode in show.episodes}) for show in read.rows) == 889


def test_what_an_episode_lacks_stays_unknown(read: ReadRows[TVmazeSeries]) -> None:
    episodes = [episode for show in read.rows for episode in show.episodes]
    assert sum(episode.duration is None for episode in episodes) == 165
    assert sum(episode.aired_on is None for episode in episodes) == 28
    assert sum(episode.synopsis is None for episode in episodes) == 11_839
    assert max(episode.aired_on for episode in episodes if episode.aired_on) == date(2017, 4, 2)


def test_synopses_hold_no_markup(read: ReadRows[TVmazeSeries]) -> None:
    texts = [show.synopsis for show in read.rows]
    texts += [episode.synopsis or "" for show in read.rows for episode in show.episodes]
    assert not [text for text in texts if "<p>" in text or "</" in text or "&amp;" in text or text != text.strip()]


def test_languages_are_tags(read: ReadRows[TVmazeSeries]) -> None:
    assert {show.language for show in read.rows} == {"en", "ja", "tr", "sv", "de", "it", "hi", "da", "pl", None}


def test_the_file_holds_no_address_of_a_picture() -> None:
    text = open_source(DEMO_FILES[1]).decode()
    assert not [mark for mark in ("tvmazecdn", '"image"', ".jpg", ".png") if mark in text]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three</p>", "One & two three"),
        ("a<br />b<b>c</b>", "a bc"),
        ("<script>alert(1)</script>Safe<style>p{}</style>", "Safe"),
        ("<p>open", "open"),
        ("5 < 6 &lt;b&gt;", "5 < 6 <b>"),
        (None, ""),
    ],
)
def test_html_becomes_the_text_a_reader_sees(html: str | None, text: str) -> None:
    assert strip_html(html) == text


@given(st.text())
def test_no_html_makes_the_reader_fail(html: str) -> None:
    assert strip_html(html) == " ".join(strip_html(html).split())


def _show(**changes: Any) -> dict[str, Any]:
    episode = {"id": 1, "season": 1, "number": 1, "name": "Pilot", "airdate": "2016-07-15", "runtime": 45}
    cast = [{"person": {"name": "Ann"}, "character": {"name": name}} for name in ("Eve", "Eva")]
    return {
        "id": 5,
        "name": "Show",
        "premiered": "2016-07-15",
        "_embedded": {"episodes": [episode], "cast": cast},
    } | changes


def _empty(identifier: int) -> dict[str, Any]:
    return _show(id=identifier, _embedded={"episodes": [], "cast": []})


def _read(*shows: object) -> ReadRows[TVmazeSeries]:
    lines = [show if isinstance(show, str) else json.dumps(show) for show in shows]
    return read_tvmaze("\n".join([*lines, json.dumps(_empty(6)), json.dumps(_empty(7)), ""]), "shows.jsonl")


def test_who_plays_two_characters_is_credited_once() -> None:
    assert _read(_show()).rows[0].cast == (TVmazeRole("Ann", "Eve / Eva"),)


def test_a_special_without_a_number_stays_out() -> None:
    special = {"id": 2, "season": 1, "number": None, "name": "Special"}
    show = _show(_embedded={"episodes": [special], "cast": []})
    assert _read(show).rows[0].episodes == ()


EPISODE = {"id": 1, "season": 1, "number": 1, "name": "Pilot"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "malformed"),
        ("[]", "Expected `object`"),
        (_show(name=" "), "name"),
        (_show(id="5"), "id"),
        (_show(premiered="2016"), "date '2016'"),
        (_show(premiered="9999-12-31"), "date '9999-12-31'"),
        (_show(premiered=None, _embedded={"episodes": [EPISODE], "cast": []}), "premiere"),
        (_show(_embedded={"episodes": [EPISODE, EPISODE | {"id": 2}], "cast": []}), "two episodes"),
        (_show(summary="a\0b"), "NUL"),
        (_show(rating={"average": 11}), "average"),
    ],
)
def test_a_bad_line_is_left_out(line: object, reason: str) -> None:
    read = _read(line)
    assert [show.id for show in read.rows] == [6, 7]
    assert read.bad_rows[0].line == 1
    assert reason in read.bad_rows[0].reason


def test_a_series_that_comes_twice_is_taken_once() -> None:
    assert _read(_show(), _show()).bad_rows[0].reason == "repeats the series 5"


def test_an_episode_belongs_to_one_series() -> None:
    assert _read(_show(), _show(id=8)).bad_rows[0].reason == "repeats the id of an episode"


def test_a_file_without_json_is_broken() -> None:
    with pytest.raises(CatalogueFileError, match="no row that can be read"):
        read_tvmaze("{\n{\n", "shows.jsonl")
