"""Builds title cards from the normalised rows; the one place that writes them, whoever changed a title."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from asyncpg import Record
from msgspec import Struct
from msgspec.structs import replace

from bff.artwork.describe import compute_version, describe_artwork
from bff.artwork.photographs import POSTER_KINDS
from bff.domain.titles import (
    AnyTitleCard,
    Artwork,
    Credit,
    CreditRole,
    EpisodeCard,
    LicenceWindow,
    MaturityRating,
    MovieCard,
    SeasonCard,
    SeriesCard,
    TrailerCard,
)
from bff.domain.video import SkipKind, SkipMarker, Video, VideoState
from bff.stores.catalogue_import import IMPORT_DEADLINE, append_outbox, lock_catalogue
from bff.stores.postgres import Connection

DescribeArtwork = Callable[[str, int, Sequence[str]], Artwork]

_ENCODER = msgspec.json.Encoder(order="deterministic")

_QUERIES = {
    "titles": """
        SELECT id, type, name, original_name, original_language, synopsis, release_year, certificate, maturity,
            duration, added_at, popularity, average_rating, rating_count, is_hidden
        FROM title WHERE $1::text[] IS NULL OR id = ANY($1) ORDER BY id
    """,
    "seasons": """
        SELECT title_id, id, number, name, episode_count
        FROM season WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY title_id, number
    """,
    "episodes": """
        SELECT season_id, episode.id, episode.number, episode.name, synopsis, released_at, duration
        FROM episode JOIN season ON season.id = season_id
        WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY season_id, episode.number
    """,
    "credits": """
        SELECT title_id, person_id, person.name, role, character
        FROM credit JOIN person ON person.id = person_id
        WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY title_id, ordinal
    """,
    "genres": """
        SELECT title_id, genre_id, slug
        FROM title_genre JOIN genre ON genre.id = genre_id
        WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY title_id, title_genre.ordinal
    """,
    "windows": """
        SELECT title_id, region, opens, closes
        FROM licence_window WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY title_id, region
    """,
    "trailers": """
        SELECT title_id, id, name FROM trailer
        WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY title_id, ordinal, id
    """,
    "videos": """
        SELECT playable_id, state, document FROM video WHERE $1::text[] IS NULL OR title_id = ANY($1)
    """,
    "markers": """
        SELECT playable_id, kind, starts, ends FROM skip_marker
        WHERE $1::text[] IS NULL OR title_id = ANY($1) ORDER BY playable_id, starts, kind
    """,
}


class _Playing(Struct, frozen=True):
    state: VideoState
    video: Video | None
    markers: tuple[SkipMarker, ...]


_NOTHING = _Playing(VideoState.NONE, None, ())
_DECODE_VIDEO = msgspec.json.Decoder(Video).decode


class CardChanges(Struct, frozen=True):
    """The ids whose card was written or marked as deleted; `version` is None where there are none."""

    written: list[str]
    removed: list[str]
    version: int | None


async def rebuild_cards(
    connection: Connection, title_ids: Sequence[str] | None = None, *, describe: DescribeArtwork = describe_artwork
) -> CardChanges:
    """Bring the cards of these titles (None: of all) in step with the normalised rows, inside a transaction.

    A card whose document stays the same keeps its version. What changed is announced in the outbox, topic
    `catalogue`. Takes the catalogue's lock until the transaction ends.
    """
    await lock_catalogue(connection)
    rows = {name: await connection.fetch(query, title_ids, timeout=IMPORT_DEADLINE) for name, query in _QUERIES.items()}
    documents = await asyncio.to_thread(_build_documents, rows, describe)
    written = await _write_documents(connection, documents)
    removed = await _mark_deleted(connection, title_ids)
    version = max((record["version"] for record in (*written, *removed)), default=None)
    changes = CardChanges(
        [record["title_id"] for record in written], [record["title_id"] for record in removed], version
    )
    if version is not None:
        payload = {"version": version, "written": len(written), "removed": len(removed)}
        await append_outbox(connection, "catalogue", "catalogue", payload)
    return changes


def build_cards(rows: Mapping[str, Sequence[Record]], describe: DescribeArtwork) -> Iterable[AnyTitleCard]:
    """Cards in the order of the rows of `titles`."""
    by_title = {
        name: _group(rows[name], "title_id") for name in ("seasons", "credits", "genres", "windows", "trailers")
    }
    episodes = _group(rows["episodes"], "season_id")
    playing = _read_playing(rows)
    for title in rows["titles"]:
        of_title = {name: groups.get(title["id"], []) for name, groups in by_title.items()}
        yield _build_card(title, of_title, episodes, playing, describe)


def _build_documents(rows: Mapping[str, Sequence[Record]], describe: DescribeArtwork) -> list[tuple[str, str]]:
    return [(card.id, _ENCODER.encode(card).decode()) for card in build_cards(rows, describe)]


def _group(rows: Iterable[Record], column: str) -> dict[str, list[Record]]:
    groups: defaultdict[str, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _build_card(
    title: Record,
    of_title: Mapping[str, Sequence[Record]],
    episodes: Mapping[str, Sequence[Record]],
    playing: Mapping[str, _Playing],
    describe: DescribeArtwork,
) -> AnyTitleCard:
    slugs = [genre["slug"] for genre in of_title["genres"]]
    fields = {
        "id": title["id"],
        "name": title["name"],
        "original_name": title["original_name"],
        "original_language": title["original_language"],
        "synopsis": title["synopsis"],
        "release_year": title["release_year"],
        "maturity": MaturityRating(title["maturity"]),
        "certificate": title["certificate"],
        "genre_ids": tuple(genre["genre_id"] for genre in of_title["genres"]),
        "credits": tuple(
            Credit(credit["person_id"], credit["name"], CreditRole(credit["role"]), credit["character"])
            for credit in of_title["credits"]
        ),
        "windows": {
            window["region"]: LicenceWindow(window["opens"], window["closes"]) for window in of_title["windows"]
        },
        "added_at": title["added_at"],
        "popularity": title["popularity"],
        "average_rating": title["average_rating"],
        "rating_count": title["rating_count"],
        "artwork": describe(title["name"], title["release_year"], slugs),
        "is_hidden": title["is_hidden"],
        "trailers": tuple(
            TrailerCard(id=trailer["id"], name=trailer["name"], **_play(playing, trailer["id"], None))
            for trailer in of_title["trailers"]
        ),
    }
    if title["type"] == "MOVIE":
        fields["artwork"] = _version_still(fields["artwork"], playing.get(title["id"], _NOTHING).video)
        return MovieCard(**_play(playing, title["id"], title["duration"]), **fields)
    seasons = tuple(_build_season(season, episodes, playing) for season in of_title["seasons"])
    return SeriesCard(seasons=seasons, **fields)


def _version_still(artwork: Artwork, video: Video | None) -> Artwork:
    """Pictures never change under their URL, and some of a film's are frames of its video."""
    if video is None or not video.stills:
        return artwork
    shown = dict.fromkeys(POSTER_KINDS, video.placeholder) if video.placeholder else {}
    return replace(
        artwork,
        version=compute_version(artwork.version, video.asset_id),
        placeholders=artwork.placeholders | {kind.value: placeholder for kind, placeholder in shown.items()},
    )


def _build_season(
    season: Record, episodes: Mapping[str, Sequence[Record]], playing: Mapping[str, _Playing]
) -> SeasonCard:
    return SeasonCard(
        id=season["id"],
        number=season["number"],
        name=season["name"],
        episode_count=season["episode_count"],
        episodes=tuple(
            EpisodeCard(
                id=episode["id"],
                number=episode["number"],
                name=episode["name"],
                synopsis=episode["synopsis"],
                released_at=episode["released_at"],
                **_play(playing, episode["id"], episode["duration"]),
            )
            for episode in episodes.get(season["id"], ())
        ),
    )


def _read_playing(rows: Mapping[str, Sequence[Record]]) -> dict[str, _Playing]:
    markers = _group(rows["markers"], "playable_id")
    playing = {
        row["playable_id"]: _Playing(
            VideoState(row["state"]), _DECODE_VIDEO(row["document"]) if row["document"] is not None else None, ()
        )
        for row in rows["videos"]
    }
    for playable_id, found in markers.items():
        marks = tuple(SkipMarker(SkipKind(row["kind"]), row["starts"], row["ends"]) for row in found)
        playing[playable_id] = replace(playing.get(playable_id, _NOTHING), markers=marks)
    return playing


def _play(playing: Mapping[str, _Playing], playable_id: str, duration: float | None) -> dict[str, Any]:
    """A video knows how long it is; the catalogue's word holds until there is one."""
    held = playing.get(playable_id, _NOTHING)
    return {
        "duration": duration if held.video is None else held.video.duration,
        "video": held.video,
        "video_state": held.state,
        "markers": held.markers,
    }


async def _write_documents(connection: Connection, documents: Sequence[tuple[str, str]]) -> list[Record]:
    await connection.execute(
        "CREATE TEMP TABLE incoming_card (title_id text, document text) ON COMMIT DROP", timeout=IMPORT_DEADLINE
    )
    await connection.copy_records_to_table("incoming_card", records=documents, timeout=IMPORT_DEADLINE)
    written = await connection.fetch(
        """
        INSERT INTO title_card (title_id, version, document, deleted)
        SELECT title_id, nextval('title_card_version'), incoming_card.document, false
        FROM incoming_card LEFT JOIN title_card USING (title_id)
        WHERE title_card.document IS DISTINCT FROM incoming_card.document
        ON CONFLICT (title_id) DO UPDATE
        SET version = excluded.version, document = excluded.document, deleted = false
        RETURNING title_id, version
        """,
        timeout=IMPORT_DEADLINE,
    )
    await connection.execute("DROP TABLE incoming_card", timeout=IMPORT_DEADLINE)
    return written


async def _mark_deleted(connection: Connection, title_ids: Sequence[str] | None) -> list[Record]:
    removed: list[Record] = await connection.fetch(
        """
        UPDATE title_card SET version = nextval('title_card_version'), document = NULL, deleted = true
        WHERE NOT deleted
            AND ($1::text[] IS NULL OR title_id = ANY($1))
            AND NOT EXISTS (SELECT FROM title WHERE title.id = title_id)
        RETURNING title_id, version
        """,
        title_ids,
        timeout=IMPORT_DEADLINE,
    )
    return removed
