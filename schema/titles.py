"""The catalogue: titles and what plays, genres, people, pictures."""

from datetime import datetime

import strawberry

from bff.context import Reads
from bff.domain import video
from bff.domain.devices import ImageFormat, VideoCodec
from bff.domain.paging import Edge, Page
from bff.domain.profile_state import Thumb
from bff.domain.titles import Badge, CreditRole, MaturityRating, MovieCard, SeriesCard
from bff.domain.titles import Credit as CreditValue
from bff.domain.titles import Episode as EpisodeValue
from bff.domain.titles import Genre as GenreValue
from bff.domain.titles import Person as PersonValue
from bff.domain.titles import Season as SeasonValue
from bff.domain.titles import Trailer as TrailerValue
from bff.domain.video import AudioKind, Quality, SkipKind, SubtitleKind, VideoState
from bff.execution import shows
from resolvers import badges, playables, seasons, titles
from resolvers.inputs import Seconds
from resolvers.pictures import Picture
from resolvers.previews import PreviewView
from schema.access import field
from schema.common import Node, PageInfo
from schema.scalars import URL


@strawberry.type(description="A picture, in the format and size that fit the device.")
@shows(Picture)
class Image:
    url: URL = field(description="Opaque and versioned: what it names never changes.")
    width: int
    height: int
    format: ImageFormat
    alt: str = field(description="For those who do not see it.")
    placeholder: str | None = field(description="ThumbHash, base64, to paint before the picture is there.")


@strawberry.type(description="A short silent clip.")
@shows(PreviewView)
class Preview:
    url: URL
    duration: Seconds
    width: int
    height: int
    codec: VideoCodec


@strawberry.type(
    description=(
        "Scrubbing thumbnails: a WebVTT file whose cues point into sprite sheets; `vttUrl` is null outside a playback "
        "session."
    )
)
@shows(playables.TrickPlayView)
class TrickPlay:
    vtt_url: URL | None
    tile_width: int
    tile_height: int
    interval: Seconds


@strawberry.type(description="A sound track that can be chosen.")
@shows(video.AudioTrack)
class AudioTrack:
    language: str
    name: str
    kind: AudioKind
    channels: int


@strawberry.type(description="Subtitles that can be chosen; `url` is null outside a playback session.")
@shows(playables.SubtitleView)
class SubtitleTrack:
    language: str
    name: str
    kind: SubtitleKind
    url: URL | None


@strawberry.type(description="`bitrate` in bits a second; `vmaf` the mean of the encode, 0..100.")
@shows(video.Rendition)
class Rendition:
    quality: Quality
    width: int
    height: int
    bitrate: int
    codec: VideoCodec
    hdr: bool
    vmaf: float | None


@strawberry.type(description="A part of a playable that can be skipped.")
@shows(video.SkipMarker)
class SkipMarker:
    kind: SkipKind
    start: Seconds
    end: Seconds


@strawberry.type(description="Whether, from when and until when a title can be watched in the request's region.")
@shows(titles.AvailabilityView)
class Availability:
    region: str
    is_available: bool
    opens: datetime | None = field(name="from", description="Null where it is not licensed.")
    closes: datetime | None = field(name="until", description="Null where it stays.")


@strawberry.type(description="How far the profile has come. `fraction` is 0..1.")
@shows(titles.ProgressView)
class Progress:
    position: Seconds
    duration: Seconds
    fraction: float
    completed: bool
    updated_at: datetime
    playable: "Playable"


@strawberry.interface(description="A film or a series.")
class Title(Node):
    name: str
    original_name: str | None = field(description="As first released, where it differs from `name`.")
    original_language: str | None = field(description="A BCP 47 tag, where the catalogue knows it.")
    synopsis: str = field(
        titles.write_synopses,
        reads=(Reads.DEVICE_CLASS,),
        description="Shortened for the device unless a length is given.",
    )
    release_year: int
    maturity: MaturityRating = field(name="maturityRating")
    certificate: str | None = field(description="As certified: TV-MA, PG-13, 15.")
    genres: list["Genre"] = field(titles.list_genres, reads=(Reads.GENRES,), description="The most telling first.")
    credits: list["Credit"] = field(titles.list_credits, reads=(), description="In billing order; at most 100.")
    artwork: Image = field(
        titles.picture_titles,
        reads=(Reads.DEVICE_CLASS, Reads.IMAGE_FORMAT),
        description="Format and size follow the device: `width` is a wish, answered by the nearest that is drawn.",
    )
    preview: Preview | None = field(
        titles.get_preview, reads=(Reads.DEVICE_CLASS,), description="The clip behind a card or the hero."
    )
    trailers: list["Trailer"] = field(titles.list_trailers, reads=())
    badges: list[Badge] = field(badges.list_badges, reads=(Reads.REGION, Reads.DAY, Reads.TOP_TEN), max_age=60)
    availability: Availability = field(titles.get_availability, max_age=60)
    average_rating: float | None = field(description="0..10, over `ratingCount` ratings.")
    rating_count: int
    match: int | None = field(
        titles.list_matches, description="How well the title fits the profile, 0..100; null without a profile."
    )
    is_in_my_list: bool | None = field(titles.find_in_my_list, description="Null without a profile.")
    my_rating: Thumb | None = field(titles.get_my_rating, description="Null without a profile.")
    progress: Progress | None = field(titles.get_progress, description="Of what the play button starts.")
    play: "Playable | None" = field(
        titles.get_play, description="What the play button starts: the film, or the right episode."
    )
    similar: "TitleConnection | None" = field(
        titles.page_similar, description="The most alike first; 75 a page at most."
    )
    share_url: URL = field(titles.get_share_url, reads=(), description="Opens the title in the web client or the app.")


@strawberry.interface(
    description="What plays: a film, an episode, a trailer. Without a video its tracks and renditions are empty."
)
class Playable(Node):
    name: str
    title: Title = field(playables.get_title)
    label: str | None = field(playables.get_label, description="Where it stands in its series: S2:E3. Null for a film.")
    duration: Seconds | None
    video: VideoState = field(playables.get_video)
    still: Image | None = field(playables.picture_still)
    progress: Progress | None = field(titles.get_progress)
    thumbnails: TrickPlay | None = field(playables.get_thumbnails)
    audio_tracks: list[AudioTrack] = field(playables.list_audio_tracks)
    subtitles: list[SubtitleTrack] = field(playables.list_subtitles)
    renditions: list[Rendition] = field(
        playables.list_renditions, description="Renditions this device and plan can play, best first."
    )
    skip_markers: list[SkipMarker] = field(playables.list_skip_markers)
    next: "Playable | None" = field(playables.get_next, description="What plays when it has ended.")


@strawberry.type(description="A film: a title that plays itself.")
@shows(MovieCard, cached_by="id")
class Movie(Title, Playable):
    pass


@strawberry.type(description="A series, with its seasons.")
@shows(SeriesCard, cached_by="id")
class Series(Title):
    season_count: int = field(seasons.count_seasons)
    season: "Season | None" = field(seasons.get_season)
    seasons: list["Season"] = field(seasons.list_seasons, description="At most 100.")


@strawberry.type(description="A season of a series.")
@shows(SeasonValue)
class Season(Node):
    id: strawberry.ID = field(seasons.get_season_id)
    number: int = field(seasons.get_season_number)
    name: str = field(seasons.get_season_name)
    series: Series
    episode_count: int | None = field(
        seasons.count_episodes, description="Null where the catalogue names no episodes; `episodes` is then empty."
    )
    episodes: "EpisodeConnection | None" = field(seasons.page_episodes)


@strawberry.type(description="A page of a season, in its order.")
@shows(Page)
class EpisodeConnection:
    edges: list["EpisodeEdge"]
    page_info: PageInfo


@strawberry.type(description="An episode in its place; paging goes on behind `cursor`.")
@shows(Edge)
class EpisodeEdge:
    cursor: str
    node: "Episode"


@strawberry.type(description="An episode of a series.")
@shows(EpisodeValue)
class Episode(Playable):
    season: Season = field(seasons.get_season_of_episode)
    number: int = field(seasons.get_episode_number)
    synopsis: str | None = field(seasons.get_episode_synopsis)
    released_at: datetime | None = field(seasons.get_episode_release)


@strawberry.type(description="A trailer of a title.")
@shows(TrailerValue)
class Trailer(Playable):
    pass


@strawberry.type(description="One of the catalogue's genres.")
@shows(GenreValue)
class Genre(Node):
    name: str
    titles: "TitleConnection | None" = field(titles.page_genre, description="Most popular first; 75 a page at most.")


@strawberry.type(description="Somebody who is credited.")
@shows(PersonValue)
class Person(Node):
    name: str
    bio: str | None
    photo: Image | None = field(titles.picture_person)
    titles: "TitleConnection | None" = field(titles.page_person, description="Most popular first; 75 a page at most.")


@strawberry.type(description="What a person did for a title.")
@shows(CreditValue)
class Credit:
    person: Person = field(titles.get_person, reads=())
    role: CreditRole
    character: str | None


@strawberry.type(description="A page of titles; `totalCount` is that of the whole list.")
@shows(Page)
class TitleConnection:
    edges: list["TitleEdge"]
    page_info: PageInfo
    total_count: int | None


@strawberry.type(description="A title in its place; paging goes on behind `cursor`.")
@shows(Edge)
class TitleEdge:
    cursor: str
    node: Title
