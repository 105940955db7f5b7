"""Masters on their way to video, for operators: ordered, listed, followed."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime

import strawberry
from msgspec import Struct

from bff.context import Info, OperationContext
from bff.domain.ingest import (
    MOST_SUBTITLE_BYTES,
    AudioSource,
    IngestJob,
    IngestState,
    Preset,
    Priority,
    SourceFile,
    SubtitleSource,
    read_codecs,
)
from bff.domain.languages import is_language_tag
from bff.domain.paging import LIST_CAP, Edge, Page, check_first, decode_instant, make_page
from bff.domain.problems import FieldProblem, InvalidInput, refuse_input
from bff.domain.uploads import Upload, UploadState, find_missing, master_key
from bff.domain.video import AudioKind, SubtitleKind
from bff.errors import NotFound
from bff.stores.ingest_jobs import queue_ingest
from bff.stores.ingest_progress import IngestWatch, read_ingest_job, read_ingest_jobs
from bff.stores.postgres import is_away
from bff.stores.uploads import find_upload, take_uploads
from bff.stores.videos import choose_playable
from resolvers.ingest_inputs import StartIngestInput
from resolvers.uploads import view_upload

DEFAULT_PAGE = 20
_SCOPE = "ingestJobs"
_ENDED = (IngestState.DONE, IngestState.FAILED)


class UploadIncomplete(Struct, frozen=True):
    """`missing` are the numbers of the first parts that are not there in full, `missing_count` how many there are."""

    message: str
    upload_id: str
    missing: tuple[int, ...]
    missing_count: int


async def start_ingest(info: Info, input: StartIngestInput) -> IngestJob | UploadIncomplete | InvalidInput:
    """Raises NotFound for an upload that is none, or has expired."""
    context = info.context
    preset = input.preset or Preset.STANDARD
    problems = _check_languages(input)
    if problems:
        return InvalidInput("This cannot be made.", tuple(problems))
    named = input.codecs if input.codecs is not None else () if preset is Preset.QUICK else _default_codecs(context)
    try:
        codecs = read_codecs(named, preset)
    except ValueError as error:
        return refuse_input("input.codecs", str(error))
    uploads = await _find_uploads(context, input)
    problems = _check_sizes(input, uploads)
    if problems:
        return InvalidInput("This cannot be made.", tuple(problems))
    for upload in uploads.values():
        refusal = await _find_gaps(context, upload)
        if refusal is not None:
            return refusal
    pool = context.services.pool
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        source = _describe(uploads[input.upload_id])
        try:
            playable_id = await choose_playable(
                connection,
                input.title_id,
                episode_id=input.episode_id,
                trailer=source.sha256 if input.is_trailer else None,
            )
        except LookupError as error:
            return refuse_input("input.episodeId" if input.episode_id else "input.titleId", str(error))
        job_id = await queue_ingest(
            connection,
            playable_id=playable_id,
            source=source,
            now=context.now,
            preset=preset,
            priority=input.priority or Priority.NORMAL,
            codecs=codecs,
            language=input.language or "en",
            is_encrypted=input.is_encrypted is not False,
            subtitles=[
                SubtitleSource(
                    file=_describe(uploads[text.upload_id]),
                    language=text.language,
                    kind=text.kind or SubtitleKind.SUBTITLES,
                )
                for text in input.subtitles or ()
            ],
            audio=[
                AudioSource(
                    file=_describe(uploads[track.upload_id]),
                    language=track.language,
                    kind=track.kind or AudioKind.DUBBED,
                )
                for track in input.audio or ()
            ],
            uploads=[upload for upload in uploads.values() if upload.state is not UploadState.RECEIVED],
        )
        await take_uploads(connection, list(uploads), job_id)
        job = await read_ingest_job(connection, job_id)
    if job is None:
        raise NotFound("The job was removed just now.")
    return job


async def find_ingest_job(info: Info, id: strawberry.ID) -> IngestJob | None:
    return await read_ingest_job(info.context.services.pool, id)


async def page_ingest_jobs(
    info: Info, first: int | None = None, after: str | None = None, state: IngestState | None = None
) -> Page[IngestJob]:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    jobs = await read_ingest_jobs(
        info.context.services.pool,
        states=tuple(IngestState) if state is None else (state,),
        most=wanted + 1,
        before=decode_instant(_SCOPE, after) if after is not None else None,
    )
    edges = [Edge(node=job, scope=_SCOPE, key=(job.queued_at.isoformat(), job.id)) for job in jobs[:wanted]]
    return make_page(edges, has_next=len(jobs) > wanted)


async def follow_ingest(info: Info, id: strawberry.ID) -> AsyncGenerator[IngestJob, None]:
    """The stream holds nothing of the operation that began it. Raises NotFound."""
    services = info.context.services
    job = await read_ingest_job(services.pool, id)
    if job is None:
        raise NotFound("There is no such job.")
    return _follow(services.ingest_watch, job)


async def _follow(watch: IngestWatch, told: IngestJob) -> AsyncGenerator[IngestJob, None]:
    """As it stood when it was asked for, then every change, until it has ended."""
    yield told
    while told.state not in _ENDED:
        try:
            job = await watch.look(told.id)
        except Exception as error:
            if not is_away(error):
                raise
            continue
        if job is None:
            return
        if job != told:
            yield job
            told = job


def estimate_end(root: strawberry.Parent[IngestJob], info: Info) -> datetime | None:
    return root.estimate_end(info.context.now)


def _default_codecs(context: OperationContext) -> Sequence[str]:
    return context.services.settings.codecs


def _check_languages(input: StartIngestInput) -> list[FieldProblem]:
    tags = [("input.language", input.language or "en")]
    tags += [(f"input.subtitles.{number}.language", text.language) for number, text in enumerate(input.subtitles or ())]
    tags += [(f"input.audio.{number}.language", track.language) for number, track in enumerate(input.audio or ())]
    problems = [
        FieldProblem(path, "Give a language tag like de or pt-BR.") for path, tag in tags if not is_language_tag(tag)
    ]
    if len(tags) > LIST_CAP:
        problems.append(FieldProblem("input", f"There are at most {LIST_CAP} tracks."))
    return problems


def _check_sizes(input: StartIngestInput, uploads: Mapping[str, Upload]) -> list[FieldProblem]:
    return [
        FieldProblem(
            f"input.subtitles.{number}.uploadId", f"Subtitles have {MOST_SUBTITLE_BYTES} bytes at most: is this a film?"
        )
        for number, text in enumerate(input.subtitles or ())
        if uploads[text.upload_id].size > MOST_SUBTITLE_BYTES
    ]


async def _find_uploads(context: OperationContext, input: StartIngestInput) -> dict[str, Upload]:
    """By their ids, the master's first."""
    tracks = [track.upload_id for track in (*(input.subtitles or ()), *(input.audio or ()))]
    found: dict[str, Upload] = {}
    for upload_id in dict.fromkeys([input.upload_id, *tracks]):
        upload = await find_upload(context.services.pool, upload_id)
        if upload is None or upload.state is UploadState.CANCELLED or _has_expired(upload, context.now):
            raise NotFound(
                "There is no such upload, or it has expired, or was cancelled: begin another one with `createUpload`."
            )
        found[upload_id] = upload
    return found


def _has_expired(upload: Upload, now: datetime) -> bool:
    return upload.state is UploadState.OPEN and upload.expires_at <= now


async def _find_gaps(context: OperationContext, upload: Upload) -> UploadIncomplete | None:
    if upload.state is not UploadState.OPEN:
        return None
    missing = find_missing(upload, (await view_upload(context, upload)).held)
    if not missing:
        return None
    numbers = tuple(part.number for part in missing[:LIST_CAP])
    return UploadIncomplete(
        f"{len(missing)} of {upload.part_count} parts of {upload.file_name} are not there in full: send them.",
        upload.id,
        numbers,
        len(missing),
    )


def _describe(upload: Upload) -> SourceFile:
    return SourceFile(key=master_key(upload.sha256), sha256=upload.sha256, name=upload.file_name)
