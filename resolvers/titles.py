"""Fields of a title, and the lists that hang on titles, genres and people."""

from collections.abc import Callable, Sequence
from datetime import datetime

import strawberry
from msgspec import Struct

from bff.artwork.briefs import PersonBrief
from bff.artwork.sizes import ImageKind
from bff.context import Info, OperationContext
from bff.domain import next_up, synopsis
from bff.domain.devices import DeviceClass
from bff.domain.paging import CARDS_CAP, LIST_CAP, Key, Page, check_first, check_ids, take_page
from bff.domain.profile_state import Thumb, WatchProgress
from bff.domain.titles import (
    AnyPlayable,
    AnyTitleCard,
    ArtworkKind,
    Credit,
    CreditRole,
    Episode,
    Genre,
    Person,
    TitleCard,
    Trailer,
)
from bff.domain.visibility import Visibility, judge
from bff.execution import batched, gives_kept
from resolvers.enums import SynopsisLength
from resolvers.pictures import Picture, make_picture, open_album
from resolvers.previews import PreviewView, view_preview

DEFAULT_PAGE = 20

TitlePage = Page[AnyTitleCard]


class AvailabilityView(Struct, frozen=True):
    region: str
    is_available: bool
    opens: datetime | None
    closes: datetime | None


class ProgressView(Struct, frozen=True):
    """Progress with the playable that it is of; times in seconds."""

    position: float
    duration: float
    fraction: float
    completed: bool
    updated_at: datetime
    playable: AnyPlayable


def find_visible(context: OperationContext, title_id: str) -> AnyTitleCard | None:
    """The title, unless it is as good as absent for this viewer."""
    card = context.catalogue.cards.get(title_id)
    if card is None or judge(card, context.audience, context.now) is Visibility.ABSENT:
        return None
    return card


def find_visible_playable(context: OperationContext, playable_id: str) -> AnyPlayable | None:
    """The film, episode or trailer, unless its title is as good as absent for this viewer."""
    playable = context.catalogue.find_playable(playable_id)
    if playable is None or find_visible(context, title_id_of(playable)) is None:
        return None
    return playable


def get_title(playable: AnyPlayable) -> AnyTitleCard:
    match playable:
        case Episode():
            return playable.series
        case Trailer():
            return playable.title
        case _:
            return playable


def title_id_of(playable: AnyPlayable) -> str:
    return get_title(playable).id


async def find_title(info: Info, id: strawberry.ID) -> AnyTitleCard | None:
    return find_visible(info.context, id)


async def find_titles(info: Info, ids: list[strawberry.ID]) -> list[AnyTitleCard | None]:
    check_ids(ids)
    return [find_visible(info.context, identifier) for identifier in ids]


@batched
def write_synopses(
    roots: Sequence[TitleCard], info: Info, length: SynopsisLength | None = SynopsisLength.AUTO
) -> Sequence[str]:
    is_small = info.context.device_class in (DeviceClass.MOBILE, DeviceClass.TABLET)
    if length is SynopsisLength.SHORT or (length is not SynopsisLength.FULL and is_small):
        return [synopsis.shorten(root.synopsis) for root in roots]
    return [root.synopsis for root in roots]


@batched
@gives_kept
def list_genres(roots: Sequence[TitleCard], info: Info) -> Sequence[Sequence[Genre]]:
    return info.context.catalogue.genre_lists.list_values(roots)


def list_credits(
    root: strawberry.Parent[TitleCard], role: CreditRole | None = None, first: int | None = 20
) -> list[Credit]:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    return [credit for credit in root.credits if role is None or credit.role is role][:wanted]


def get_person(root: strawberry.Parent[Credit]) -> Person:
    return Person(id=root.person_id, name=root.name)


@batched
@gives_kept
def picture_titles(
    roots: Sequence[TitleCard],
    info: Info,
    kind: ArtworkKind | None = ArtworkKind.BOXART,
    width: int | None = None,
) -> Sequence[Picture]:
    return open_album(info.context, ImageKind(kind or ArtworkKind.BOXART), width).list_values(roots)


def picture_person(root: strawberry.Parent[Person], info: Info, width: int | None = None) -> Picture | None:
    """A monogram."""
    return make_picture(
        info.context,
        subject_id=root.id,
        kind=ImageKind.PHOTO,
        version=PersonBrief(name=root.name).version,
        alt=root.name,
        width=width,
    )


def get_preview(root: strawberry.Parent[AnyTitleCard], info: Info, width: int | None = None) -> PreviewView | None:
    """None until its video was made."""
    return view_preview(info.context, root, "hover", width)


def list_trailers(root: strawberry.Parent[AnyTitleCard]) -> list[Trailer]:
    """Those that play."""
    return [Trailer(title=root, card=trailer) for trailer in root.trailers if trailer.video is not None]


def get_availability(root: strawberry.Parent[TitleCard], info: Info) -> AvailabilityView:
    context = info.context
    window = root.windows.get(context.audience.region)
    return AvailabilityView(
        region=context.audience.region,
        is_available=judge(root, context.audience, context.now) is Visibility.OPEN,
        opens=window.opens if window is not None else None,
        closes=window.closes if window is not None else None,
    )


@batched
def list_matches(roots: Sequence[TitleCard], info: Info) -> Sequence[int | None]:
    """Null until recommendations know the profile."""
    del info
    return [None] * len(roots)


@batched
def find_in_my_list(roots: Sequence[TitleCard], info: Info) -> Sequence[bool | None]:
    state = info.context.state
    if state is None:
        return [None] * len(roots)
    listed = state.listed_ids
    if not listed:
        return [False] * len(roots)
    return [root.id in listed for root in roots]


def get_my_rating(root: strawberry.Parent[TitleCard], info: Info) -> Thumb | None:
    state = info.context.state
    if state is None:
        return None
    rating = state.ratings.get(root.id)
    return None if rating is None else rating.thumb


def get_play(root: strawberry.Parent[TitleCard], info: Info) -> AnyPlayable | None:
    state = info.context.state
    return next_up.choose_playable(root, state.progress if state is not None else {})  # type: ignore[arg-type]


def get_progress(root: strawberry.Parent[TitleCard | Episode | Trailer], info: Info) -> ProgressView | None:
    """A film's, episode's or trailer's own; a series' is that of the episode that the play button starts."""
    state = info.context.state
    if state is None:
        return None
    playable = root if isinstance(root, Episode | Trailer) else next_up.choose_playable(root, state.progress)  # type: ignore[arg-type]
    if playable is None:
        return None
    held = state.progress.get(playable.id)
    return None if held is None else view_progress(held, playable)


def view_progress(progress: WatchProgress, playable: AnyPlayable) -> ProgressView:
    return ProgressView(
        position=progress.position,
        duration=progress.duration,
        fraction=progress.fraction,
        completed=progress.completed,
        updated_at=progress.updated_at,
        playable=playable,
    )


def get_share_url(root: strawberry.Parent[TitleCard], info: Info) -> str:
    return f"{info.context.services.settings.public_url}/title/{root.id}"


def by_popularity(card: AnyTitleCard) -> Key:
    return (-card.popularity, card.id)


def page_similar(
    root: strawberry.Parent[TitleCard], info: Info, first: int | None = None, after: str | None = None
) -> TitlePage:
    context = info.context
    shelf = context.shelf.ids
    found = context.catalogue.similar_to(root)  # type: ignore[arg-type]
    alike = [card for card in found if card.id in shelf]
    places = {card.id: place for place, card in enumerate(alike)}
    return page_cards(alike, f"similar:{root.id}", lambda card: (places[card.id],), first, after)


def page_genre(
    root: strawberry.Parent[Genre], info: Info, first: int | None = None, after: str | None = None
) -> TitlePage:
    cards = info.context.shelf.by_genre.get(root.id, ())
    return page_cards(cards, f"genre:{root.id}", by_popularity, first, after)


def page_person(
    root: strawberry.Parent[Person], info: Info, first: int | None = None, after: str | None = None
) -> TitlePage:
    shelf = info.context.shelf.ids
    cards = [card for card in info.context.catalogue.titles_by_person.get(root.id, ()) if card.id in shelf]
    return page_cards(cards, f"person:{root.id}", by_popularity, first, after)


def page_cards(
    cards: Sequence[AnyTitleCard],
    scope: str,
    key: Callable[[AnyTitleCard], Key],
    first: int | None,
    after: str | None,
) -> TitlePage:
    """One page of cards that are sorted by `key`, with the cap of cards."""
    wanted = check_first(first, default=DEFAULT_PAGE, cap=CARDS_CAP)
    return take_page(cards, scope=scope, key=key, first=wanted, after=after)
