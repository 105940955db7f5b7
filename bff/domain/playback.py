"""Playback sessions as they are kept, and the choice of what to start with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bff.domain.entitlements import RefusedRendition
from bff.domain.profile_state import Preferences, WatchProgress
from bff.domain.video import AudioKind, AudioTrack, Quality, SubtitleKind, SubtitleTrack, Video

HEARTBEAT = 30.0
"""Seconds between two reports of a player."""
GRACE = timedelta(hours=2)
"""How long past its length a title may take to be watched: players cannot renew a path."""
KEY_AGE = timedelta(hours=24)
"""How long an idempotency key is remembered."""


class SessionEndReason(StrEnum):
    STOPPED = "STOPPED"
    TAKEN_OVER = "TAKEN_OVER"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class SessionTerms(Struct, frozen=True, kw_only=True):
    """What was settled when a session began, and holds until it ends."""

    video: Video
    """With the renditions that may be shown, and no others."""
    refused: tuple[RefusedRendition, ...]
    start_position: float
    max_quality: Quality


class PlaybackSession(Struct, frozen=True, kw_only=True):
    """One playing of one playable on one device. `position` is in seconds, None in `ended_at` means that it goes on."""

    id: str
    account_id: str
    profile_id: str
    device_id: str
    family_id: str
    playable_id: str
    title_id: str
    region: str
    terms: SessionTerms
    position: float
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: SessionEndReason | None = None

    def find_end(self, now: datetime) -> SessionEndReason | None:
        """Why it is over; None while it goes on."""
        if self.ended_at is not None:
            return self.end_reason or SessionEndReason.REVOKED
        return SessionEndReason.EXPIRED if now >= self.expires_at else None


def choose_start(asked: float | None, held: WatchProgress | None, duration: float) -> float:
    """Where to begin: where the client says, else where the profile left off, else the beginning."""
    if asked is not None:
        return min(max(asked, 0.0), duration)
    if held is None or held.completed or held.position >= duration:
        return 0.0
    return held.position


def choose_audio(tracks: Sequence[AudioTrack], preferences: Preferences) -> AudioTrack | None:
    """The preferred language, described where that is preferred; else the original sound, else the first.

    A description is for those who prefer one: others rather hear another language.
    """
    described = preferences.audio_description

    def rank(track: AudioTrack) -> tuple[bool, int, bool, bool]:
        is_described = track.kind is AudioKind.DESCRIPTION
        return (
            is_described and not described,
            _rank_language(track.language, preferences.audio_language),
            is_described != described,
            track.kind is not AudioKind.ORIGINAL,
        )

    return min(tracks, key=rank, default=None)


def choose_subtitle(tracks: Sequence[SubtitleTrack], preferences: Preferences) -> SubtitleTrack | None:
    """In the preferred language, captions last; None for a profile that prefers none."""
    wanted = preferences.subtitle_language
    if wanted is None:
        return None
    spoken = [
        track
        for track in tracks
        if _rank_language(track.language, wanted) < _ANOTHER_LANGUAGE and track.kind is not SubtitleKind.FORCED
    ]
    return min(
        spoken,
        key=lambda track: (_rank_language(track.language, wanted), track.kind is SubtitleKind.CLOSED_CAPTIONS),
        default=None,
    )


_ANOTHER_LANGUAGE = 2


def _rank_language(language: str, wanted: str | None) -> int:
    """0 for the same BCP 47 tag, 1 for the same language of whatever region, and `_ANOTHER_LANGUAGE`.

    Where none is wanted all are alike.
    """
    if wanted is None or language.lower() == wanted.lower():
        return 0
    is_same = language.split("-", maxsplit=1)[0].lower() == wanted.split("-", maxsplit=1)[0].lower()
    return 1 if is_same else _ANOTHER_LANGUAGE
