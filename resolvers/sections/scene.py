"""What a section of the home sees, and what every section is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff.domain.home import HomeItem, HomeRow, RowKind
from bff.domain.profile_state import ProfileState
from bff.domain.titles import AnyTitleCard
from bff.stores.snapshot import Catalogue, Shelf

ROW_LENGTH = 75
"""Items a row holds at most: as many as the largest page."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One profile's home about to be composed. `local_time` is None where the client named no time zone."""

    catalogue: Catalogue
    shelf: Shelf
    state: ProfileState
    region: str
    now: datetime
    local_time: datetime | None


class Section(Protocol):
    """A kind of row. `propose` answers its rows, best first, or none where it has no signal.

    It has a deadline and a failure boundary of its own: it may raise, and the home stands. `name` is what its row is
    called when nothing else is known of it.
    """

    kind: RowKind
    name: str

    async def propose(self, scene: Scene) -> list[HomeRow]: ...


def list_items(cards: "list[AnyTitleCard] | tuple[AnyTitleCard, ...]") -> tuple[HomeItem, ...]:
    """The first cards as plain items."""
    return tuple(HomeItem(title_id=card.id) for card in cards[:ROW_LENGTH])
