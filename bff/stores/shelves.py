"""Shelves: what an audience may see everywhere, judged once for all its requests, and adjusted where titles change."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bff.domain.titles import AnyTitleCard
from bff.domain.visibility import Audience, Visibility, judge
from bff.stores.contents import Change, Titles, reorder

T = TypeVar("T")

KEPT_BY_SHELF = 512
TOP = 10
LEAST_FOR_KIDS = 40
"""With fewer titles made for kids than this, a kids profile is shown all that it may see."""


class Shelf(Struct, frozen=True):
    """What an audience may see everywhere right now, most popular first; holds until `until` (exclusive).

    `featured` is what rows choose from: for kids what is made for them, for others everything. `top` are its first ten,
    `ranking` their ids in this order, `top_ids` as a set.
    """

    titles: Titles
    ids: frozenset[str]
    featured: Titles
    featured_ids: frozenset[str]
    top: Titles
    ranking: tuple[str, ...]
    top_ids: frozenset[str]
    by_genre: Mapping[str, Titles]
    since: datetime
    until: datetime | None
    kept: dict[Hashable, Any] = {}

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of this shelf, by nothing but the shelf and `key`; made once for everybody."""
        found: T | None = self.kept.get(key)
        if found is None:
            if len(self.kept) >= KEPT_BY_SHELF:
                self.kept.pop(next(iter(self.kept)))
            found = self.kept[key] = make()
        return found

    def holds(self, now: datetime) -> bool:
        """Whether every title is judged at `now` as it was for this shelf."""
        return self.since <= now and (self.until is None or now < self.until)


class ShelfRules(Struct, frozen=True):
    """By what an audience's shelf is made. `kids_genre` is the id of the genre that is made for kids, if any is."""

    audience: Audience
    kids_genre: str | None

    def judge_all(self, titles: Titles, now: datetime) -> Shelf:
        """The shelf at `now`; `titles` are all there are, most popular first."""
        is_open = [card for card in titles if self._is_open(card, now)]
        by_genre: defaultdict[str, list[AnyTitleCard]] = defaultdict(list)
        for card in is_open:
            for genre in card.genre_ids:
                by_genre[genre].append(card)
        return self._put_up(
            tuple(is_open),
            frozenset([card.id for card in is_open]),
            {genre: tuple(cards) for genre, cards in by_genre.items()},
            since=now,
            until=self._find_next_edge(titles, now),
        )

    def adjust(self, shelf: Shelf, changes: Sequence[Change], titles: Titles, now: datetime) -> Shelf:
        """The shelf after changes, which held at `now` before them. `titles` are all there are now.

        It is the very same shelf, with all that was kept by it, where the changes are nothing to the audience.
        """
        held = [
            Change(
                before if before is not None and before.id in shelf.ids else None,
                after if after is not None and self._is_open(after, now) else None,
            )
            for before, after in changes
        ]
        seen = [change for change in held if change != (None, None)]
        until = self._move_next_edge(shelf.until, changes, titles, now)
        if not seen:
            return shelf if until == shelf.until else replace(shelf, until=until)
        return self._put_up(
            reorder(shelf.titles, seen), _change_ids(shelf.ids, seen), _change_genres(shelf.by_genre, seen), now, until
        )

    def _put_up(
        self,
        titles: Titles,
        ids: frozenset[str],
        by_genre: Mapping[str, Titles],
        since: datetime,
        until: datetime | None,
    ) -> Shelf:
        made_for_kids = by_genre.get(self.kids_genre or "", ())
        is_for_kids = self.audience.is_kids and len(made_for_kids) >= LEAST_FOR_KIDS
        featured = made_for_kids if is_for_kids else titles
        top = featured[:TOP]
        return Shelf(
            titles=titles,
            ids=ids,
            featured=featured,
            featured_ids=frozenset([card.id for card in featured]) if is_for_kids else ids,
            top=top,
            ranking=tuple([card.id for card in top]),
            top_ids=frozenset([card.id for card in top]),
            by_genre=by_genre,
            since=since,
            until=until,
        )

    def _is_open(self, card: AnyTitleCard, now: datetime) -> bool:
        return judge(card, self.audience, now) is Visibility.OPEN

    def _find_next_edge(self, cards: Iterable[AnyTitleCard], now: datetime) -> datetime | None:
        """When the first window of any title opens or closes in the region after `now`."""
        windows = [window for card in cards if (window := card.windows.get(self.audience.region)) is not None]
        edges = [window.opens for window in windows if window.opens > now]
        edges += [window.closes for window in windows if window.closes is not None and window.closes > now]
        return min(edges, default=None)

    def _move_next_edge(
        self, edge: datetime | None, changes: Sequence[Change], titles: Titles, now: datetime
    ) -> datetime | None:
        """Where a title that changed had that edge, it may have been the only one."""
        before = self._find_next_edge([change.before for change in changes if change.before is not None], now)
        if before is not None and before == edge:
            return self._find_next_edge(titles, now)
        after = self._find_next_edge([change.after for change in changes if change.after is not None], now)
        return min([each for each in (edge, after) if each is not None], default=None)


def _change_ids(ids: frozenset[str], changes: Iterable[Change]) -> frozenset[str]:
    """The same set, which searches know, where nothing came or went."""
    left = {before.id for before, _ in changes if before is not None}
    came = {after.id for _, after in changes if after is not None}
    return ids if left == came else ids - left | came


def _change_genres(by_genre: Mapping[str, Titles], changes: Iterable[Change]) -> Mapping[str, Titles]:
    of_genre: defaultdict[str, list[Change]] = defaultdict(list)
    for before, after in changes:
        then, now = (card.genre_ids if card is not None else () for card in (before, after))
        for genre in {*then, *now}:
            of_genre[genre].append(Change(before if genre in then else None, after if genre in now else None))
    changed = {genre: reorder(by_genre.get(genre, ()), moves) for genre, moves in of_genre.items()}
    return {genre: titles for genre, titles in {**by_genre, **changed}.items() if titles}
