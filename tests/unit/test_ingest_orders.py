"""What `bff ingest` reads from the names of files, and tells of a job."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.ingest import IngestJob, IngestOrder, IngestState, Priority, SourceFile
from bff.domain.languages import is_language_tag
from bff.domain.video import AudioKind, SubtitleKind
from workers.ingest_order import IngestError, TrackFile, describe_job, read_track

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("argument", "language", "kind"),
    [
        ("film.de.srt", "de", None),
        ("a folder/TOS-de.srt", "de", None),
        ("film.de-AT.vtt", "de-AT", None),
        ("Tears.of.Steel.2012.pt-BR.srt", "pt-BR", None),
        ("film.de.captions.srt", "de", "CLOSED_CAPTIONS"),
        ("Tears.of.Steel.de.forced.srt", "de", "FORCED"),
        ("film.srt:de", "de", None),
        ("film.en.srt:de:captions", "de", "CLOSED_CAPTIONS"),
        ("film.srt:de:SUBTITLES", "de", "SUBTITLES"),
    ],
)
def test_language_and_kind_stand_at_the_end_of_a_name_or_are_said(
    argument: str, language: str, kind: str | None
) -> None:
    track = read_track(argument, list(SubtitleKind))
    assert track == TrackFile(Path(argument.partition(":")[0]), language, kind)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("film.srt", "name the file like film.de.srt"),
        ("film.2008.srt", "name the file like film.de.srt"),
        ("forced.srt", "name the file like film.de.srt"),
        ("film.german.srt", "name the file like film.de.srt"),
        ("film.srt:", "name the file like film.de.srt"),
        ("film.srt:de:loud", "none of SUBTITLES, CLOSED_CAPTIONS, FORCED"),
        ("film.srt:de:DESCRIPTION", "none of SUBTITLES, CLOSED_CAPTIONS, FORCED"),
    ],
)
def test_what_is_missing_is_said(argument: str, words: str) -> None:
    with pytest.raises(IngestError, match=words):
        read_track(argument, list(SubtitleKind))


def test_sound_has_kinds_of_its_own() -> None:
    assert read_track("film.en.description.m4a", list(AudioKind)).kind == "DESCRIPTION"


@given(st.text())
def test_no_name_breaks_it(argument: str) -> None:
    try:
        track = read_track(argument, list(SubtitleKind))
    except IngestError:
        return
    assert is_language_tag(track.language)


def describe(**found: Any) -> str:
    job = IngestJob(
        id="ing_1", playable_id="tit_1", title_id="tit_1", source=SourceFile(key="", sha256="", name="film.mp4"),
        order=IngestOrder(), priority=Priority.NORMAL, asset_id="ast_1", resembles=None, queued_at=NOW,
        finished_at=None,
        **{"state": IngestState.RUNNING, "share": 0.5, "working_on": (), "error": None, "started_at": NOW, **found},
    )  # fmt: skip
    return describe_job(job, NOW + timedelta(seconds=30))


def test_a_line_tells_percent_rung_and_estimate() -> None:
    assert describe(working_on=("h264/2 of 5", "av1/1 of 5")) == " 50%  h264/2 of 5, av1/1 of 5  about 30 s left"
    assert describe(state=IngestState.QUEUED, share=0.0, started_at=None) == "  0%  waits for a worker"
    assert describe(share=0.01, error="one\nno room") == "  1%  trouble: no room"
