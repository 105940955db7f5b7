"""Composes a profile's home from its sections, pins it as a document, and opens it again while its basis holds."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec
from msgspec.structs import replace

from bff.context import OperationContext
from bff.domain.home import (
    HomeBasis,
    HomeRow,
    PastRow,
    PinnedHome,
    RowKind,
    RowLayout,
    arrange,
    cap_kinds,
    draw,
    drop_adjacent_repeats,
    hide,
    mix,
    pin,
    spread,
)
from bff.domain.paging import ROWS_CAP
from bff.domain.titles import AnyTitleCard, plays
from bff.errors import BadUserInput, Unavailable
from bff.stores import keys
from bff.stores.redis import RedisAway, read_document
from resolvers import sections
from resolvers.sections.scene import Scene, Section
from resolvers.sections.time_of_day import find_part

log = logging.getLogger(__name__)

HOME_AGE = 60 * 60 * 24 * 7
"""Seconds the latest home stays, so that its rows can stand in for ones that fail."""
PINNED_AGE = 60 * 60
"""Seconds a client may page on through a home that was replaced; a home that holds is replaced when the day ends."""
DAY = 60 * 60 * 24
LEAST_ITEMS = 4
HERO_POOL = 40
HERO_RANKS = 120
"""The day's pool is drawn from so many of the most popular titles."""

_CAPS = {RowKind.BECAUSE_YOU_WATCHED: 3, RowKind.GENRE: 14}

_encode = msgspec.msgpack.Encoder().encode


def prefetch_home(context: OperationContext) -> None:
    """Ask for the pinned home in the round trip that reads who asks."""
    if context.token is not None and context.token.profile_id is not None:
        context.documents.want(_name_home(context, context.token.profile_id))


async def open_home(context: OperationContext) -> PinnedHome:
    """The home that was pinned last, while it holds; else a new one, pinned in its place."""
    basis = compute_basis(context)
    if context.home is not None and context.home.basis == basis:
        return context.home
    stored = await context.documents.load(keys.profile_home(context.require_state().profile_id, basis.setting))
    previous = read_document(stored, context.services.homes.decode)
    if previous is not None and previous.basis == basis:
        context.home = previous
    else:
        context.home = await _pin(context, await compose(context, basis, previous), previous)
    return context.home


async def open_pinned_home(context: OperationContext, version: str) -> PinnedHome:
    """The home of one version.

    Raises BadUserInput when it is not kept any more, Unavailable when that cannot be told.
    """
    if context.home is not None and context.home.version == version:
        return context.home
    stored = await context.documents.load(keys.pinned_home(context.require_state().profile_id, version))
    pinned = read_document(stored, context.services.homes.decode)
    if pinned is not None:
        return pinned
    if "redis" in context.degraded:
        raise Unavailable("The home that this cursor belongs to cannot be read just now; try again.")
    raise BadUserInput("The home that this cursor belongs to is gone; begin with its first page again.")


async def compose(context: OperationContext, basis: HomeBasis, previous: PinnedHome | None) -> PinnedHome:
    """Ask every section at once, each with its own deadline, and mix what they propose.

    A home that lacks a section is not kept: it has no `basis`, so that the next request tries again.
    """
    scene = Scene(
        catalogue=context.catalogue,
        shelf=context.shelf,
        state=context.require_state(),
        region=context.audience.region,
        now=context.now,
        local_time=_read_local_time(context),
    )
    deadline = context.services.settings.section_deadline
    tasks = []
    async with asyncio.TaskGroup() as group:
        for section in sections.SECTIONS:
            tasks.append(group.create_task(_propose(section, scene, deadline, previous)))
            await asyncio.sleep(0)  # between two sections other requests have their turn
    proposals = [task.result() for task in tasks]
    is_whole = all(row.items is not None and not row.is_stale for rows in proposals for row in rows)
    proposed = [row for rows in proposals for row in rows]
    wanted = scene.state.arrangement
    unwanted = frozenset(wanted.hidden)
    rules = (hide(unwanted), cap_kinds(_CAPS), spread, arrange(wanted.order), drop_adjacent_repeats(LEAST_ITEMS))
    rows = mix(proposed, rules)[:ROWS_CAP]
    hidden = tuple(row for row in proposed if row.key in unwanted)
    return PinnedHome(
        version=hashlib.blake2b(_encode((scene.state.profile_id, basis, rows, hidden)), digest_size=9).hexdigest(),
        basis=basis if is_whole else None,
        generated_at=context.now,
        hero_id=pick_hero(scene),
        rows=tuple(pin(row) for row in rows),
        hidden=tuple(pin(row) for row in hidden),
        past=tuple(islice(_list_past_rows(previous, {row.key for row in (*rows, *hidden)}, context.now), ROWS_CAP)),
    )


def compute_basis(context: OperationContext) -> HomeBasis:
    """What a home is made from; it is composed anew when any of it changed."""
    state = context.require_state()
    return HomeBasis(
        state=state.version,
        catalogue=context.catalogue.version,
        until=context.shelf.until,
        ceiling=state.ceiling,
        day=context.now.date(),
        setting=_name_setting(context),
    )


def pick_hero(scene: Scene) -> str | None:
    """One of the day's pool, the same all day for a profile, unless it begins to watch it: what plays, if anything."""
    pool = {card.id: card for card in scene.pick("heroes", lambda: draw_heroes(scene))}
    drawn = draw(f"{scene.state.profile_id}:{scene.now.date()}", pool, len(pool))
    own_order = sorted(drawn, key=lambda title_id: not plays(pool[title_id]))
    known = scene.begun_ids | scene.unwanted_ids
    return next((title_id for title_id in own_order if title_id not in known), own_order[0] if own_order else None)


def draw_heroes(scene: Scene) -> list[AnyTitleCard]:
    """The day's pool, for all of the region: from the most popular titles, and all that plays."""
    ranked = sorted(scene.titles, key=lambda card: card.id not in scene.catalogue.playing)[:HERO_RANKS]
    by_id = {card.id: card for card in ranked}
    drawn = [by_id[title_id] for title_id in draw(f"{scene.region}:{scene.now.date()}", by_id, len(by_id))]
    return sorted(drawn, key=lambda card: not plays(card))[:HERO_POOL]


async def _propose(section: Section, scene: Scene, deadline: float, previous: PinnedHome | None) -> list[HomeRow]:
    try:
        async with asyncio.timeout(deadline):
            return await section.propose(scene)
    except Exception:
        log.warning("section %s failed; its last good rows stand in", section.kind, exc_info=True)
    held = [*previous.rows, *previous.hidden] if previous is not None else []
    last_good = [
        replace(row.unpack(), is_stale=True) for row in held if row.kind is section.kind and row.title_ids is not None
    ]
    if last_good:
        return last_good
    return [HomeRow(key=section.key, kind=section.kind, layout=RowLayout.BOXART, name=section.name, items=None)]


def _list_past_rows(previous: PinnedHome | None, shown: set[str], now: datetime) -> Iterator[PastRow]:
    """Rows of earlier homes that are not in the one that follows, while a client may page on through them."""
    if previous is None:
        return
    until = now + timedelta(seconds=PINNED_AGE)
    for row in (*previous.rows, *previous.hidden):
        if row.key not in shown:
            yield PastRow(row=replace(row, title_ids="", ranks=()), until=until)
    for past in previous.past:
        if past.row.key not in shown and past.until > now:
            yield past


async def _pin(context: OperationContext, composed: PinnedHome, previous: PinnedHome | None) -> PinnedHome:
    """Keep it as the latest and by its version; the version before it goes when its clients have had their time.

    Gives the home as whoever opens it next will have it: with rows that others share.
    """
    profile_id, homes = context.require_state().profile_id, context.services.homes
    encoded = homes.encode(composed, profile_id)
    home = homes.decode(encoded)
    outdated = []
    if previous is not None and previous.version != home.version:
        outdated.append((keys.pinned_home(profile_id, previous.version), PINNED_AGE))
    try:
        await context.services.cache.put_many(
            (
                (_name_home(context, profile_id), encoded, HOME_AGE),
                (keys.pinned_home(profile_id, home.version), encoded, DAY + PINNED_AGE),
            ),
            outdated=outdated,
        )
    except RedisAway:
        context.degraded.add("redis")
    return home


def _name_home(context: OperationContext, profile_id: str) -> str:
    return keys.profile_home(profile_id, _name_setting(context))


def _name_setting(context: OperationContext) -> str:
    """Region and part of the day: devices of a profile that differ in them have a home each."""
    local_time = _read_local_time(context)
    return f"{context.caller.region}:{find_part(local_time.hour) if local_time is not None else '-'}"


def _read_local_time(context: OperationContext) -> datetime | None:
    time_zone = context.caller.time_zone
    return context.now.astimezone(time_zone) if time_zone is not None else None
