"""Reads TVmaze's series, one JSON object a line with episodes and cast embedded, into records."""

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from bff.catalog.files import BadRowError, ReadRows, number_lines, read_rows
from bff.catalog.names import clean_text

Name = Annotated[str, Meta(pattern=r"\S")]
Day = date | None

_LANGUAGES = {
    "Arabic": "ar",
    "Chinese": "zh",
    "Danish": "da",
    "Dutch": "nl",
    "English": "en",
    "Finnish": "fi",
    "French": "fr",
    "German": "de",
    "Hindi": "hi",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Norwegian": "no",
    "Polish": "pl",
    "Portuguese": "pt",
    "Russian": "ru",
    "Spanish": "es",
    "Swedish": "sv",
    "Turkish": "tr",
}


class TVmazeEpisode(Struct, frozen=True):
    """`duration` is in seconds; `season` may be a year, `number` 0 for a special."""

    id: int
    season: int
    number: int
    name: str
    synopsis: str | None
    aired_on: date | None
    duration: float | None


class TVmazeRole(Struct, frozen=True):
    person: str
    character: str | None


class TVmazeSeries(Struct, frozen=True, kw_only=True):
    """`language` is a BCP 47 tag, `country` ISO 3166-1 alpha-2, `rating` 0..10 without a count of votes."""

    id: int
    name: str
    language: str | None
    labels: tuple[str, ...]
    premiered_on: date
    synopsis: str
    rating: float | None
    country: str | None
    episodes: tuple[TVmazeEpisode, ...]
    cast: tuple[TVmazeRole, ...]


class _Country(Struct):
    code: Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class _Channel(Struct):
    country: _Country | None = None


class _Rating(Struct):
    average: Annotated[float, Meta(ge=0, le=10)] | None = None


class _Named(Struct):
    name: Name


class _Role(Struct):
    person: _Named
    character: _Named | None = None


class _Episode(Struct):
    id: int
    season: Annotated[int, Meta(ge=0, le=9999)]
    name: Name
    number: Annotated[int, Meta(ge=0, le=99_999)] | None = None
    airdate: str | None = None
    runtime: Annotated[int, Meta(ge=0, le=99_999)] | None = None
    summary: str | None = None


class _Embedded(Struct):
    episodes: list[_Episode]
    cast: list[_Role]


class _Show(Struct):
    id: int
    name: Name
    embedded: _Embedded = field(name="_embedded")
    language: str | None = None
    genres: list[str] = []
    type: str | None = None
    premiered: str | None = None
    summary: str | None = None
    rating: _Rating = field(default_factory=_Rating)
    network: _Channel | None = None
    web_channel: _Channel | None = field(default=None, name="webChannel")


_DECODER = msgspec.json.Decoder(_Show)


def read_tvmaze(text: str, file: str) -> ReadRows[TVmazeSeries]:
    """Read the whole file; a line that is no series is left out and reported.

    Raises CatalogueFileError where most lines are none.
    """
    return read_rows(file, number_lines(text), _SeriesParser().parse)


def strip_html(text: str | None) -> str:
    """The text a reader would see, in one line; markup, scripts and styles go, entities become characters."""
    if not text:
        return ""
    reader = _TextReader()
    reader.feed(text)
    reader.close()
    return clean_text("".join(reader.parts))


class _SeriesParser:
    """Parses the lines of one file, and remembers what ids it has met."""

    def __init__(self) -> None:
        self._shows: set[int] = set()
        self._episodes: set[int] = set()

    def parse(self, text: str, line: int) -> TVmazeSeries:  # noqa: ARG002
        series = _parse_series(text)
        episodes = [episode.id for episode in series.episodes]
        if series.id in self._shows:
            raise BadRowError(f"repeats the series {series.id}")
        if len(set(episodes)) < len(episodes) or not self._episodes.isdisjoint(episodes):
            raise BadRowError("repeats the id of an episode")
        self._shows.add(series.id)
        self._episodes.update(episodes)
        return series


def _parse_series(text: str) -> TVmazeSeries:
    if "\\u0000" in text or "\0" in text:
        raise BadRowError("holds a NUL character")
    try:
        show = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise BadRowError(str(error)) from error
    episodes = tuple(sorted(_convert_episodes(show), key=lambda episode: (episode.season, episode.number)))
    if len({(episode.season, episode.number) for episode in episodes}) < len(episodes):
        raise BadRowError("numbers two episodes of a season alike")
    days = [episode.aired_on for episode in episodes if episode.aired_on]
    premiered_on = _parse_day(show.premiered) or min(days, default=None)
    if premiered_on is None:
        raise BadRowError("has no date of its premiere")
    channels = [channel.country for channel in (show.network, show.web_channel) if channel and channel.country]
    return TVmazeSeries(
        id=show.id,
        name=clean_text(show.name),
        language=_LANGUAGES.get(show.language or ""),
        labels=tuple(dict.fromkeys([*show.genres, *([show.type] if show.type else [])])),
        premiered_on=premiered_on,
        synopsis=strip_html(show.summary),
        rating=show.rating.average,
        country=channels[0].code if channels else None,
        episodes=episodes,
        cast=_merge_roles(show.embedded.cast),
    )


def _convert_episodes(show: _Show) -> Iterator[TVmazeEpisode]:
    """Specials that TVmaze gives no number have no place in a season and stay out."""
    for episode in show.embedded.episodes:
        if episode.number is not None:
            yield TVmazeEpisode(
                id=episode.id,
                season=episode.season,
                number=episode.number,
                name=clean_text(episode.name),
                synopsis=strip_html(episode.summary) or None,
                aired_on=_parse_day(episode.airdate),
                duration=episode.runtime * 60.0 if episode.runtime else None,
            )


def _merge_roles(roles: list[_Role]) -> tuple[TVmazeRole, ...]:
    """One role a person, in billing order; who plays several characters gets them side by side."""
    characters: dict[str, list[str]] = {}
    for role in roles:
        played = characters.setdefault(clean_text(role.person.name), [])
        if role.character and role.character.name not in played:
            played.append(role.character.name)
    return tuple(TVmazeRole(person, " / ".join(played) or None) for person, played in characters.items())


def _parse_day(text: str | None) -> Day:
    if not text:
        return None
    if not re.fullmatch(r"(18|19|20)\d\d-\d\d-\d\d", text):
        raise BadRowError(f"date {text!r} is not like 2016-07-15")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRowError(f"date {text!r}: {error}") from error


class _TextReader(HTMLParser):
    _BREAKS = frozenset({"p", "br", "div", "li", "ul", "ol"})
    _SILENT = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silenced = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        self._silenced += tag in self._SILENT
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silenced -= tag in self._SILENT and self._silenced > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silenced:
            self.parts.append(data)

    def _break(self, tag: str) -> None:
        if tag in self._BREAKS:
            self.parts.append(" ")
