"""The root of subscriptions."""

from collections.abc import AsyncGenerator

import strawberry

from resolvers import home_events, ingest, unavailable
from schema.access import Access, stream
from schema.home import HomeChange
from schema.ingest import IngestJob
from schema.playback import PlaybackUpdate
from schema.together import Notification, PartySignal, WatchParty


@strawberry.type(description="What screens are kept in step by.")
class Subscription:
    playback_sync: AsyncGenerator[PlaybackUpdate, None] = stream(
        unavailable.follow_playback,
        Access.PROFILE,
        description=(
            "Every change of playback state of the current profile, from any device; `after` takes up where a lost "
            "connection broke off."
        ),
    )
    watch_party: AsyncGenerator[WatchParty, None] = stream(unavailable.follow_watch_party, Access.PROFILE)
    watch_party_signal: AsyncGenerator[PartySignal, None] = stream(unavailable.follow_watch_party, Access.PROFILE)
    notification_received: AsyncGenerator[Notification, None] = stream(unavailable.follow_notifications, Access.PROFILE)
    home_changed: AsyncGenerator[HomeChange, None] = stream(
        home_events.follow_home,
        Access.PROFILE,
        description="The home of this profile was rebuilt: refetch it, or the rows named.",
    )
    ingest_progress: AsyncGenerator[IngestJob, None] = stream(
        ingest.follow_ingest,
        Access.OPERATOR,
        description="A job as it stands, then whenever it gets on, until it has ended.",
    )
