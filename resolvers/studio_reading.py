"""Reads what operators send into changes that can be taken, with everything that is wrong with it."""

from collections.abc import Callable, Container, Sequence
from typing import Any, TypeVar

from strawberry import UNSET

from bff.catalog.certificates import rate_certificate
from bff.catalog.names import fold_name
from bff.domain import title_changes as rules
from bff.domain.registration import check_country, read_language
from bff.domain.title_changes import (
    AvailabilityChange,
    Column,
    CreditChange,
    EpisodeChange,
    SeasonChange,
    TitleChange,
    TrailerChange,
)
from bff.domain.video import SkipMarker
from bff.stores.title_edits import HeldTitle
from resolvers.enums import TitleType
from resolvers.reading import Reading
from resolvers.studio_inputs import (
    AvailabilityInput,
    CreditInput,
    EpisodeInput,
    SeasonInput,
    SkipMarkerInput,
    TrailerInput,
    UpsertTitleInput,
)

T = TypeVar("T")
R = TypeVar("R")


def read_change(reading: Reading, input: UpsertTitleInput, genre_ids: Container[str]) -> TitleChange:
    """Of use only where `reading` has no refusal; `genre_ids` are those that there are."""
    return TitleChange(
        columns=_read_columns(reading, input),
        genre_ids=_read_genres(reading, input.genre_ids, genre_ids),
        credits=_read_list(reading, "input.credits", input.credits, rules.MOST_CREDITS, _read_credit),
        seasons=_read_numbered(reading, "input.seasons", input.seasons, rules.MOST_SEASONS, _read_season) or (),
        removed_seasons=tuple(
            reading.read(f"input.removedSeasons.{place}", rules.read_number, number) or 0
            for place, number in enumerate(input.removed_seasons or ())
        ),
        trailers=_read_list(reading, "input.trailers", input.trailers, rules.MOST_TRAILERS, _read_trailer),
    )


def check_fit(reading: Reading, input: UpsertTitleInput, title: HeldTitle | None) -> None:
    """Whether the input makes a title, where there is none, and goes with its type."""
    needed = {
        "type": input.type,
        "name": input.name,
        "synopsis": input.synopsis,
        "releaseYear": input.release_year,
    }
    for path, given in needed.items():
        if title is None and given is None:
            reading.refuse(f"input.{path}", "A new title has a type, a name, a synopsis and a year of release.")
    if title is not None and input.type not in (None, title.type):
        reading.refuse("input.type", f"This title is of type {title.type}, and stays so.")
    held = input.type if title is None else title.type
    if held == TitleType.MOVIE and (input.seasons or input.removed_seasons):
        reading.refuse("input.seasons", "A film has no seasons.")
    if held == TitleType.SERIES and input.duration not in (None, UNSET):
        reading.refuse("input.duration", "A series has no duration: its episodes do.")


def read_availability(
    reading: Reading, windows: Sequence[AvailabilityInput], removed: Sequence[str]
) -> AvailabilityChange:
    """Of use only where `reading` has no refusal."""
    read = {}
    gone = []
    for place, window in enumerate(windows):
        region = reading.read(f"windows.{place}.region", check_country, window.region)
        found = reading.read(
            f"windows.{place}.until", lambda given: rules.read_window(*given), (window.opens, window.closes)
        )
        if region in read:
            reading.refuse(f"windows.{place}.region", f"{region} is named twice.")
        if region is not None and found is not None:
            read[region] = found
    for place, given in enumerate(removed):
        region = reading.read(f"removedRegions.{place}", check_country, given)
        if region in read:
            reading.refuse(f"removedRegions.{place}", f"{region} is given a window at the same time.")
        if region is not None:
            gone.append(region)
    return AvailabilityChange(read, tuple(gone))


def read_markers(
    reading: Reading, markers: Sequence[SkipMarkerInput], duration: float | None
) -> tuple[SkipMarker, ...]:
    """Of something that lasts `duration` seconds, None where nobody knows; of use only without a refusal."""
    read = [
        reading.read(
            f"markers.{place}", lambda given: rules.read_marker(given.kind, given.start, given.end, duration), marker
        )
        for place, marker in enumerate(markers)
    ]
    found = tuple(marker for marker in read if marker is not None)
    reading.read("markers", rules.check_markers, found)
    return found


def _read_columns(reading: Reading, input: UpsertTitleInput) -> dict[str, Column]:
    certificate = input.certificate
    maturity = input.maturity_rating
    readers: dict[str, tuple[Any, Callable[[Any], Column]]] = {
        "name": (_set(input.name), rules.read_line),
        "original_name": (input.original_name, rules.read_line),
        "original_language": (input.original_language, read_language),
        "synopsis": (_set(input.synopsis), lambda text: rules.read_text(text, rules.LONGEST_SYNOPSIS)),
        "release_year": (_set(input.release_year), rules.read_year),
        "certificate": (certificate, lambda text: rules.read_line(text, rules.LONGEST_CERTIFICATE)),
        "duration": (input.duration, rules.read_duration),
    }
    columns: dict[str, Column] = {}
    for name, (given, read) in readers.items():
        if given is not UNSET:
            path = f"input.{_CAMEL.get(name, name)}"
            columns[name] = None if given is None else reading.read(path, read, given)
    if maturity is not None:
        columns["maturity"] = int(maturity)
    elif certificate is not UNSET:
        columns["maturity"] = int(rate_certificate(certificate))
    return columns


_CAMEL = {"original_name": "originalName", "original_language": "originalLanguage", "release_year": "releaseYear"}


def _set(given: T | None) -> Any:
    """What cannot be cleared is left as is by null, too."""
    return UNSET if given is None else given


def _read_genres(reading: Reading, given: Sequence[str] | None, known: Container[str]) -> tuple[str, ...] | None:
    if given is None:
        return None
    if len(given) > rules.MOST_GENRES:
        reading.refuse("input.genreIds", f"A title has {rules.MOST_GENRES} genres at most.")
    for place, genre_id in enumerate(given):
        if genre_id not in known:
            reading.refuse(f"input.genreIds.{place}", "There is no such genre: take ids from `genres`.")
    return tuple(dict.fromkeys(given))


def _read_list(
    reading: Reading, path: str, given: Sequence[T] | None, most: int, read: Callable[[Reading, str, T], R]
) -> tuple[R, ...] | None:
    if given is None:
        return None
    if len(given) > most:
        reading.refuse(path, f"There are {most} at most.")
        return ()
    return tuple(read(reading, f"{path}.{place}", item) for place, item in enumerate(given))


def _read_numbered(
    reading: Reading, path: str, given: Sequence[Any] | None, most: int, read: Callable[[Reading, str, Any], R]
) -> tuple[R, ...] | None:
    """What is known by its number stands in a list once."""
    found = _read_list(reading, path, given, most, read)
    numbers = [item.number for item in given or ()]
    for place, number in enumerate(numbers):
        if number in numbers[:place]:
            reading.refuse(f"{path}.{place}.number", f"Number {number} stands here twice.")
    return found


def _read_credit(reading: Reading, path: str, given: CreditInput) -> CreditChange:
    name = reading.read(f"{path}.name", _read_person, given.name)
    character = None if given.character is None else reading.read(f"{path}.character", rules.read_line, given.character)
    return CreditChange(name or "", given.role, character)


def _read_person(name: str) -> str:
    read = rules.read_line(name)
    if not fold_name(read):
        raise ValueError("A person's name has letters or digits.")
    return read


def _read_season(reading: Reading, path: str, given: SeasonInput) -> SeasonChange:
    return SeasonChange(
        number=reading.read(f"{path}.number", rules.read_number, given.number) or 0,
        name=None if given.name is None else reading.read(f"{path}.name", rules.read_line, given.name),
        episodes=_read_numbered(reading, f"{path}.episodes", given.episodes, rules.MOST_EPISODES, _read_episode),
    )


def _read_episode(reading: Reading, path: str, given: EpisodeInput) -> EpisodeChange:
    def read(name: str, rule: Callable[[Any], R], value: Any) -> R | None:
        return None if value is None else reading.read(f"{path}.{name}", rule, value)

    return EpisodeChange(
        number=read("number", rules.read_number, given.number) or 0,
        name=read("name", rules.read_line, given.name) or "",
        synopsis=read("synopsis", lambda text: rules.read_text(text, rules.LONGEST_SYNOPSIS), given.synopsis),
        released_at=read("releasedAt", rules.read_instant, given.released_at),
        duration=read("duration", rules.read_duration, given.duration),
    )


def _read_trailer(reading: Reading, path: str, given: TrailerInput) -> TrailerChange:
    return TrailerChange(reading.read(f"{path}.name", _read_person, given.name) or "", given.id)
