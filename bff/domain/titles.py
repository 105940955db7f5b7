"""The read models of the catalogue: frozen, decoded once from `title_card` documents, shared by all requests.

They hold what is the same for every viewer; what depends on the viewer is computed over them.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct

from bff.domain.video import SkipMarker, Video, VideoState

_PLAYING = frozenset({VideoState.READY, VideoState.PROCESSING})


class MaturityRating(IntEnum):
    """The lowest age a title is meant for."""

    ALL = 0
    AGE_7 = 7
    AGE_13 = 13
    AGE_16 = 16
    AGE_18 = 18


class CreditRole(StrEnum):
    ACTOR = "ACTOR"
    DIRECTOR = "DIRECTOR"
    WRITER = "WRITER"
    PRODUCER = "PRODUCER"


class ArtworkKind(StrEnum):
    BOXART = "BOXART"
    WIDE = "WIDE"
    HERO = "HERO"
    LOGO = "LOGO"


class Badge(StrEnum):
    NEW = "NEW"
    NEW_EPISODES = "NEW_EPISODES"
    LEAVING_SOON = "LEAVING_SOON"
    TOP_TEN = "TOP_TEN"


class Genre(Struct, frozen=True, gc=False):
    """`slug` is the key of the mapping table in `demo/`: `action-adventure`."""

    id: str
    slug: str
    name: str


class Person(Struct, frozen=True, gc=False):
    id: str
    name: str
    bio: str | None = None


class Credit(Struct, frozen=True, gc=False):
    """`name` is the person's, repeated here so that a card needs no second read."""

    person_id: str
    name: str
    role: CreditRole
    character: str | None = None


class LicenceWindow(Struct, frozen=True, gc=False):
    """When a title may be shown in a region; open without end when `closes` is None."""

    opens: datetime
    closes: datetime | None = None


class Artwork(Struct, frozen=True, gc=False):
    """What the drawn artwork of a title depends on.

    `version` changes with anything that changes the picture; `palette` is `#rrggbb` from dark to light, drawn from
    the genres; `placeholders` maps an `ArtworkKind` to its ThumbHash in base64.
    """

    version: str
    palette: tuple[str, ...]
    placeholders: dict[str, str]


class EpisodeCard(Struct, frozen=True, gc=False):
    """`duration` is in seconds; `number` counts within the season."""

    id: str
    number: int
    name: str
    synopsis: str | None = None
    released_at: datetime | None = None
    duration: float | None = None
    video: Video | None = None
    video_state: VideoState = VideoState.NONE
    markers: tuple[SkipMarker, ...] = ()


class TrailerCard(Struct, frozen=True, gc=False):
    """Something of a title that plays, and is not the title: a trailer, a clip. `duration` is in seconds."""

    id: str
    name: str
    duration: float | None = None
    video: Video | None = None
    video_state: VideoState = VideoState.NONE
    markers: tuple[SkipMarker, ...] = ()


class SeasonCard(Struct, frozen=True, gc=False):
    """`episode_count` is None, and `episodes` empty, where the catalogue names no episodes."""

    id: str
    number: int
    name: str
    episode_count: int | None = None
    episodes: tuple[EpisodeCard, ...] = ()


class TitleCard(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """Everything about a title that screens show, in one document.

    `windows` maps a region (ISO 3166-1 alpha-2) to its licence window; a region that is missing was never licensed.
    `popularity` orders titles, higher first, and is unique up to ties broken by id. `average_rating` is 0..10.
    `genre_ids` and `credits` stand in billing order. `is_hidden` is set while an operator has withdrawn the title.
    """

    id: str
    name: str
    original_name: str | None = None
    original_language: str | None = None
    synopsis: str
    release_year: int
    maturity: MaturityRating
    certificate: str | None = None
    genre_ids: tuple[str, ...]
    credits: tuple[Credit, ...]
    windows: dict[str, LicenceWindow]
    added_at: datetime
    popularity: float
    average_rating: float | None = None
    rating_count: int = 0
    artwork: Artwork
    trailers: tuple[TrailerCard, ...] = ()
    is_hidden: bool = False


class MovieCard(TitleCard, frozen=True, kw_only=True, gc=False, tag="MOVIE"):
    """`duration` is in seconds."""

    duration: float | None = None
    video: Video | None = None
    video_state: VideoState = VideoState.NONE
    markers: tuple[SkipMarker, ...] = ()


class SeriesCard(TitleCard, frozen=True, kw_only=True, gc=False, tag="SERIES"):
    seasons: tuple[SeasonCard, ...]

    def walk_episodes(self) -> Iterator[tuple[SeasonCard, EpisodeCard]]:
        """All episodes in the order in which they are watched."""
        for season in self.seasons:
            for episode in season.episodes:
                yield season, episode


AnyTitleCard = MovieCard | SeriesCard


def plays(card: AnyTitleCard) -> bool:
    """Whether there is a video of any of it, or one in the making."""
    if isinstance(card, MovieCard):
        return card.video_state in _PLAYING
    return any(episode.video_state in _PLAYING for _, episode in card.walk_episodes())


class Season(Struct, frozen=True, gc=False):
    """A season with the series that it belongs to."""

    series: SeriesCard
    card: SeasonCard


class _Part(Struct, frozen=True, gc=False):
    """What plays, and is a part of a title; it shows what its card holds."""

    card: EpisodeCard | TrailerCard

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def duration(self) -> float | None:
        return self.card.duration

    @property
    def video(self) -> Video | None:
        return self.card.video

    @property
    def video_state(self) -> VideoState:
        return self.card.video_state

    @property
    def markers(self) -> tuple[SkipMarker, ...]:
        return self.card.markers


class Episode(_Part, frozen=True, kw_only=True, gc=False):
    """An episode with the season and series that it belongs to."""

    series: SeriesCard
    season: SeasonCard
    card: EpisodeCard

    @property
    def label(self) -> str:
        """Where it stands in its series: S2:E3."""
        return f"S{self.season.number}:E{self.card.number}"


class Trailer(_Part, frozen=True, kw_only=True, gc=False):
    """A trailer with the title that it belongs to."""

    title: AnyTitleCard
    card: TrailerCard


AnyPlayable = MovieCard | Episode | Trailer
