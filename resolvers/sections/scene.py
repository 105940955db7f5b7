"""What a section of the home sees, and what every section is."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Protocol

from bff.domain.home import HomeItem, HomeRow, RowKind
from bff.domain.profile_state import ProfileState, Thumb
from bff.domain.titles import AnyTitleCard
from bff.stores.snapshot import Catalogue, Shelf

ROW_LENGTH = 75
"""Items a row holds at most: as many as the largest page."""


@dataclass(frozen=True)
class Scene:
    """One profile's home about to be composed. `local_time` is None where the client named no time zone."""

    catalogue: Catalogue
    shelf: Shelf
    state: ProfileState
    region: str
    now: datetime
    local_time: datetime | None

    @property
    def titles(self) -> tuple[AnyTitleCard, ...]:
        """What rows are made of, most popular first: for kids what is made for them."""
        return self.shelf.featured

    def list_genre(self, genre_id: str) -> tuple[AnyTitleCard, ...]:
        """The titles of one genre, most popular first."""
        of_genre = self.shelf.by_genre.get(genre_id, ())
        if not self.state.is_kids:
            return of_genre
        return self.pick(("genre", genre_id), lambda: [card for card in of_genre if card.id in self.shelf.featured_ids])

    def pick(self, key: Hashable, choose: Callable[[], Iterable[AnyTitleCard]]) -> tuple[AnyTitleCard, ...]:
        """What is the same today for everybody who sees this shelf."""
        return self.shelf.keep((key, self.now.date()), lambda: tuple(choose()))

    def suggest(self, cards: Iterable[AnyTitleCard]) -> tuple[HomeItem, ...]:
        """The first of the cards as items, without those that the profile has had enough of."""
        return list_items(card for card in cards if card.id not in self.unwanted_ids)

    @cached_property
    def begun_ids(self) -> frozenset[str]:
        """Ids of the titles that the profile has watched anything of."""
        return frozenset(self.state.progress_by_title)

    @cached_property
    def unwanted_ids(self) -> frozenset[str]:
        """Ids of the films that the profile saw to the end, and of all that it turned its thumb down on."""
        finished = {entry.title_id for entry in self.state.progress.values() if entry.is_finished_film}
        disliked = {title_id for title_id, rating in self.state.ratings.items() if rating.thumb is Thumb.DOWN}
        return frozenset(finished | disliked)


class Section(Protocol):
    """A kind of row. `propose` answers its rows, best first, or none where it has no signal.

    It has a deadline and a failure boundary of its own: it may raise, and the home stands. `key` and `name` are those
    of its row, or of the row that stands for them all when nothing is known but that they failed.
    """

    kind: RowKind
    key: str
    name: str

    async def propose(self, scene: Scene) -> list[HomeRow]: ...


def list_items(cards: Iterable[AnyTitleCard]) -> tuple[HomeItem, ...]:
    """The first cards as plain items."""
    return tuple(HomeItem(title_id=card.id) for card in islice(cards, ROW_LENGTH))
