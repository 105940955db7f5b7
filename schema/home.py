"""The home screen: hero, rows and their items; My List and continue watching."""

from datetime import datetime

import strawberry

from bff.context import Reads
from bff.domain.home import RowKind, RowLayout
from bff.domain.paging import Edge, Page
from bff.execution import shows
from resolvers import home, home_events, home_pages, my_list
from resolvers.home import HomeView, RowView
from resolvers.inputs import Seconds
from schema.access import field
from schema.common import Node, PageInfo
from schema.titles import Image, Playable, Preview, Progress, Title


@strawberry.type(description="The home screen of a profile.")
@shows(HomeView)
class Home(Node):
    hero: "Hero | None" = field(home.get_hero)
    rows: "RowConnection | None" = field(
        home_pages.page_rows,
        description=(
            "Ranked rows; at most 40. `first` defaults to what the device shows on one screen. A cursor stays with "
            "the version of the home that it came from, for an hour."
        ),
    )
    hidden_rows: list["Row"] | None = field(
        home.list_hidden_rows, description="Rows that the profile has hidden, to bring them back."
    )
    generated_at: datetime
    is_personalised: bool = field(
        description="FALSE when recommendations were unavailable and an unpersonalised home is shown.",
    )


@strawberry.type(description="The title that the home opens with: one of the day's pool, the same all day.")
@shows(home.HeroView, cached_by="id")
class Hero:
    title: Title
    headline: str | None = field(home.write_headline, reads=(Reads.TOP_TEN, Reads.REGION, Reads.DAY))
    background: Image = field(home.picture_background, reads=(Reads.DEVICE_CLASS, Reads.IMAGE_FORMAT))
    preview: Preview | None = field(home.get_hero_preview, reads=(Reads.DEVICE_CLASS,))
    preview_delay: Seconds = field(
        home.get_preview_delay,
        reads=(Reads.DEVICE_CLASS,),
        description="How long the picture stands before it moves.",
    )


@strawberry.type(description="A page of rows.")
@shows(Page)
class RowConnection:
    edges: list["RowEdge"]
    page_info: PageInfo


@strawberry.type(description="A row in its place; paging goes on behind `cursor`.")
@shows(Edge)
class RowEdge:
    cursor: str
    node: "Row"


@strawberry.type(description="A row of the home.")
@shows(RowView)
class Row(Node):
    id: strawberry.ID = field(description="The same row of the same profile keeps its id from day to day.")
    name: str
    kind: RowKind
    layout: RowLayout
    because: Title | None = field(
        home.get_because, description="The title this row follows from, on BECAUSE_YOU_WATCHED rows."
    )
    is_stale: bool = field(
        description="The row's last good items, shown because fresh ones could not be had in time.",
    )
    items: "RowItemConnection | None" = field(
        home_pages.page_items,
        description="At most 75 a page. Null, with an error at this path, when this row alone could not be had.",
    )


@strawberry.type(description="A page of a row's cards.")
@shows(home_pages.ItemPage)
class RowItemConnection:
    edges: list["RowItemEdge"]
    page_info: PageInfo


@strawberry.type(description="A card in its place; paging goes on behind `cursor`.")
@shows(home_pages.ItemEdge, kept_in_lists=True)
class RowItemEdge:
    cursor: str = field(home_pages.write_item_cursor)
    node: "RowItem"


@strawberry.interface(description="A card of a row.")
class RowItem:
    id: strawberry.ID
    title: Title
    artwork: Image = field(
        home_pages.picture_items,
        reads=(Reads.DEVICE_CLASS, Reads.IMAGE_FORMAT),
        description="In the shape that the row's layout asks for.",
    )


@strawberry.type(description="A card that is just a title.")
@shows(home_pages.TitleItem)
class TitleItem(RowItem):
    pass


@strawberry.type(description="A card to go on watching.")
@shows(my_list.ContinueItem)
class ContinueItem(RowItem):
    playable: Playable
    progress: Progress


@strawberry.type(description="A card with its rank, from 1.")
@shows(home_pages.RankedItem)
class RankedItem(RowItem):
    rank: int


@strawberry.type(description="A page of what can be taken up again, latest first.")
@shows(Page)
class ContinueConnection:
    edges: list["ContinueEdge"]
    page_info: PageInfo


@strawberry.type(description="A card in its place; paging goes on behind `cursor`.")
@shows(Edge)
class ContinueEdge:
    cursor: str
    node: ContinueItem


@strawberry.type(description="A page of My List in its own order; `totalCount` is that of the whole list.")
@shows(my_list.ListPage)
class MyListConnection:
    edges: list["MyListEdge"]
    page_info: PageInfo
    total_count: int | None


@strawberry.type(description="A title of the list; paging goes on behind `cursor`.")
@shows(my_list.ListEdge)
class MyListEdge:
    cursor: str
    node: Title
    added_at: datetime


@strawberry.type(description="The title that was meant, and the list as it is now.")
@shows(my_list.TitlePayload)
class MyListPayload:
    title: Title | None
    my_list: MyListConnection | None = field(my_list.page_list_after_change)


@strawberry.type(description="The title that was meant, and what can be taken up again now.")
@shows(my_list.TitlePayload)
class ContinueWatchingPayload:
    title: Title | None
    continue_watching: ContinueConnection | None = field(my_list.page_continue_after_change)


@strawberry.type(description="What was rebuilt: the home, and which of its rows.")
class HomeChange:
    home: Home | None = field(home_events.get_changed_home)
    changed_row_ids: list[strawberry.ID] = field(home_events.list_changed_row_ids)
