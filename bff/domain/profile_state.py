"""What a profile has done and chosen: one document a profile, read whole by every request of it."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from bff.domain.titles import MaturityRating


class Thumb(StrEnum):
    UP = "UP"
    DOWN = "DOWN"


class ListEntry(Struct, frozen=True):
    """`position` orders My List, lowest first."""

    title_id: str
    position: float
    added_at: datetime


class Rating(Struct, frozen=True):
    thumb: Thumb
    rated_at: datetime


class WatchProgress(Struct, frozen=True):
    """`position` and `duration` in seconds. `dismissed`: taken out of continue watching, until it plays again."""

    playable_id: str
    title_id: str
    position: float
    duration: float
    completed: bool
    updated_at: datetime
    dismissed: bool = False

    @property
    def fraction(self) -> float:
        """0..1."""
        return min(1.0, self.position / self.duration) if self.duration > 0 else 0.0

    @property
    def is_finished_film(self) -> bool:
        """A film has the same id as title and as playable."""
        return self.completed and self.playable_id == self.title_id


class Arrangement(Struct, frozen=True):
    """Keys of rows: the profile's own order, and the rows that it does not want."""

    order: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


class Preferences(Struct, frozen=True):
    """How the profile likes to watch; languages are BCP 47 tags, None for the title's own choice."""

    autoplay_next: bool = True
    autoplay_previews: bool = True
    auto_download_next: bool = False
    audio_language: str | None = None
    subtitle_language: str | None = None
    audio_description: bool = False
    playback_speed: float = 1.0
    data_saver: bool = False
    high_contrast: bool = False
    keep_history: bool = True


class ProfileState(Struct, frozen=True, kw_only=True, dict=True):
    """`version` grows with every change, so that an older copy never replaces a newer one.

    `progress` is keyed by playable id, `ratings` by title id; `my_list` is in its order.
    """

    profile_id: str
    account_id: str
    version: int
    is_kids: bool
    language: str
    ceiling: MaturityRating
    preferences: Preferences
    my_list: tuple[ListEntry, ...] = ()
    ratings: dict[str, Rating] = {}
    progress: dict[str, WatchProgress] = {}
    arrangement: Arrangement = Arrangement()

    @cached_property
    def listed_ids(self) -> frozenset[str]:
        """Ids of the titles on My List."""
        return frozenset(entry.title_id for entry in self.my_list)

    @cached_property
    def progress_by_title(self) -> dict[str, tuple[WatchProgress, ...]]:
        """All progress of each title that has any: of a series that of its episodes."""
        grouped: dict[str, list[WatchProgress]] = {}
        for entry in self.progress.values():
            grouped.setdefault(entry.title_id, []).append(entry)
        return {title_id: tuple(entries) for title_id, entries in grouped.items()}
