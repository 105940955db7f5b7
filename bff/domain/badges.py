"""What a card is marked with, by the catalogue and the calendar."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from bff.domain.titles import AnyTitleCard, Badge, SeriesCard

NEW_FOR = timedelta(days=30)
LEAVING_WITHIN = timedelta(days=14)


def is_new(card: AnyTitleCard, region: str, now: datetime) -> bool:
    """Opened in the region within the last 30 days, and not closed again."""
    window = card.windows.get(region)
    return (
        window is not None
        and window.opens <= now < window.opens + NEW_FOR
        and (window.closes is None or now < window.closes)
    )


def is_leaving(card: AnyTitleCard, region: str, now: datetime) -> bool:
    """Closes in the region within 14 days."""
    window = card.windows.get(region)
    return window is not None and window.closes is not None and now < window.closes <= now + LEAVING_WITHIN


def has_new_episodes(card: AnyTitleCard, now: datetime) -> bool:
    """An episode was released within the last 30 days."""
    return isinstance(card, SeriesCard) and any(
        episode.released_at is not None and now - NEW_FOR < episode.released_at <= now
        for _, episode in card.walk_episodes()
    )


def list_badges(card: AnyTitleCard, region: str, now: datetime, *, in_top_ten: bool) -> tuple[Badge, ...]:
    """Most telling first: what leaves before what is new. A title that is new itself has no new episodes, too."""
    badges = []
    if in_top_ten:
        badges.append(Badge.TOP_TEN)
    if is_leaving(card, region, now):
        badges.append(Badge.LEAVING_SOON)
    if is_new(card, region, now):
        badges.append(Badge.NEW)
    elif has_new_episodes(card, now):
        badges.append(Badge.NEW_EPISODES)
    return tuple(badges)


class Phase(Struct, frozen=True):
    """What a title is marked with from `since` until `until` (exclusive), outside of the top ten."""

    badges: tuple[Badge, ...]
    since: datetime
    until: datetime


def find_phase(card: AnyTitleCard, region: str, now: datetime) -> Phase:
    """The one of now: no badge of the title comes or goes within it."""
    edges = list(_list_edges(card, region))
    return Phase(
        badges=list_badges(card, region, now, in_top_ten=False),
        since=max((edge for edge in edges if edge <= now), default=datetime.min.replace(tzinfo=UTC)),
        until=min((edge for edge in edges if edge > now), default=datetime.max.replace(tzinfo=UTC)),
    )


def _list_edges(card: AnyTitleCard, region: str) -> Iterator[datetime]:
    """When a badge may come or go."""
    window = card.windows.get(region)
    if window is not None:
        yield from (window.opens, window.opens + NEW_FOR)
        if window.closes is not None:
            yield from (window.closes - LEAVING_WITHIN, window.closes)
    if isinstance(card, SeriesCard):
        for _, episode in card.walk_episodes():
            if episode.released_at is not None:
                yield from (episode.released_at, episode.released_at + NEW_FOR)
