"""What a profile keeps and says: My List, ratings, continue watching."""

from datetime import datetime

import strawberry
from msgspec import Struct

from bff.context import Info, OperationContext
from bff.domain import next_up
from bff.domain.paging import CARDS_CAP, Key, Page, PageInfo, check_first, take_page
from bff.domain.profile_state import ProfileState, Thumb, WatchProgress
from bff.domain.titles import AnyPlayable, AnyTitleCard
from bff.domain.visibility import Visibility, judge
from bff.errors import NotFound
from bff.stores import profile_state as store
from resolvers.titles import ProgressView, find_visible, view_progress

DEFAULT_PAGE = 20


class ListedTitle(Struct, frozen=True):
    title: AnyTitleCard
    position: float
    added_at: datetime


class ListEdge(Struct, frozen=True):
    cursor: str
    node: AnyTitleCard
    added_at: datetime


class ListPage(Struct, frozen=True):
    edges: tuple[ListEdge, ...]
    page_info: PageInfo
    total_count: int


class ContinueItem(Struct, frozen=True):
    """`id` is unique among items of all rows, so that clients' caches keep them apart.

    `watched_at` is when anything of the title was watched last, which may be an earlier episode than `playable`.
    """

    id: str
    title: AnyTitleCard
    playable: AnyPlayable
    progress: ProgressView
    watched_at: datetime


class TitlePayload(Struct, frozen=True):
    """The title that a mutation changed something about; lists are read from the state after it."""

    title: AnyTitleCard


async def page_my_list(info: Info, first: int | None = None, after: str | None = None) -> ListPage:
    return take_list_page(info.context, first, after)


def page_list_after_change(
    root: strawberry.Parent[TitlePayload], info: Info, first: int | None = None, after: str | None = None
) -> ListPage:
    del root
    return take_list_page(info.context, first, after)


async def page_continue_watching(info: Info, first: int | None = None, after: str | None = None) -> Page[ContinueItem]:
    return take_continue_page(info.context, first, after)


def page_continue_after_change(
    root: strawberry.Parent[TitlePayload], info: Info, first: int | None = None, after: str | None = None
) -> Page[ContinueItem]:
    del root
    return take_continue_page(info.context, first, after)


def take_list_page(context: OperationContext, first: int | None, after: str | None) -> ListPage:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=CARDS_CAP)
    listed = [
        ListedTitle(title=card, position=entry.position, added_at=entry.added_at)
        for entry in context.require_state().my_list
        if (card := find_visible(context, entry.title_id)) is not None
    ]
    page = take_page(listed, scope="my-list", key=_by_position, first=wanted, after=after)
    return ListPage(
        edges=tuple(
            ListEdge(cursor=edge.cursor, node=edge.node.title, added_at=edge.node.added_at) for edge in page.edges
        ),
        page_info=page.page_info,
        total_count=len(listed),
    )


def list_continue_items(context: OperationContext) -> list[ContinueItem]:
    """What can be taken up again, latest first: the episode to go on with, or the film."""
    state = context.require_state()
    items = []
    for entry in next_up.list_unfinished(state):
        card = context.catalogue.cards.get(entry.title_id)
        if card is None or judge(card, context.audience, context.now) is not Visibility.OPEN:
            continue
        item = make_continue_item(state, card, watched_at=entry.updated_at)
        if item is not None:
            items.append(item)
    return items


def make_continue_item(
    state: ProfileState, card: AnyTitleCard, identifier: str | None = None, *, watched_at: datetime | None = None
) -> ContinueItem | None:
    """None where there is nothing to go on with: no progress, or every episode was seen."""
    playable = next_up.choose_resumable(card, state)
    if playable is None:
        return None
    if watched_at is None:
        watched_at = max(entry.updated_at for entry in state.progress_by_title[card.id])
    held = state.progress.get(playable.id) or WatchProgress(
        playable_id=playable.id,
        title_id=card.id,
        position=0,
        duration=playable.duration or 0,
        completed=False,
        updated_at=watched_at,
    )
    return ContinueItem(
        id=identifier or f"continue_{card.id}",
        title=card,
        playable=playable,
        progress=view_progress(held, playable),
        watched_at=watched_at,
    )


def take_continue_page(context: OperationContext, first: int | None, after: str | None) -> Page[ContinueItem]:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=CARDS_CAP)
    return take_page(list_continue_items(context), scope="continue", key=_latest_first, first=wanted, after=after)


async def add_to_my_list(info: Info, title_id: strawberry.ID) -> TitlePayload:
    context = info.context
    card = _require_title(context, title_id)
    await context.change_state(store.add_to_list(context.require_state().profile_id, card.id, context.now))
    return TitlePayload(title=card)


async def remove_from_my_list(info: Info, title_id: strawberry.ID) -> TitlePayload:
    context = info.context
    card = _require_title(context, title_id)
    await context.change_state(store.remove_from_list(context.require_state().profile_id, card.id))
    return TitlePayload(title=card)


async def move_in_my_list(info: Info, title_id: strawberry.ID, before_id: strawberry.ID | None = None) -> TitlePayload:
    context = info.context
    card = _require_title(context, title_id)
    state = context.require_state()
    before = _require_title(context, before_id) if before_id is not None else None
    if any(listed.id not in state.listed_ids for listed in (card, before) if listed is not None):
        raise NotFound("My List has no such title; add it first.")
    await context.change_state(store.move_in_list(state.profile_id, card.id, before.id if before else None))
    return TitlePayload(title=card)


async def rate_title(info: Info, title_id: strawberry.ID, thumb: Thumb | None = None) -> AnyTitleCard:
    context = info.context
    card = _require_title(context, title_id)
    await context.change_state(store.rate(context.require_state().profile_id, card.id, thumb, context.now))
    return card


async def remove_from_continue_watching(info: Info, title_id: strawberry.ID) -> TitlePayload:
    context = info.context
    card = _require_title(context, title_id)
    await context.change_state(store.dismiss(context.require_state().profile_id, card.id))
    return TitlePayload(title=card)


def _require_title(context: OperationContext, title_id: str) -> AnyTitleCard:
    card = find_visible(context, title_id)
    if card is None:
        raise NotFound("There is no such title here; take an id from a list, a row or search.")
    return card


def _by_position(listed: ListedTitle) -> Key:
    return (listed.position, listed.title.id)


def _latest_first(item: ContinueItem) -> Key:
    return (-item.watched_at.timestamp(), item.title.id)
