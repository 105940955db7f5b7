"""Composes a profile's home from its sections, pins it as a document, and opens it again while its basis holds."""

import asyncio
import hashlib
import logging
import random
from datetime import datetime

import msgspec
from msgspec.structs import replace

from bff.context import OperationContext
from bff.domain.home import HomeDocument, HomeRow, RowKind, RowLayout, arrange, cap_kinds, drop_adjacent_repeats, mix
from bff.domain.paging import ROWS_CAP
from bff.errors import BadUserInput
from bff.stores import keys
from bff.stores.redis import RedisAway
from resolvers import sections
from resolvers.sections.scene import Scene, Section
from resolvers.sections.time_of_day import find_part

log = logging.getLogger(__name__)

HOME_AGE = 60 * 60 * 24 * 7
"""Seconds the latest home stays, so that its rows can stand in for ones that fail."""
PINNED_AGE = 60 * 60
"""Seconds a client may page through an earlier home."""
LEAST_ITEMS = 4
HERO_POOL = 40

_CAPS = {RowKind.BECAUSE_YOU_WATCHED: 3, RowKind.GENRE: 14}

_decode = msgspec.msgpack.Decoder(HomeDocument).decode
_encode = msgspec.msgpack.Encoder().encode


def prefetch_home(context: OperationContext) -> None:
    """Ask for the pinned home in the round trip that reads who asks."""
    if context.token is not None and context.token.profile_id is not None:
        context.documents.load(keys.profile_home(context.token.profile_id))


async def open_home(context: OperationContext) -> HomeDocument:
    """The home that was pinned last, while it holds; else a new one, pinned in its place."""
    basis = compute_basis(context)
    if context.home is not None and context.home.basis == basis:
        return context.home
    stored = await context.documents.load(keys.profile_home(context.require_state().profile_id))
    previous = _decode(stored) if stored is not None else None
    if previous is not None and previous.basis == basis:
        context.home = previous
        return previous
    context.home = await compose(context, basis, previous)
    await _pin(context, context.home)
    return context.home


async def open_pinned_home(context: OperationContext, version: str, *, current: HomeDocument | None) -> HomeDocument:
    """The home of one version.

    Raises BadUserInput when it is not kept any more.
    """
    if current is not None and current.version == version:
        return current
    stored = await context.documents.load(keys.pinned_home(context.require_state().profile_id, version))
    if stored is None:
        raise BadUserInput("The home that this cursor belongs to is gone; begin with its first page again.")
    return _decode(stored)


async def compose(context: OperationContext, basis: str, previous: HomeDocument | None) -> HomeDocument:
    """Ask every section at once, each with its own deadline, and mix what they propose.

    A home that lacks a section is not kept: its `basis` is empty, so that the next request tries again.
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
    proposals = await asyncio.gather(*(_propose(section, scene, deadline, previous) for section in sections.SECTIONS))
    is_whole = all(row.items is not None and not row.is_stale for rows in proposals for row in rows)
    proposed = [row for rows in proposals for row in rows]
    arrangement = context.require_state().arrangement
    rows = mix(proposed, (cap_kinds(_CAPS), arrange(arrangement), drop_adjacent_repeats(LEAST_ITEMS)))[:ROWS_CAP]
    unwanted = frozenset(arrangement.hidden)
    hidden = tuple(row for row in proposed if row.key in unwanted)
    digest = hashlib.blake2b(_encode((basis, rows, hidden)), digest_size=9).hexdigest()
    return HomeDocument(
        version=digest,
        basis=basis if is_whole else "",
        generated_at=context.now,
        hero_id=pick_hero(scene),
        rows=tuple(rows),
        hidden=hidden,
    )


def compute_basis(context: OperationContext) -> str:
    """What a home is made from; it is composed anew when any of it changed."""
    local_time = _read_local_time(context)
    return "|".join(
        str(part)
        for part in (
            context.require_state().version,
            context.catalogue.version,
            context.audience.region,
            context.audience.ceiling.value,
            context.now.date(),
            find_part(local_time.hour) if local_time is not None else "",
        )
    )


def pick_hero(scene: Scene) -> str | None:
    """One of the day's pool, the same all day for a profile.

    The pool is the most popular that the viewer may see and has not begun; with the day it changes on its own.
    """
    known = {entry.title_id for entry in scene.state.progress.values()}
    pool = [card.id for card in scene.shelf.titles[: HERO_POOL * 2] if card.id not in known][:HERO_POOL]
    if not pool:
        return None
    return random.Random(f"{scene.state.profile_id}:{scene.now.date()}").choice(pool)


async def _propose(section: Section, scene: Scene, deadline: float, previous: HomeDocument | None) -> list[HomeRow]:
    try:
        async with asyncio.timeout(deadline):
            return await section.propose(scene)
    except Exception:
        log.warning("section %s failed; its last good rows stand in", section.kind, exc_info=True)
    held = [*previous.rows, *previous.hidden] if previous is not None else []
    last_good = [replace(row, is_stale=True) for row in held if row.kind is section.kind and row.items is not None]
    if last_good:
        return last_good
    return [
        HomeRow(key=f"failed:{section.kind}", kind=section.kind, layout=RowLayout.BOXART, name=section.name, items=None)
    ]


async def _pin(context: OperationContext, document: HomeDocument) -> None:
    profile_id, encoded = context.require_state().profile_id, _encode(document)
    try:
        await context.services.cache.put_many(
            (
                (keys.profile_home(profile_id), encoded, HOME_AGE),
                (keys.pinned_home(profile_id, document.version), encoded, PINNED_AGE),
            )
        )
    except RedisAway:
        context.degraded.add("redis")


def _read_local_time(context: OperationContext) -> datetime | None:
    time_zone = context.caller.time_zone
    return context.now.astimezone(time_zone) if time_zone is not None else None
