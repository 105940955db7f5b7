"""What a card is marked with, by the catalogue and the calendar."""

from datetime import datetime, timedelta

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
