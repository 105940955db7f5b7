"""Changes titles as operators say: each change one transaction with its cards, outbox row and record."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from bff.catalog.certificates import rate_certificate
from bff.catalog.names import fold_name
from bff.domain.ids import IdKind, derive_id
from bff.domain.title_changes import AvailabilityChange, CreditChange, SeasonChange, TitleChange, TrailerChange
from bff.domain.video import SkipMarker
from bff.errors import NotFound, Unavailable
from bff.stores import title_edits
from bff.stores.catalogue_import import lock_catalogue
from bff.stores.operator_actions import note_action
from bff.stores.postgres import Connection
from bff.stores.title_cards import rebuild_cards
from bff.stores.title_edits import HeldTitle, NewCredit
from bff.stores.videos import find_title_of, read_durations, set_markers

_PREFIX = "studio:"
"""What natural keys of operators' own titles begin with."""

_DEADLINE = 3.0
"""Seconds to wait for an import that runs, which has the catalogue to itself: less than an operation may take."""


@asynccontextmanager
async def changing(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """A transaction that has the catalogue to itself. Raises Unavailable while an import has it."""
    async with pool.acquire(timeout=_DEADLINE) as connection, connection.transaction():
        try:
            await lock_catalogue(connection, deadline=_DEADLINE)
        except TimeoutError as error:
            raise Unavailable("The catalogue is being imported: try again in a minute.", retry_after=60) from error
        yield connection


async def find_title_by_key(connection: Connection, key: str) -> HeldTitle | None:
    """The title that was made under an operator's own key."""
    return await title_edits.find_title(connection, derive_id(IdKind.TITLE, _PREFIX + key))


async def add_title(connection: Connection, key: str, kind: str, change: TitleChange, now: datetime) -> HeldTitle:
    """Make the title of a key; `change.columns` has name, synopsis and year. Without a certificate it is AGE_18."""
    title = HeldTitle(derive_id(IdKind.TITLE, _PREFIX + key), _PREFIX + key, kind)
    columns = {"maturity": int(rate_certificate(None)), **change.columns}
    await title_edits.add_title(connection, title, columns, now)
    return title


async def require_title(connection: Connection, title_id: str) -> HeldTitle:
    """Raises NotFound."""
    title = await title_edits.find_title(connection, title_id)
    if title is None:
        raise NotFound("There is no such title: take an id from `search` or `catalogueTitles`.")
    return title


async def change_title(
    connection: Connection, title: HeldTitle, change: TitleChange, *, operator_id: str | None
) -> None:
    """Seasons are for series only. Raises NotFound for a trailer that is not the title's."""
    await title_edits.change_columns(connection, title.id, change.columns)
    parts = set(change.columns)
    if change.genre_ids is not None:
        await title_edits.replace_genres(connection, title.id, change.genre_ids)
        parts.add("genres")
    if change.credits is not None:
        await title_edits.replace_credits(connection, title.id, _identify_people(change.credits))
        parts.add("credits")
    if change.trailers is not None:
        await _replace_trailers(connection, title, change.trailers)
        parts.add("trailers")
    await title_edits.remove_seasons(connection, title.id, change.removed_seasons)
    for season in change.seasons:
        await _put_season(connection, title, season)
    numbers = (*change.removed_seasons, *(season.number for season in change.seasons))
    parts |= {f"season:{number}" for number in numbers}
    details = {"parts": sorted(parts)}
    await _conclude(connection, title, parts, operator_id=operator_id, action="upsertTitle", details=details)


async def change_availability(
    connection: Connection, title_id: str, change: AvailabilityChange, *, operator_id: str | None
) -> None:
    """Raises NotFound."""
    title = await require_title(connection, title_id)
    await title_edits.put_windows(connection, title.id, change.windows)
    await title_edits.remove_windows(connection, title.id, change.removed)
    parts = {f"window:{region}" for region in (*change.windows, *change.removed)}
    details = {"windows": change.windows, "removed": change.removed}
    await _conclude(connection, title, parts, operator_id=operator_id, action="setAvailability", details=details)


async def withdraw_title(connection: Connection, title_id: str, *, operator_id: str | None) -> None:
    """Hide it from everybody, for good or until it is restored; what plays of it ends. Raises NotFound."""
    title = await require_title(connection, title_id)
    await title_edits.hide_title(connection, title.id, True)
    await _conclude(connection, title, {"is_hidden"}, operator_id=operator_id, action="withdrawTitle", details={})


async def restore_title(connection: Connection, title_id: str, *, operator_id: str | None) -> None:
    """Show it again where its windows and its maturity let it be seen. Raises NotFound."""
    title = await require_title(connection, title_id)
    await title_edits.hide_title(connection, title.id, False)
    await _conclude(connection, title, {"is_hidden"}, operator_id=operator_id, action="restoreTitle", details={})


async def find_duration(connection: Connection, playable_id: str) -> float | None:
    """In seconds, of what plays; None where nobody knows. Raises NotFound for what does not play."""
    durations = await read_durations(connection, [playable_id])
    if playable_id not in durations:
        raise NotFound("There is nothing of this id that plays: name a film, an episode or a trailer.")
    return durations[playable_id]


async def mark(
    connection: Connection, playable_id: str, markers: Sequence[SkipMarker], *, operator_id: str | None
) -> str:
    """Put these in place of the skip markers of a film, an episode or a trailer; answers the title.

    Raises LookupError for what does not play.
    """
    await set_markers(connection, {playable_id: markers})
    await note_action(connection, operator_id, "setSkipMarkers", playable_id, {"markers": markers})
    return str(await find_title_of(connection, playable_id))


async def _conclude(
    connection: Connection,
    title: HeldTitle,
    parts: set[str],
    *,
    operator_id: str | None,
    action: str,
    details: Mapping[str, object],
) -> None:
    await title_edits.note_edits(connection, title.id, parts)
    await note_action(connection, operator_id, action, title.id, details)
    await rebuild_cards(connection, [title.id])


def _identify_people(billed: Sequence[CreditChange]) -> list[NewCredit]:
    """As an import does: by folded name; each once in a role."""
    found: dict[tuple[str, str], NewCredit] = {}
    for credit in billed:
        key = fold_name(credit.name)
        person_id = derive_id(IdKind.PERSON, f"person:{key}")
        found.setdefault((key, credit.role), NewCredit(person_id, credit.name, credit.role.value, credit.character))
    return list(found.values())


async def _put_season(connection: Connection, title: HeldTitle, season: SeasonChange) -> None:
    """Episodes keep the ids of those that had their numbers, and so their videos and who watched them."""
    natural_key = f"{title.natural_key}:season:{season.number}"
    season_id = await title_edits.put_season(connection, title.id, derive_id(IdKind.SEASON, natural_key), season)
    if season.episodes is None:
        return
    held = await title_edits.find_episodes(connection, season_id)
    await title_edits.replace_episodes(
        connection,
        season_id,
        {
            held.get(one.number) or derive_id(IdKind.EPISODE, f"{natural_key}:episode:{one.number}"): (
                one.number, one.name, one.synopsis, one.released_at, one.duration,
            )
            for one in season.episodes
        },
    )  # fmt: skip


async def _replace_trailers(connection: Connection, title: HeldTitle, trailers: Sequence[TrailerChange]) -> None:
    held = set(await title_edits.find_trailers(connection, title.id))
    names: dict[str, str] = {}
    for trailer in trailers:
        trailer_id = trailer.id or derive_id(IdKind.TRAILER, f"{title.id}:name:{fold_name(trailer.name)}")
        if trailer.id is not None and trailer.id not in held:
            raise NotFound(f"{trailer.id} is no trailer of this title.")
        names[trailer_id] = trailer.name
    await title_edits.replace_trailers(connection, title.id, names)
