"""Where a playing begins, and in which languages."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.playback import choose_audio, choose_start, choose_subtitle
from bff.domain.profile_state import Preferences, WatchProgress
from bff.domain.video import AudioKind, AudioTrack, SubtitleKind, SubtitleTrack

ORIGINAL, DUBBED, DESCRIPTION = AudioKind
PLAIN, CAPTIONS, FORCED = SubtitleKind
SOUNDS = (("ja", ORIGINAL), ("en", DUBBED), ("en", DESCRIPTION), ("es-ES", DUBBED), ("es-419", DUBBED))
TEXTS = (("en", CAPTIONS), ("en", PLAIN), ("es-ES", FORCED), ("pt-BR", CAPTIONS), ("pt", PLAIN))


def sound(language: str, kind: AudioKind) -> AudioTrack:
    return AudioTrack(folder=language, language=language, name=language, kind=kind, channels=2, bitrate=1)


def text(language: str, kind: SubtitleKind) -> SubtitleTrack:
    return SubtitleTrack(folder=language, file=language, language=language, name=language, kind=kind)


@pytest.mark.parametrize(
    ("preferences", "chosen"),
    [
        (Preferences(), ("ja", ORIGINAL)),
        (Preferences(audio_language="en"), ("en", DUBBED)),
        (Preferences(audio_language="EN-us"), ("en", DUBBED)),
        (Preferences(audio_language="en", audio_description=True), ("en", DESCRIPTION)),
        (Preferences(audio_description=True), ("en", DESCRIPTION)),
        (Preferences(audio_language="es-419"), ("es-419", DUBBED)),
        (Preferences(audio_language="es", audio_description=True), ("es-ES", DUBBED)),
        (Preferences(audio_language="fr"), ("ja", ORIGINAL)),
    ],
)
def test_sound_is_by_the_profiles_preferences(preferences: Preferences, chosen: tuple[str, AudioKind]) -> None:
    for tracks in (SOUNDS, (SOUNDS[2], *SOUNDS[:2], *SOUNDS[3:])):
        found = choose_audio([sound(*track) for track in tracks], preferences)
        assert found is not None
        assert (found.language, found.kind) == chosen


def test_a_description_is_heard_by_who_asks_for_one_or_where_there_is_nothing_else() -> None:
    only = [sound("en", DESCRIPTION)]
    assert choose_audio([*only, sound("ja", ORIGINAL)], Preferences(audio_language="en")) == sound("ja", ORIGINAL)
    assert choose_audio(only, Preferences()) == only[0]
    assert choose_audio([], Preferences()) is None


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, None),
        ("en", ("en", PLAIN)),
        ("es", None),
        ("pt", ("pt", PLAIN)),
        ("pt-BR", ("pt-BR", CAPTIONS)),
        ("pt-PT", ("pt", PLAIN)),
        ("fr", None),
    ],
)
def test_subtitles_are_by_the_profiles_preferences(wanted: str | None, chosen: tuple[str, SubtitleKind] | None) -> None:
    found = choose_subtitle([text(*track) for track in TEXTS], Preferences(subtitle_language=wanted))
    assert (found and (found.language, found.kind)) == chosen


seconds = st.floats(min_value=-100, max_value=1000, allow_nan=False)


@given(st.none() | seconds, st.none() | st.tuples(seconds, st.booleans()), st.floats(min_value=1, max_value=900))
def test_it_begins_where_it_is_asked_to_else_where_it_was_left_off(
    asked: float | None, left: tuple[float, bool] | None, duration: float
) -> None:
    held = left and WatchProgress("tit_1", "tit_1", max(0.0, left[0]), duration, left[1], datetime.now(UTC))
    start = choose_start(asked, held or None, duration)
    assert 0 <= start <= duration
    if asked is not None and 0 <= asked <= duration:
        assert start == asked
    elif asked is None:
        resumes = held is not None and held is not False and not held.completed and held.position < duration
        assert start == (held.position if resumes and held else 0.0)
