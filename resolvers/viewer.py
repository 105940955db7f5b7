"""Who is asking: account, profile and device; what an account has."""

from datetime import UTC, datetime

import msgspec
import strawberry
from msgspec import Struct

from bff.artwork.briefs import AvatarBrief
from bff.artwork.sizes import ImageKind
from bff.auth.access import check_may_look_into
from bff.context import Info, OperationContext
from bff.domain.accounts import AccountRecord, Device, Membership, Plan, Profile
from bff.domain.paging import LIST_CAP, Edge, Key, Page, PageInfo, check_first, decode_cursor, make_page, take_page
from bff.domain.profile_state import Preferences, Thumb
from bff.domain.titles import AnyPlayable, AnyTitleCard
from bff.errors import BadUserInput
from bff.stores.plans import read_plans
from bff.stores.profile_state import read_history, read_state
from resolvers.pictures import Picture, make_picture
from resolvers.titles import find_visible, find_visible_playable

DEFAULT_PAGE = 20


class ViewerView(Struct, frozen=True):
    """Stands for whoever the context says is asking."""

    region: str
    locale: str


class HistoryView(Struct, frozen=True):
    """`title` and `playable` are None where the asking profile may not see them."""

    id: str
    title: AnyTitleCard | None
    playable: AnyPlayable | None
    watched_at: datetime
    watched_seconds: float
    completed: bool
    device: Device | None


class RatingEdge(Struct, frozen=True):
    cursor: str
    node: AnyTitleCard
    thumb: Thumb
    rated_at: datetime


class RatingPage(Struct, frozen=True):
    edges: tuple[RatingEdge, ...]
    page_info: PageInfo


class RatedTitle(Struct, frozen=True):
    title: AnyTitleCard
    thumb: Thumb
    rated_at: datetime


async def get_viewer(info: Info) -> ViewerView:
    return ViewerView(region=info.context.caller.region, locale=info.context.locale)


async def get_account(root: strawberry.Parent[ViewerView], info: Info) -> AccountRecord | None:
    del root
    return await info.context.read_account()


async def get_profile(root: strawberry.Parent[ViewerView], info: Info) -> Profile | None:
    del root
    token = info.context.token
    record = await info.context.read_account()
    if token is None or record is None:
        return None
    return next((profile for profile in record.profiles if profile.id == token.profile_id), None)


def get_device(root: strawberry.Parent[ViewerView], info: Info) -> Device | None:
    """The device that asks, so it is in use now: the copy that it is read from may be minutes old."""
    del root
    device = info.context.device
    return msgspec.structs.replace(device, last_active_at=info.context.now) if device is not None else None


def get_account_id(root: strawberry.Parent[AccountRecord]) -> str:
    return root.account.id


def get_email(root: strawberry.Parent[AccountRecord]) -> str:
    return root.account.email


def is_email_verified(root: strawberry.Parent[AccountRecord]) -> bool:
    return root.account.email_verified


def get_country(root: strawberry.Parent[AccountRecord]) -> str:
    return root.account.country


def get_status(root: strawberry.Parent[AccountRecord]) -> str:
    return root.account.status


def get_created_at(root: strawberry.Parent[AccountRecord]) -> datetime:
    return root.account.created_at


def get_membership(root: strawberry.Parent[AccountRecord]) -> Membership | None:
    return root.membership


def list_profiles(root: strawberry.Parent[AccountRecord]) -> tuple[Profile, ...]:
    return root.profiles


def list_devices(root: strawberry.Parent[AccountRecord]) -> tuple[Device, ...]:
    return root.devices[:LIST_CAP]


def list_active_streams(root: strawberry.Parent[AccountRecord]) -> list[None]:
    """Empty until streams are counted: sessions that play are no measure of it."""
    del root
    return []


def picture_avatar(root: strawberry.Parent[Profile], info: Info) -> Picture:
    return picture_avatar_by_key(info.context, root.avatar, alt=root.name)


def picture_avatar_by_key(context: OperationContext, key: str, *, alt: str) -> Picture:
    """One of the drawn avatars, which belong to nobody."""
    return make_picture(context, subject_id=key, kind=ImageKind.AVATAR, version=AvatarBrief(key=key).version, alt=alt)


def get_preferences(root: strawberry.Parent[Profile]) -> Preferences:
    return root.preferences


async def page_history(
    root: strawberry.Parent[Profile], info: Info, first: int | None = None, after: str | None = None
) -> Page[HistoryView]:
    context = info.context
    check_may_look_into(context.state, root)
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    scope = f"history:{root.id}"
    before = _read_history_cursor(scope, after) if after is not None else None
    rows = await read_history(context.services.pool, root.id, limit=wanted + 1, before=before)
    record = await context.read_account()
    devices = {device.id: device for device in record.devices} if record is not None else {}
    edges = []
    for row in rows[:wanted]:
        title = find_visible(context, row["title_id"])
        view = HistoryView(
            id=row["id"],
            title=title,
            playable=find_visible_playable(context, row["playable_id"]),
            watched_at=row["watched_at"],
            watched_seconds=row["watched_seconds"],
            completed=row["completed"],
            device=devices.get(row["device_id"]),
        )
        edges.append(Edge(node=view, scope=scope, key=(row["watched_at"].isoformat(), row["id"])))
    return make_page(edges, has_next=len(rows) > wanted)


async def page_ratings(
    root: strawberry.Parent[Profile], info: Info, first: int | None = None, after: str | None = None
) -> RatingPage:
    context = info.context
    check_may_look_into(context.state, root)
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    state = context.state
    if state is None or state.profile_id != root.id:
        state = await read_state(context.services.pool, context.services.cache, root.id)
    rated = []
    for title_id, rating in state.ratings.items() if state is not None else ():
        title = find_visible(context, title_id)
        if title is not None:
            rated.append(RatedTitle(title=title, thumb=rating.thumb, rated_at=rating.rated_at))
    rated.sort(key=_newest_first)
    page = take_page(rated, scope=f"ratings:{root.id}", key=_newest_first, first=wanted, after=after)
    edges = tuple(
        RatingEdge(cursor=edge.cursor, node=edge.node.title, thumb=edge.node.thumb, rated_at=edge.node.rated_at)
        for edge in page.edges
    )
    return RatingPage(edges=edges, page_info=page.page_info)


async def list_plans(info: Info) -> tuple[Plan, ...]:
    """At the prices that would be charged: an account's country decides, wherever it asks from."""
    context = info.context
    record = await context.read_account()
    country = record.account.country if record is not None else context.caller.region
    return await read_plans(context.services.pool, country)


def _newest_first(rated: RatedTitle) -> Key:
    return (-rated.rated_at.timestamp(), rated.title.id)


def _read_history_cursor(scope: str, after: str) -> tuple[datetime, str]:
    try:
        instant, identifier = decode_cursor(scope, after)
        if not str(identifier).isprintable():
            raise ValueError("PostgreSQL takes no zero byte in a text")
        return datetime.fromisoformat(str(instant)).astimezone(UTC), str(identifier)
    except (ValueError, OverflowError) as error:
        raise BadUserInput("`after` is no cursor of this list; use an `endCursor` that this list gave.") from error
