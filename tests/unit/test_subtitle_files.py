"""Subtitles in any encoding and line ends come out as one clean WebVTT."""

from pathlib import Path

import pytest

from bff.domain.ingest import MOST_SUBTITLE_BYTES
from bff.media.commands import Refused
from bff.media.subtitles import convert_subtitles, decode_text

FOLDER = Path(__file__).parents[2] / "demo" / "video"
FILMS = sorted((FOLDER / "subtitles").glob("TOS-*.srt"))
SRT = "1\n00:00:01,000 --> 00:00:02,500\nÄ <i>slanted</i> word\n\n2\n00:00:03,000 --> 00:00:04,000\nTom & Ann\n"
WANTED = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nÄ slanted word\n\n00:00:03.000 --> 00:00:04.000\nTom &amp; Ann\n"


@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.name)
def test_the_files_of_a_whole_film(path: Path) -> None:
    text = convert_subtitles(path.read_bytes(), path.name, 734)
    assert text.startswith("WEBVTT\n\n00:00:23.000 --> 00:00:24.500\n")
    assert 70 <= text.count(" --> ") <= 80
    assert "\ufffd" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    assert convert_subtitles(SRT.replace("\n", end).encode(encoding), "film.srt", 10, "de") == WANTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_webvtt_in_other_encodings_and_line_ends(encoding: str, end: str) -> None:
    text = "WEBVTT\n\n" + SRT.replace(",", ".").replace("1\n00", "00").replace("2\n00", "00").replace("&", "&amp;")
    assert convert_subtitles(text.replace("\n", end).encode(encoding), "film.vtt", 10, "de") == WANTED


def test_webvtt_in() -> None:
    text = "WEBVTT - a title\n\nNOTE nothing\n\nSTYLE\n::cue {}\n\nfirst\n00:01.000 --> 00:02.500 align:start\nHello\n"
    assert convert_subtitles(text.encode(), "film.vtt", 10) == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello\n"


def test_cues_past_the_end_are_left_out_and_the_last_is_cut() -> None:
    text = convert_subtitles(SRT.encode(), "film.srt", 2)
    assert text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nÄ slanted word\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no cue"),
        (b"hello", "holds no cue"),
        (b"WEBVTT\n\n", "holds no cue"),
        (b"\0\x01\x02\xff\xfe" * 50, "holds no cue|encoding"),
        (SRT.replace("00:00:0", "01:00:0").encode(), "belongs to another cut"),
        (SRT.encode() + b"\n" * MOST_SUBTITLE_BYTES, "larger than subtitles are"),
    ],
)
def test_what_is_no_subtitles_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        convert_subtitles(content, "odd.srt", 60)
    assert "odd.srt" in str(refused.value)


def test_scripts_of_the_world() -> None:
    for text, encoding, language in (
        ("Это простой русский текст для проверки.", "cp1251", "ru"),
        ("Это простой русский текст для проверки.", "koi8_r", "ru"),
        ("Zażółć gęślą jaźń, proszę państwa.", "cp1250", "pl"),
        ("こんにちは、世界。元気ですか。", "shift_jis", "ja"),
        ("Καλημέρα κόσμε, τι κάνεις;", "cp1253", "el"),
        ("Это простой русский текст для проверки.", "cp1251", ""),
    ):
        assert decode_text(text.encode(encoding), "film.srt", language) == text
