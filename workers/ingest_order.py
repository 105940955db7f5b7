"""What `bff ingest` does: brings files to the object store, orders the video, and tells how far it is."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from msgspec import Struct

from bff.artwork.photographs import poster_key
from bff.catalog.open_films import find_file, list_open_films
from bff.domain.devices import VideoCodec
from bff.domain.ingest import AudioSource, IngestJob, IngestState, Preset, Priority, SourceFile, SubtitleSource
from bff.domain.languages import is_language_tag
from bff.domain.uploads import master_key
from bff.domain.video import AudioKind, SubtitleKind
from bff.stores.ingest_jobs import queue_ingest
from bff.stores.ingest_progress import read_ingest_job
from bff.stores.objects import Objects
from bff.stores.postgres import Connection
from bff.stores.videos import choose_playable, has_title

LOOK_EVERY = 0.5
"""Seconds between two looks at a job that somebody waits for."""

Report = Callable[[str], None]


class IngestError(Exception):
    """What is wrong with an order, or why its job failed."""


class TrackFile(Struct, frozen=True):
    """A file of subtitles or sound; `language` is a BCP 47 tag, `kind` a SubtitleKind or an AudioKind, or None."""

    path: Path
    language: str
    kind: str | None = None


class FilmOrder(Struct, frozen=True, kw_only=True):
    """A master on this machine and what is to become of it."""

    path: Path
    title_id: str
    episode_id: str | None = None
    is_trailer: bool = False
    preset: Preset = Preset.STANDARD
    codecs: tuple[VideoCodec, ...] = (VideoCodec.H264, VideoCodec.AV1)
    priority: Priority = Priority.NORMAL
    language: str = "en"
    is_encrypted: bool = False
    subtitles: tuple[TrackFile, ...] = ()
    audio: tuple[TrackFile, ...] = ()


def read_track(argument: str, kinds: Sequence[str]) -> TrackFile:
    """`film.de.srt`, `film.de.captions.srt` or `FILE:de:CLOSED_CAPTIONS`. Raises IngestError."""
    path, *said = argument.split(":")
    language, kind = said[0].strip() if said else "", None
    if not said:
        language, kind = _read_name(Path(path).stem, kinds)
    if not is_language_tag(language):
        raise IngestError(f"The language of {path} is missing: name the file like film.de.srt, or say {path}:de.")
    if len(said) > 1:
        kind = _find_kind(said[1], kinds)
        if kind is None:
            raise IngestError(f"{said[1]} of {path} is none of {', '.join(kinds)}.")
    return TrackFile(Path(path), language, kind)


def _read_name(stem: str, kinds: Sequence[str]) -> tuple[str, str | None]:
    """Language and kind, with which names of files end; an empty one where there is none."""
    name, _, last = stem.rpartition(".")
    kind = _find_kind(last, kinds) if name else None
    if kind is not None:
        name, _, last = name.rpartition(".")
    return last if name else last.rpartition("-")[2] if "-" in last else "", kind


def _find_kind(word: str, kinds: Sequence[str]) -> str | None:
    """`captions` is CLOSED_CAPTIONS."""
    return next((kind for kind in kinds if word.upper() in (kind, kind.rpartition("_")[2])), None)


async def order_video(pool: asyncpg.Pool, objects: Objects, order: FilmOrder, report: Report) -> str:
    """Bring all files to the object store and queue the job; answers its id. Raises IngestError or Unavailable."""
    async with pool.acquire(timeout=10) as connection:
        if not await has_title(connection, order.title_id):
            raise IngestError(f"There is no title {order.title_id}: `catalogueTitles` of the graph tells their ids.")
    report(f"Bringing {order.path.name} to the object store.")
    source = await store_file(objects, order.path)
    subtitles = [
        SubtitleSource(
            file=await store_file(objects, track.path),
            language=track.language,
            kind=SubtitleKind(track.kind) if track.kind else SubtitleKind.SUBTITLES,
        )
        for track in order.subtitles
    ]
    audio = [
        AudioSource(
            file=await store_file(objects, track.path),
            language=track.language,
            kind=AudioKind(track.kind) if track.kind else AudioKind.DUBBED,
        )
        for track in order.audio
    ]
    async with pool.acquire(timeout=10) as connection, connection.transaction():
        playable_id = await _find_playable(connection, order, source)
        return await queue_ingest(
            connection,
            playable_id=playable_id,
            source=source,
            now=datetime.now(UTC),
            preset=order.preset,
            codecs=order.codecs,
            priority=order.priority,
            language=order.language,
            is_encrypted=order.is_encrypted,
            subtitles=subtitles,
            audio=audio,
        )


async def order_demo_films(pool: asyncpg.Pool, objects: Objects, report: Report) -> None:
    """Have the open films of the demo made into video, behind all else, once; what lacks its master is left out."""
    for film in list_open_films():
        path = find_file(film.master)
        if not await asyncio.to_thread(path.exists):
            report(f"{film.name} does not play: {film.master} is missing, which `make setup` brings.")
            continue
        subtitles = [
            TrackFile(find_file(file), language, SubtitleKind.CLOSED_CAPTIONS)
            for language, file in film.subtitles.items()
        ]
        order = FilmOrder(
            path=path,
            title_id=film.title_id,
            preset=Preset.QUICK,
            priority=Priority.LOW,
            language=film.language,
            is_encrypted=True,
            subtitles=tuple(subtitles),
        )
        await order_video(pool, objects, order, _say_nothing)
        if not await objects.exists(poster_key(film.title_id)):
            await objects.write_file(poster_key(film.title_id), find_file(film.poster))


def _say_nothing(line: str) -> None:
    del line


async def store_file(objects: Objects, path: Path) -> SourceFile:
    """Under the SHA-256 of its content, once. Raises IngestError or Unavailable."""
    try:
        sha256 = await asyncio.to_thread(_hash, path)
    except OSError as error:
        raise IngestError(f"{path} cannot be read: {error.strerror or error}") from error
    key = master_key(sha256)
    if not await objects.exists(key):
        await objects.write_file(key, path)
    return SourceFile(key=key, sha256=sha256, name=path.name)


async def follow_job(pool: asyncpg.Pool, job_id: str, tell: Callable[[IngestJob, datetime], None]) -> IngestJob:
    """Tell how far a job is until it ends; answers how. Raises LookupError."""
    while True:
        job = await read_ingest_job(pool, job_id)
        if job is None:
            raise LookupError(job_id)
        tell(job, datetime.now(UTC))
        if job.state in (IngestState.DONE, IngestState.FAILED):
            return job
        await asyncio.sleep(LOOK_EVERY)


def describe_job(job: IngestJob, now: datetime) -> str:
    """One line: percent, what is under way, how long it will take."""
    parts = [f"{job.share:4.0%}"]
    if job.working_on:
        parts.append(", ".join(job.working_on[:4]))
    elif job.state is IngestState.QUEUED:
        parts.append("waits for a worker")
    ends = job.estimate_end(now)
    if ends is not None:
        parts.append(f"about {max(1, round((ends - now).total_seconds()))} s left")
    if job.error:
        parts.append(f"trouble: {job.error.splitlines()[-1]}")
    return "  ".join(parts)


async def _find_playable(connection: Connection, order: FilmOrder, source: SourceFile) -> str:
    trailer = source.sha256 if order.is_trailer else None
    try:
        return await choose_playable(connection, order.title_id, episode_id=order.episode_id, trailer=trailer)
    except LookupError as error:
        raise IngestError(str(error)) from error


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise OSError(None, "it is empty")
        return hashlib.file_digest(file, "sha256").hexdigest()
