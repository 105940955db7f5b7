"""The root of subscriptions."""

from collections.abc import AsyncGenerator

import strawberry

from resolvers.unavailable import refuse
from schema.home import HomeChange
from schema.playback import PlaybackUpdate
from schema.together import Notification, PartySignal, WatchParty


@strawberry.type(description="What screens are kept in step by.")
class Subscription:
    @strawberry.subscription(
        description=(
            "Every change of playback state of the current profile, from any device; `after` takes up where a lost "
            "connection broke off."
        )
    )
    async def playback_sync(self, after: str | None = None) -> AsyncGenerator[PlaybackUpdate, None]:
        raise refuse("subscriptions")
        yield

    @strawberry.subscription
    async def watch_party(self, party_id: strawberry.ID) -> AsyncGenerator[WatchParty, None]:
        raise refuse("subscriptions")
        yield

    @strawberry.subscription
    async def watch_party_signal(self, party_id: strawberry.ID) -> AsyncGenerator[PartySignal, None]:
        raise refuse("subscriptions")
        yield

    @strawberry.subscription
    async def notification_received(self) -> AsyncGenerator[Notification, None]:
        raise refuse("subscriptions")
        yield

    @strawberry.subscription(description="The home of this profile was rebuilt: refetch it, or the rows named.")
    async def home_changed(self) -> AsyncGenerator[HomeChange, None]:
        raise refuse("subscriptions")
        yield
