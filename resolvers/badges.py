"""Badges of titles, kept for all requests until one comes or goes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from bff.context import Info
from bff.domain.badges import find_phase
from bff.domain.titles import AnyTitleCard, Badge
from bff.execution import batched, gives_kept
from bff.stores.kept import KeptByCard

_BOARDS = 32
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


class Board:
    """The badges of titles in one region, with one top ten."""

    __slots__ = ("_badges", "_now", "_region", "_since", "_top_ids", "_until")

    def __init__(self, region: str, top_ids: frozenset[str]) -> None:
        self._region = region
        self._top_ids = top_ids
        self._since = self._until = _BEGINNING

    def list_badges(self, cards: Sequence[AnyTitleCard], now: datetime) -> list[tuple[Badge, ...]]:
        """Of each card."""
        if not self._since <= now < self._until:
            self._badges = KeptByCard(self._mark)
            self._since, self._until = _BEGINNING, _END
        self._now = now
        return self._badges.list_values(cards)

    def _mark(self, card: AnyTitleCard) -> tuple[Badge, ...]:
        """What is kept holds until the first badge comes or goes."""
        phase = find_phase(card, self._region, self._now)
        self._since, self._until = max(self._since, phase.since), min(self._until, phase.until)
        return (Badge.TOP_TEN, *phase.badges) if card.id in self._top_ids else phase.badges


_open_board = lru_cache(maxsize=_BOARDS)(Board)


@batched
@gives_kept
def list_badges(roots: Sequence[AnyTitleCard], info: Info) -> Sequence[tuple[Badge, ...]]:
    context = info.context
    return _open_board(context.caller.region, context.shelf.top_ids).list_badges(roots, context.now)
