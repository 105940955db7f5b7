"""Pages of the home's rows and of their items, of the home that is open and of those a client pages on through."""

from collections.abc import Awaitable, Sequence

import strawberry
from msgspec import Struct
from msgspec.structs import replace

from bff.artwork.sizes import ImageKind
from bff.context import Info, OperationContext
from bff.domain.devices import DeviceClass
from bff.domain.home import PERSONAL_KINDS, PinnedHome, PinnedRow, RowKind, RowLayout
from bff.domain.paging import (
    CARDS_CAP,
    ROWS_CAP,
    Edge,
    Page,
    PageInfo,
    check_first,
    decode_cursor,
    encode_cursor,
    make_page,
)
from bff.domain.titles import AnyTitleCard
from bff.errors import BadUserInput, Unavailable
from bff.execution import KeptList, batched, gives_kept
from resolvers.home import HomeView, RowView, find_open, find_row_prefix, may_show, name_row, view_row
from resolvers.home_composer import open_pinned_home
from resolvers.my_list import ContinueItem, make_continue_item
from resolvers.pictures import Picture, open_album

ROWS_ON_SCREEN = {DeviceClass.TV: 6, DeviceClass.WEB: 8, DeviceClass.TABLET: 6, DeviceClass.MOBILE: 5}
CARDS_ON_SCREEN = {DeviceClass.TV: 12, DeviceClass.WEB: 12, DeviceClass.TABLET: 8, DeviceClass.MOBILE: 6}

_NO_CURSOR = "`after` is no cursor of this list; use an `endCursor` that this list gave."


class TitleItem(Struct, frozen=True):
    id: str
    title: AnyTitleCard
    layout: RowLayout


class RankedItem(Struct, frozen=True):
    id: str
    title: AnyTitleCard
    layout: RowLayout
    rank: int


RowItem = TitleItem | RankedItem | ContinueItem


class ItemEdge(Struct, frozen=True):
    """An item in its place in the row; `version` is None in the home that is open, so that profiles can share it."""

    node: RowItem
    row_key: str
    place: int
    version: str | None


class ItemSlice(Struct, frozen=True):
    """Items that stand one after the other, `first` and `last` the places of those at its ends; `has_next`: there are
    more behind them. Its cursors are of `scope`.
    """

    edges: tuple[ItemEdge, ...]
    has_next: bool
    scope: str
    first: int = 0
    last: int = 0


class ItemPage(Struct, frozen=True):
    edges: tuple[ItemEdge, ...]
    page_info: PageInfo


def page_rows(
    root: strawberry.Parent[HomeView], info: Info, first: int | None = None, after: str | None = None
) -> Page[RowView] | Awaitable[Page[RowView]]:
    """Waits only for a page of an earlier home."""
    context = info.context
    wanted = check_first(first, default=ROWS_ON_SCREEN[context.device_class], cap=ROWS_CAP)
    if after is None:
        return take_rows(context, root.document, start=0, wanted=wanted)
    version, place = _read_cursor("rows", after)
    return _page_pinned_rows(context, version, start=place + 1, wanted=wanted)


async def _page_pinned_rows(context: OperationContext, version: str, *, start: int, wanted: int) -> Page[RowView]:
    return take_rows(context, await open_pinned_home(context, version), start=start, wanted=wanted)


def take_rows(context: OperationContext, document: PinnedHome, *, start: int, wanted: int) -> Page[RowView]:
    version, prefix = document.version, find_row_prefix(context)
    edges: list[Edge[RowView]] = []
    for place in range(start, len(document.rows)):
        row = document.rows[place]
        if not may_show(context, row):
            continue
        if len(edges) == wanted:
            return make_page(edges, has_next=True)
        edges.append(Edge(view_row(prefix, version, row), "rows", (version, place)))
    return make_page(edges, has_next=False)


def page_items(
    root: strawberry.Parent[RowView], info: Info, first: int | None = None, after: str | None = None
) -> ItemPage | Awaitable[ItemPage]:
    """Items that the viewer may not see any more are passed over.

    Raises Unavailable where the row could not be had. Waits only for a page of an earlier home.
    """
    context = info.context
    wanted = check_first(first, default=CARDS_ON_SCREEN[context.device_class], cap=CARDS_CAP)
    if after is None:
        return take_items(context, root, start=0, wanted=wanted)
    version, place = _read_cursor(f"items:{root.row.key}", after)
    if version == root.version:
        return take_items(context, root, start=place + 1, wanted=wanted)
    return _page_pinned_items(context, root, version, start=place + 1, wanted=wanted)


async def _page_pinned_items(
    context: OperationContext, root: RowView, version: str, *, start: int, wanted: int
) -> ItemPage:
    pinned = await open_pinned_home(context, version)
    row = next((held for held in (*pinned.rows, *pinned.hidden) if held.key == root.row.key), None)
    if row is None:
        raise BadUserInput(_NO_CURSOR)
    view = view_row(find_row_prefix(context), pinned.version, row)
    return take_items(context, view, start=start, wanted=wanted)


def take_items(context: OperationContext, view: RowView, *, start: int, wanted: int) -> ItemPage:
    """A row that many profiles have is sliced once for all of them, as long as its shelf holds."""
    row = view.row
    if row.title_ids is None:
        raise Unavailable("This row could not be had just now; the others stand. Ask for it again by its id.")
    if row.kind in PERSONAL_KINDS or context.home is None or context.home.version != view.version:
        slice_ = slice_row(context, view, view.version, start=start, wanted=wanted)
    else:
        slice_ = context.shelf.keep(
            (row, start, wanted), lambda: _slice_for_all(context, view, start=start, wanted=wanted)
        )
    if not slice_.edges:
        return ItemPage(slice_.edges, PageInfo(slice_.has_next))
    ends = PageInfo(slice_.has_next, slice_.scope, (view.version, slice_.first), (view.version, slice_.last))
    return ItemPage(slice_.edges, ends)


def _slice_for_all(context: OperationContext, view: RowView, *, start: int, wanted: int) -> ItemSlice:
    slice_ = slice_row(context, view, None, start=start, wanted=wanted)
    return replace(slice_, edges=KeptList(slice_.edges))


def slice_row(context: OperationContext, view: RowView, version: str | None, *, start: int, wanted: int) -> ItemSlice:
    """Up to `wanted` items from the place `start` on."""
    row = view.row
    scope = f"items:{row.key}"
    title_ids = row.split() or []
    edges: list[ItemEdge] = []
    has_next = False
    for place in range(start, len(title_ids)):
        item = view_item(context, row, title_ids[place], place)
        if item is None:
            continue
        has_next = len(edges) == wanted
        if has_next:
            break
        edges.append(ItemEdge(node=item, row_key=row.key, place=place, version=version))
    if not edges:
        return ItemSlice(edges=(), has_next=has_next, scope=scope)
    return ItemSlice(edges=tuple(edges), has_next=has_next, scope=scope, first=edges[0].place, last=edges[-1].place)


def view_item(context: OperationContext, row: PinnedRow, title_id: str, place: int) -> RowItem | None:
    """An item as the graph shows it; None when the viewer may not see its title, or it has nothing to go on with.

    Its id tells it from other items of the profile's home, and is the same for all profiles.
    """
    card = find_open(context, title_id)
    if card is None:
        return None
    identifier = f"{name_row(row.key)}.{title_id}"
    if row.kind is RowKind.CONTINUE_WATCHING:
        return make_continue_item(context.require_state(), card, identifier)
    if place < len(row.ranks):
        return RankedItem(id=identifier, title=card, layout=row.layout, rank=row.ranks[place])
    return TitleItem(id=identifier, title=card, layout=row.layout)


def write_item_cursor(root: strawberry.Parent[ItemEdge], info: Info) -> str:
    version = root.version
    if version is None:
        assert info.context.home is not None  # noqa: S101 - its rows are shown
        version = info.context.home.version
    return encode_cursor(f"items:{root.row_key}", (version, root.place))


@batched
@gives_kept
def picture_items(
    roots: Sequence[TitleItem | RankedItem | ContinueItem], info: Info, width: int | None = None
) -> Sequence[Picture]:
    """Wide on wide rows and on continue watching, upright elsewhere."""
    wide, upright = (open_album(info.context, kind, width) for kind in (ImageKind.WIDE, ImageKind.BOXART))
    wide_layout = RowLayout.WIDE  # members of an enum are slow to come by
    return [
        (wide if type(root) is ContinueItem or root.layout is wide_layout else upright).find(root.title)  # type: ignore[union-attr]
        for root in roots
    ]


def _read_cursor(scope: str, cursor: str) -> tuple[str, int]:
    key = decode_cursor(scope, cursor)
    if len(key) != 2 or not isinstance(key[0], str) or not isinstance(key[1], int) or key[1] < 0:
        raise BadUserInput(_NO_CURSOR)
    return key[0], key[1]
