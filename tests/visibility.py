"""Stages what the visibility matrix asks about: a viewer, and a title that is open, closed or absent for them, which
stands everywhere in the viewer's own state."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from bff.domain.home import HomeItem, HomeRow, PinnedRow, RowKind, RowLayout, pin
from bff.domain.profile_state import Thumb
from bff.domain.titles import AnyTitleCard, MaturityRating, MovieCard, SeriesCard
from bff.domain.visibility import Audience, Visibility, judge
from bff.stores import keys
from bff.stores.profile_state import add_to_list, change_state, rate
from bff.stores.snapshot import Catalogue
from resolvers.home import name_row_of
from tests.live import Client, Demo
from tests.profile_rows import add_progress, add_sitting


class Reason(Enum):
    """Why a title is where it is for the viewer; OPEN is the control, which every probe must find."""

    OPEN = "open"
    CEILING = "over a kids profile's ceiling"
    FOREIGN = "never licensed in the region"
    WITHDRAWN = "withdrawn"
    ENDED = "window closed"
    UPCOMING = "window not yet open"
    VISITOR = "over the visitors' ceiling"

    @property
    def expected(self) -> Visibility:
        if self is Reason.OPEN:
            return Visibility.OPEN
        return Visibility.CLOSED if self in (Reason.ENDED, Reason.UPCOMING) else Visibility.ABSENT


CEILINGS = {Reason.CEILING: MaturityRating.AGE_7, Reason.VISITOR: MaturityRating.AGE_13}
REGIONS = ("US", "GB", "IN", "JP", "BR")
NEAR = 30
"""How near the top of its neighbour's similar titles the target stands, whoever may see them."""


@dataclass(frozen=True)
class Target:
    """The title that is asked for; `neighbour` is one that the viewer sees, and that the target is similar to."""

    card: AnyTitleCard
    neighbour: AnyTitleCard
    region: str

    @property
    def episode_ids(self) -> list[str]:
        return [card.id for _, card in self.card.walk_episodes()] if isinstance(self.card, SeriesCard) else []

    @property
    def season_ids(self) -> list[str]:
        return [season.id for season in self.card.seasons] if isinstance(self.card, SeriesCard) else []

    @property
    def playable_id(self) -> str:
        return self.episode_ids[0] if self.episode_ids else self.card.id

    @property
    def ids(self) -> list[str]:
        """All under which it could be asked for: its own, those of seasons and episodes."""
        return [self.card.id, *self.season_ids[:1], *self.episode_ids[:1]]

    def shows_in(self, text: str) -> bool:
        """Whether any of its ids, or its name, stands in an answer."""
        return any(mark in text for mark in (self.card.id, self.card.name, *self.season_ids, *self.episode_ids))


@dataclass(frozen=True)
class Stage:
    client: Client
    target: Target
    reason: Reason


def pick_target(demo: Demo, reason: Reason, kind: type[AnyTitleCard], hidden: Collection[str] = ()) -> Target:
    """A title of the demo catalogue that stands so, in a region where there is one; the most popular of them.

    `hidden` are the ids that are withdrawn already.
    """
    catalogue, now = demo.services.follower.catalogue, demo.services.now()
    for region in REGIONS if reason is not Reason.VISITOR else REGIONS[:1]:
        audience = Audience(region=region, ceiling=CEILINGS.get(reason, MaturityRating.AGE_18))
        shelf = catalogue.shelve(audience, now)
        for card in catalogue.by_popularity:
            withdrawn = card.id in hidden
            if (
                not isinstance(card, kind)
                or (hidden and withdrawn is not (reason is Reason.WITHDRAWN))
                or not _stands_so(card, reason, audience, now, withdrawn=withdrawn)
                or not _can_stand_everywhere(catalogue, card)
            ):
                continue
            alike = [near for near in catalogue.similar_to(card)[: 2 * NEAR] if near.id in shelf.ids]
            neighbour = next((near for near in alike if card in catalogue.similar_to(near)[:NEAR]), None)
            if neighbour is not None:
                return Target(card=card, neighbour=neighbour, region=region)
    raise AssertionError(f"the demo catalogue has no {kind.__name__} that is {reason.value}")


def _stands_so(card: AnyTitleCard, reason: Reason, audience: Audience, now: datetime, *, withdrawn: bool) -> bool:
    window = card.windows.get(audience.region)
    visible = judge(card, audience, now)
    match reason:
        case Reason.OPEN:
            return visible is Visibility.OPEN
        case Reason.CEILING | Reason.VISITOR:
            return visible is Visibility.ABSENT and window is not None and window.opens <= now
        case Reason.FOREIGN:
            return window is None and not card.is_hidden and bool(card.windows)
        case Reason.WITHDRAWN:
            return withdrawn or visible is Visibility.OPEN
        case Reason.ENDED:
            return visible is Visibility.CLOSED and window is not None and window.opens < now
        case Reason.UPCOMING:
            return visible is Visibility.CLOSED and window is not None and window.opens > now


def _can_stand_everywhere(catalogue: Catalogue, card: AnyTitleCard) -> bool:
    """Has what every probe needs: a telling name, people, genres, and episodes if it is a series."""
    return (
        len(card.name) >= 8
        and '"' not in card.name
        and bool(card.credits)
        and bool(card.genre_ids)
        and (isinstance(card, MovieCard) or any(True for _ in card.walk_episodes()))
        and sum(1 for other in catalogue.cards.values() if card.name in other.name) == 1
    )


async def set_stage(demo: Demo, reason: Reason, target: Target) -> Stage:
    """A viewer of their own, with the target and its neighbour on the list, rated, half watched and in the history."""
    if reason is Reason.VISITOR:
        return Stage(demo.visitor, target, reason)
    ceiling = CEILINGS.get(reason, MaturityRating.AGE_18)
    client = await demo.make_viewer(region=target.region, ceiling=ceiling, is_kids=reason is Reason.CEILING)
    profile_id, services, now = str(client.profile_id), demo.services, demo.services.now()
    playables = [(target.playable_id, target.card.id)]
    if isinstance(target.neighbour, MovieCard):
        playables.append((target.neighbour.id, target.neighbour.id))
    for playable_id, title_id in playables:
        at = now - timedelta(hours=1)
        await add_progress(services.pool, profile_id, playable_id, title_id, at)
        await add_sitting(services.pool, profile_id, playable_id, title_id, at)
    for title_id in (target.neighbour.id, target.card.id):
        await change_state(services.pool, services.cache, profile_id, add_to_list(profile_id, title_id, now))
        await change_state(services.pool, services.cache, profile_id, rate(profile_id, title_id, Thumb.UP, now))
    return Stage(client, target, reason)


async def pin_home(demo: Demo, stage: Stage) -> list[str]:
    """Put the target into every place of the viewer's pinned home, as if it had become hidden since; gives row ids."""
    await stage.client.fetch("{ home { generatedAt } }")
    key, target = keys.profile_home(str(stage.client.profile_id), f"{stage.target.region}:-"), stage.target
    stored = (await demo.services.cache.get_many([key]))[0]
    assert stored is not None
    document = demo.services.homes.decode(stored)
    plain = HomeItem(target.card.id)
    rows = (
        _row("plain", RowKind.TRENDING, RowLayout.BOXART, plain),
        _row("ranked", RowKind.TOP_TEN, RowLayout.RANKED, HomeItem(target.card.id, rank=1)),
        _row("again", RowKind.CONTINUE_WATCHING, RowLayout.WIDE, HomeItem(target.card.id, target.playable_id)),
        msgspec.structs.replace(
            _row("because", RowKind.BECAUSE_YOU_WATCHED, RowLayout.BOXART, HomeItem(target.neighbour.id)),
            because_id=target.card.id,
            name=f"Because You Watched {target.card.name}",
        ),
    )
    hidden = tuple(msgspec.structs.replace(row, key=f"hidden-{row.key}") for row in rows)
    full = msgspec.structs.replace(document, hero_id=target.card.id, rows=rows, hidden=hidden)
    await demo.services.cache.put(key, demo.services.homes.encode(full, str(stage.client.profile_id)), age=600)
    return [name_row_of(str(stage.client.profile_id), row.key) for row in (*rows, *hidden)]


def _row(key: str, kind: RowKind, layout: RowLayout, item: HomeItem) -> PinnedRow:
    return pin(HomeRow(key=key, kind=kind, layout=layout, name=key, items=(item,)))
