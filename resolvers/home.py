"""The home screen: opened from the document that pins it or composed anew, its hero and rows as views."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import strawberry
from msgspec import Struct

from bff.artwork.sizes import ImageKind
from bff.context import Info, OperationContext
from bff.domain.badges import is_leaving, is_new
from bff.domain.devices import DeviceClass
from bff.domain.home import PinnedHome, PinnedRow, RowKind, RowLayout
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import AnyTitleCard
from resolvers.home_composer import open_home
from resolvers.pictures import Picture, open_album
from resolvers.previews import PreviewView, view_preview

PREVIEW_DELAY = {DeviceClass.TV: 2.0, DeviceClass.WEB: 1.5, DeviceClass.TABLET: 1.5, DeviceClass.MOBILE: 1.0}
"""Seconds that the hero stands still before its preview begins: long enough not to startle."""


class HomeView(Struct, frozen=True):
    """Recommendations make it personalised; until they are there, nothing does."""

    id: str
    document: PinnedHome
    is_personalised: bool = False

    @property
    def generated_at(self) -> datetime:
        return self.document.generated_at


class RowView(Struct, frozen=True):
    """A row of one version of a profile's home."""

    id: str
    version: str
    row: PinnedRow
    name: str
    kind: RowKind
    layout: RowLayout
    is_stale: bool


class HeroView(Struct, frozen=True):
    """The same for all to whom a shelf shows this title first."""

    id: str
    title: AnyTitleCard


async def get_home(info: Info) -> HomeView | None:
    """Null for an account that has no profile."""
    context = info.context
    if context.state is None:
        return None
    return await view_home(context)


async def view_home(context: OperationContext) -> HomeView:
    return HomeView(id=name_home(context.require_state().profile_id), document=await open_home(context))


@lru_cache(maxsize=4096)
def name_home(profile_id: str) -> str:
    return derive_id(IdKind.HOME, profile_id)


async def find_home(context: OperationContext, identifier: str) -> HomeView | None:
    """The profile's own home by its id."""
    if context.state is None or name_home(context.state.profile_id) != identifier:
        return None
    return await view_home(context)


async def find_row(context: OperationContext, identifier: str) -> RowView | None:
    """A row of the profile's own home, shown or hidden, by its id.

    One that is not there any more is empty, so that a client can page on through the home that it came from.
    """
    if context.state is None:
        return None
    document = await open_home(context)
    return next(
        (row for row in view_rows(context, document, list_rows(context, document)) if row.id == identifier), None
    )


def list_rows(context: OperationContext, document: PinnedHome) -> list[PinnedRow]:
    """All that a client may hold the id of: shown, hidden, and lately gone."""
    past = (past.row for past in document.past if past.until > context.now)
    return [*document.rows, *document.hidden, *past]


def view_rows(context: OperationContext, document: PinnedHome, rows: Iterable[PinnedRow]) -> list[RowView]:
    prefix = find_row_prefix(context)
    return [view_row(prefix, document.version, row) for row in rows if may_show(context, row)]


def view_row(prefix: str, version: str, row: PinnedRow) -> RowView:
    """`prefix` is that of the ids of the profile's rows."""
    return RowView(prefix + _make_row_suffix(row.key), version, row, row.name, row.kind, row.layout, row.is_stale)


def may_show(context: OperationContext, row: PinnedRow) -> bool:
    """A row that follows from a title names it, so it goes with it; a pinned home may be older than that."""
    return row.because_id is None or find_open(context, row.because_id) is not None


def find_open(context: OperationContext, title_id: str) -> AnyTitleCard | None:
    """The title, where it may stand in a row."""
    return context.catalogue.cards.get(title_id) if title_id in context.shelf.ids else None


def row_id(context: OperationContext, key: str) -> str:
    return find_row_prefix(context) + _make_row_suffix(key)


def name_row_of(profile_id: str, key: str) -> str:
    """The same row of the same profile keeps its id from day to day: half of it names the profile, half the row."""
    return _make_row_prefix(profile_id) + _make_row_suffix(key)


def find_row_prefix(context: OperationContext) -> str:
    """How the ids of the profile's rows begin."""
    return _make_row_prefix(context.require_state().profile_id)


@lru_cache(maxsize=4096)
def _make_row_prefix(profile_id: str) -> str:
    return f"row_{derive_id(IdKind.ROW, profile_id)[-8:]}"


@lru_cache(maxsize=4096)
def _make_row_suffix(key: str) -> str:
    return name_row(key)[-12:]


def get_hero(root: strawberry.Parent[HomeView], info: Info) -> HeroView | None:
    context = info.context
    card = find_open(context, root.document.hero_id or "")
    if card is None:
        return None
    return context.shelf.keep(("hero", card.id), lambda: HeroView(id=card.id, title=card))


def write_headline(root: strawberry.Parent[HeroView], info: Info) -> str | None:
    context = info.context
    for rank, card in enumerate(context.shelf.top, start=1):
        if card.id == root.title.id:
            return f"No. {rank} in the Top 10 Today"
    if is_leaving(root.title, context.audience.region, context.now):
        return "Leaving Soon"
    return "New on Marquee" if is_new(root.title, context.audience.region, context.now) else None


def picture_background(root: strawberry.Parent[HeroView], info: Info) -> Picture:
    return open_album(info.context, ImageKind.HERO).find(root.title)


def get_preview_delay(root: strawberry.Parent[HeroView], info: Info) -> float:
    del root
    return PREVIEW_DELAY[info.context.device_class]


def get_hero_preview(root: strawberry.Parent[HeroView], info: Info) -> PreviewView | None:
    """None until its video was made."""
    return view_preview(info.context, root.title, "hero")


def list_hidden_rows(root: strawberry.Parent[HomeView], info: Info) -> list[RowView]:
    return view_rows(info.context, root.document, root.document.hidden)


@lru_cache(maxsize=4096)
def name_row(key: str) -> str:
    return derive_id(IdKind.ROW, key)


def get_because(root: strawberry.Parent[RowView], info: Info) -> AnyTitleCard | None:
    return find_open(info.context, root.row.because_id or "")
