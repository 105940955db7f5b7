"""Notifications and watching together."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.domain.notifications import NotificationKind
from bff.execution import shows
from resolvers.enums import PlaybackState
from resolvers.inputs import Seconds
from schema.access import field
from schema.common import Node, PageInfo, Problem
from schema.playback import MembershipRequired, NotAvailable, PinRequired
from schema.scalars import URL
from schema.titles import Image, Playable, Title


@strawberry.type(description="A page of notifications, latest first.")
class NotificationConnection:
    edges: list["NotificationEdge"]
    page_info: PageInfo
    unread_count: int


@strawberry.type(description="A notification in its place.")
class NotificationEdge:
    cursor: str
    node: "Notification"


@strawberry.type(description="Something a viewer should hear of.")
@shows()
class Notification(Node):
    kind: NotificationKind
    title: Title | None
    text: str
    created_at: datetime
    read_at: datetime | None


@strawberry.type(description="People who watch the same at the same time.")
@shows()
class WatchParty(Node):
    code: str
    invite_url: URL
    playable: Playable
    host: "PartyMember"
    members: list["PartyMember"]
    state: PlaybackState
    position: Seconds
    speed: float
    anchored_at: datetime = field(
        description="Server time at which `position` held: members compute their own position from it."
    )
    revision: int = field(description="Counts the changes; control that was based on an older one is refused.")


@strawberry.type(description="Somebody in a party.")
class PartyMember:
    id: strawberry.ID
    name: str
    avatar: Image
    joined_at: datetime
    is_buffering: bool
    drift_seconds: float | None


@strawberry.type(description="No party goes by this code.")
class PartyNotFound(Problem):
    pass


@strawberry.type(description="The party has no place left.")
class PartyFull(Problem):
    limit: int


@strawberry.type(description="The party moved on meanwhile.")
class PartyConflict(Problem):
    current: WatchParty


WatchPartyResult = Annotated[
    WatchParty | NotAvailable | PartyNotFound | PartyFull | PartyConflict | MembershipRequired | PinRequired,
    strawberry.union("WatchPartyResult", description="The party, or what stands in its way."),
]


@strawberry.type(description="Call signalling from another member.")
class PartySignal:
    from_member_id: strawberry.ID
    payload: str
