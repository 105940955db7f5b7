"""Badges of titles, kept for all requests until one comes or goes."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from bff.context import Info
from bff.domain.badges import Phase, find_phase
from bff.domain.titles import AnyTitleCard, Badge
from bff.execution import batched

_REGIONS = 16
_MOST_IN_REGION = 4096


class Board:
    """The badges of titles in one region."""

    __slots__ = ("_kept", "_region")

    def __init__(self, region: str) -> None:
        self._region = region
        self._kept: dict[str, tuple[AnyTitleCard, Phase]] = {}

    def find(self, card: AnyTitleCard, now: datetime) -> tuple[Badge, ...]:
        """Outside of the top ten."""
        kept = self._kept.get(card.id)
        if kept is not None and kept[0] is card:
            phase = kept[1]
            if phase.since <= now < phase.until:
                return phase.badges
        phase = find_phase(card, self._region, now)
        if len(self._kept) >= _MOST_IN_REGION:
            self._kept.pop(next(iter(self._kept)))
        self._kept[card.id] = card, phase
        return phase.badges


_open_board = lru_cache(maxsize=_REGIONS)(Board)


@batched
def list_badges(roots: Sequence[AnyTitleCard], info: Info) -> Sequence[tuple[Badge, ...]]:
    context = info.context
    find, now, top_ids = _open_board(context.caller.region).find, context.now, context.shelf.top_ids
    return [(Badge.TOP_TEN, *find(root, now)) if root.id in top_ids else find(root, now) for root in roots]
