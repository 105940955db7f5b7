"""Finds titles of the demo catalogue that a test needs, by what they are rather than by name."""

from collections.abc import Callable
from typing import TypeVar

from bff.domain.titles import AnyTitleCard, MaturityRating, SeriesCard
from bff.domain.visibility import Audience
from tests.live import Demo

CardT = TypeVar("CardT", bound=AnyTitleCard)
ADULT = Audience(region="US", ceiling=MaturityRating.AGE_18)


def open_cards(demo: Demo, audience: Audience = ADULT) -> tuple[AnyTitleCard, ...]:
    """All that the audience sees everywhere, most popular first."""
    return demo.services.follower.catalogue.shelve(audience, demo.services.now()).titles


def find_card(demo: Demo, kind: type[CardT], wanted: Callable[[CardT], bool] = lambda _: True) -> CardT:
    """The most popular title of a kind that a US adult sees and `wanted` holds of."""
    return next(card for card in open_cards(demo) if isinstance(card, kind) and wanted(card))


def has_episodes(card: SeriesCard) -> bool:
    """Whether the catalogue names any."""
    return any(True for _ in card.walk_episodes())
