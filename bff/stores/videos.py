"""What plays: publishing and marking, each in one transaction with the cards that show it."""

from collections.abc import Mapping, Sequence

import msgspec

from bff.domain.ids import IdKind, derive_id, kind_of
from bff.domain.video import SkipKind, SkipMarker, Video, VideoState
from bff.stores.postgres import Connection
from bff.stores.title_cards import rebuild_cards

_encode = msgspec.json.Encoder(order="deterministic").encode

_TITLE_OF = """
    SELECT id FROM title WHERE id = $1 AND type = 'MOVIE'
    UNION ALL SELECT title_id FROM episode JOIN season ON season.id = season_id WHERE episode.id = $1
    UNION ALL SELECT title_id FROM trailer WHERE id = $1
"""


_DURATIONS = """
    SELECT held.id, coalesce((video.document::json ->> 'duration')::float8, held.duration) AS duration FROM (
        SELECT id, duration FROM title WHERE id = ANY($1::text[]) AND type = 'MOVIE'
        UNION ALL SELECT id, duration FROM episode WHERE id = ANY($1::text[])
        UNION ALL SELECT id, NULL FROM trailer WHERE id = ANY($1::text[])
    ) AS held LEFT JOIN video ON video.playable_id = held.id
"""


async def find_title_of(connection: Connection, playable_id: str) -> str | None:
    """The title that a film, an episode or a trailer belongs to; None for what does not play."""
    if kind_of(playable_id) is None:
        return None
    found: str | None = await connection.fetchval(_TITLE_OF, playable_id)
    return found


async def has_title(connection: Connection, title_id: str) -> bool:
    """Whether there is such a film or series, hidden or not."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM title WHERE id = $1)", title_id)
    return found


async def choose_playable(
    connection: Connection, title_id: str, *, episode_id: str | None = None, trailer: str | None = None
) -> str:
    """What of a title a master is for: the film, one episode, or the trailer that the text names, made where it is new.

    Raises LookupError, in words for whoever asked.
    """
    if not await has_title(connection, title_id):
        raise LookupError(f"There is no title {title_id}: `catalogueTitles` tells their ids.")
    if trailer is not None:
        trailer_id = derive_id(IdKind.TRAILER, f"{title_id}:{trailer}")
        await add_trailer(connection, trailer_id, title_id, "Trailer")
        return trailer_id
    playable_id = episode_id or title_id
    owner = await find_title_of(connection, playable_id)
    if owner is None and episode_id is None:
        raise LookupError(f"{title_id} is a series: name one of its episodes, or say that it is a trailer.")
    if owner != title_id:
        raise LookupError(f"{episode_id} is no episode of {title_id}: `catalogueTitle` tells their ids.")
    return playable_id


async def add_trailer(connection: Connection, trailer_id: str, title_id: str, name: str) -> None:
    """Behind the others of its title; once more changes its name. Cards follow with the next `publish_video`."""
    if kind_of(trailer_id) is not IdKind.TRAILER:
        raise ValueError(f"{trailer_id!r} is no id of a trailer")
    await connection.execute(
        """
        INSERT INTO trailer (id, title_id, name, ordinal)
        VALUES ($1, $2, $3, (SELECT coalesce(max(ordinal) + 1, 0) FROM trailer WHERE title_id = $2))
        ON CONFLICT (id) DO UPDATE SET name = excluded.name
        """,
        trailer_id,
        title_id,
        name,
    )


async def publish_video(connection: Connection, playable_id: str, video: Video) -> None:
    """Let this asset play from now on, inside a transaction: its files must be whole in the object store.

    Raises LookupError for what does not play.
    """
    await _write(connection, playable_id, VideoState.READY, _encode(video).decode())


async def note_state(connection: Connection, playable_id: str, state: VideoState) -> None:
    """Say that a video is in the making, or failed to be made; one that plays goes on playing.

    Inside a transaction. Raises LookupError for what does not play.
    """
    await _write(connection, playable_id, state, None)


async def read_durations(connection: Connection, playable_ids: Sequence[str]) -> dict[str, float | None]:
    """In seconds, by the ids of films, episodes and trailers, None where nobody knows; what does not play is left out.

    A video knows how long it is; the catalogue's word holds until there is one.
    """
    rows = await connection.fetch(_DURATIONS, [held for held in playable_ids if kind_of(held) is not None])
    return {row["id"]: row["duration"] for row in rows}


async def read_markers(connection: Connection, playable_id: str) -> list[SkipMarker]:
    """In their order."""
    rows = await connection.fetch(
        "SELECT kind, starts, ends FROM skip_marker WHERE playable_id = $1 ORDER BY starts, kind", playable_id
    )
    return [SkipMarker(SkipKind(row["kind"]), row["starts"], row["ends"]) for row in rows]


async def set_markers(connection: Connection, markers: Mapping[str, Sequence[SkipMarker]]) -> None:
    """By what they are of: put these in place of all that were there, inside a transaction.

    Raises LookupError for what does not play.
    """
    title_ids = {playable_id: await _require_title(connection, playable_id) for playable_id in markers}
    await connection.execute("DELETE FROM skip_marker WHERE playable_id = ANY($1::text[])", list(markers))
    await connection.executemany(
        "INSERT INTO skip_marker (playable_id, kind, starts, ends, title_id) VALUES ($1, $2, $3, $4, $5)",
        [
            (playable_id, marker.kind, marker.start, marker.end, title_ids[playable_id])
            for playable_id, marked in markers.items()
            for marker in marked
        ],
    )
    await rebuild_cards(connection, sorted(set(title_ids.values())))


async def _write(connection: Connection, playable_id: str, state: VideoState, document: str | None) -> None:
    title_id = await _require_title(connection, playable_id)
    await connection.execute(
        """
        INSERT INTO video (playable_id, title_id, state, document) VALUES ($1, $2, $3, $4)
        ON CONFLICT (playable_id) DO UPDATE SET
            state = CASE WHEN excluded.document IS NULL AND video.document IS NOT NULL THEN video.state
                ELSE excluded.state END,
            document = coalesce(excluded.document, video.document), changed_at = now()
        """,
        playable_id,
        title_id,
        state,
        document,
    )
    await rebuild_cards(connection, [title_id])


async def _require_title(connection: Connection, playable_id: str) -> str:
    title_id = await find_title_of(connection, playable_id)
    if title_id is None:
        raise LookupError(f"{playable_id!r} is no film, episode or trailer")
    return title_id
