"""What is done for each kind of task of a master: files are fetched, made, brought to the object store, and noted."""

import asyncio
import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bff.domain.devices import VideoCodec
from bff.domain.fingerprints import is_same_picture
from bff.domain.ingest import IngestJob, SourceFile, Task, TaskKind
from bff.domain.ingest_plan import STEREO, AudioPlan, AudioSpec, ChunkSpec, IngestPlan, plan_ingest, plan_tasks
from bff.domain.ladder import Rung, count_segments, plan_rungs
from bff.domain.languages import name_language
from bff.domain.video import (
    AudioKind,
    AudioTrack,
    KeyLabel,
    Preview,
    Rendition,
    SubtitleKind,
    SubtitleTrack,
    TrickPlay,
    Video,
    label_of,
)
from bff.media.check import Packaged, check_package, hash_files
from bff.media.commands import MediaError, Refused
from bff.media.encode import count_frames, encode_audio, encode_chunk, join_chunks
from bff.media.extras import cut_previews, fingerprint_picture, take_stills
from bff.media.package import AnyInput, AudioInput, ContentKeys, PictureInput, TextInput, package
from bff.media.probe import probe_audio, probe_master
from bff.media.subtitles import convert_subtitles
from bff.media.thumbnails import draw_sprites
from bff.settings import Secret
from bff.stores.content_keys import make_content_keys
from bff.stores.ingest import (
    TaskLost,
    finish_job,
    finish_task,
    note_fingerprint,
    note_plan,
    read_fingerprints,
    read_ingest_job,
    read_plan,
    read_results,
)
from bff.stores.objects import Objects

MANIFESTS = ("manifest.mpd", "master.m3u8")
_UPLOADS_AT_ONCE = 8
_decode_plan = msgspec.json.Decoder(IngestPlan).decode


class Workshop(Struct, frozen=True):
    """What tasks are done with; `scratch` is a folder here, `encoders` how many pieces are encoded at once."""

    pool: asyncpg.Pool
    objects: Objects
    key_encryption_key: Secret
    scratch: Path
    name: str
    encoders: int


class Extras(Struct, frozen=True):
    """What titles show before they play; `stills` are names of files."""

    previews: tuple[Preview, ...] = ()
    stills: tuple[str, ...] = ()


class Progress:
    """How much of a task is done, 0..1."""

    def __init__(self) -> None:
        self.share = 0.0

    def follow(self, seconds: float) -> "_Follow":
        """For what tells how many of so many seconds are done."""
        return _Follow(self, seconds)


class _Follow:
    def __init__(self, progress: Progress, seconds: float) -> None:
        self._progress = progress
        self._seconds = seconds

    def __call__(self, done: float) -> None:
        self._progress.share = min(0.99, done / self._seconds)


class _Run(Struct, frozen=True):
    """A task that is being done; `folder` is its own and goes with it."""

    shop: Workshop
    job: IngestJob
    task: Task
    folder: Path
    progress: Progress


async def do_task(shop: Workshop, task: Task, progress: Progress) -> None:
    """To its end, with all that it leaves behind on this machine removed.

    Raises Refused for what can never succeed, MediaError, TimeoutError, Unavailable or TaskLost.
    """
    job = await read_ingest_job(shop.pool, task.job_id)
    if job is None:
        raise TaskLost(task.name)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=shop.scratch, prefix=f"{shop.name}."))
    run = _Run(shop, job, task, folder, progress)
    try:
        if task.kind is TaskKind.PROBE:
            await _probe(run)
            return
        plan = _decode_plan(await read_plan(shop.pool, job.id))
        match task.kind:
            case TaskKind.CHUNK:
                await _encode_chunk(run, plan)
            case TaskKind.AUDIO:
                await _encode_audio(run, plan)
            case TaskKind.EXTRAS:
                await _make_extras(run, plan)
            case TaskKind.PACKAGE:
                await _package(run, plan)
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


async def _probe(run: _Run) -> None:
    shop, job = run.shop, run.job
    path = await _fetch_source(run, job.source)
    master = await probe_master(path)
    for text in job.order.subtitles:
        content = (await _fetch_source(run, text.file)).read_bytes()
        convert_subtitles(content, text.file.name, master.duration, text.language)
    outside = [await probe_audio(await _fetch_source(run, track.file), track.file.name) for track in job.order.audio]
    plan = plan_ingest(master, plan_rungs(master, job.order.preset, job.order.codecs), job.order, outside)
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        await note_plan(connection, job.id, msgspec.json.encode(plan))
        await finish_task(connection, run.task, datetime.now(UTC), then=plan_tasks(plan, job.order.preset))


async def _encode_chunk(run: _Run, plan: IngestPlan) -> None:
    shop, job = run.shop, run.job
    spec = msgspec.json.decode(run.task.spec, type=ChunkSpec)
    chunk = plan.chunks[spec.number]
    seconds = float(chunk.count / plan.master.frames_a_second)
    files = await encode_chunk(
        await shop.objects.fetch(job.source.key, run.folder),
        plan.master,
        chunk,
        [rung for rung in plan.rungs if rung.name in spec.rungs],
        run.folder,
        preset=job.order.preset,
        on_time=run.progress.follow(seconds),
    )
    for name, path in files.items():
        await shop.objects.write_file(name_chunk(job.id, name, spec.number), path)
    await _finish(run)


async def _encode_audio(run: _Run, plan: IngestPlan) -> None:
    shop, job, folder = run.shop, run.job, run.folder
    track = plan.audio[msgspec.json.decode(run.task.spec, type=AudioSpec).number]
    source = job.source if track.source is None else job.order.audio[track.source].file
    target = folder / f"{track.folder}.mp4"
    await encode_audio(
        await shop.objects.fetch(source.key, folder),
        target,
        index=track.index,
        start=track.start,
        duration=plan.master.duration,
        channels=track.channels,
        on_time=run.progress.follow(plan.master.duration),
    )
    await shop.objects.write_file(f"{work_folder(job.id)}/{target.name}", target)
    await _finish(run)


async def _make_extras(run: _Run, plan: IngestPlan) -> None:
    """Previews go to where they are served from; stills wait to be packed with the rest."""
    objects = run.shop.objects
    source = await objects.fetch(run.job.source.key, run.folder)
    secret = name_previews(run.shop.key_encryption_key, run.job.asset_id)
    previews = []
    for preview in await cut_previews(source, plan.master, run.folder):
        named = replace(preview, name=f"{secret}/{preview.name}")
        await objects.write_file(f"previews/{named.name}", run.folder / preview.name)
        previews.append(named)
    stills = await take_stills(source, plan.master, run.folder)
    for still in stills:
        await objects.write_file(f"{work_folder(run.job.id)}/stills/{still.name}", still)
    extras = Extras(tuple(previews), tuple(still.name for still in stills))
    await _finish(run, msgspec.json.encode(extras))


async def _package(run: _Run, plan: IngestPlan) -> None:
    shop, job, folder = run.shop, run.job, run.folder
    rungs = {rung: await _join(run, plan, rung) for rung in plan.rungs}
    texts = await _write_texts(run, plan)
    inputs: list[AnyInput] = [
        PictureInput(path=path, folder=rung.name, label=label_of(rung.quality)) for rung, path in rungs.items()
    ]
    for number, track in enumerate(plan.audio):
        path = await shop.objects.fetch(f"{work_folder(job.id)}/{track.folder}.mp4", folder)
        inputs.append(_describe_audio(track, path, is_main=number == 0))
    inputs += texts
    keys = await _make_keys(shop, job, inputs)
    out = folder / "out"
    out.mkdir()
    language = plan.audio[0].language if plan.audio else job.order.language
    await package(inputs, out, segment_seconds=plan.segment_seconds, language=language, keys=keys)
    packaged = check_package(
        out,
        duration=plan.master.duration,
        segment_count=count_segments(plan.master.frame_count, plan.master.frames_a_second),
    )
    for text in texts:
        shutil.copyfile(text.path, out / f"{text.folder}.vtt")
    lowest = min((rung for rung in rungs if rung.codec is VideoCodec.H264), key=lambda rung: rung.height)
    thumbnails = await draw_sprites(
        rungs[lowest], out, width=lowest.width, height=lowest.height, duration=plan.master.duration
    )
    fingerprint = await fingerprint_picture(rungs[lowest], plan.master.duration)
    extras = await _fetch_extras(run, out)
    digests = await asyncio.to_thread(hash_files, out)
    (out / "digests.json").write_bytes(msgspec.json.encode(digests))
    await _upload(shop.objects, out, f"media/{job.asset_id}")
    video = replace(
        describe_video(job, plan, packaged, texts, thumbnails),
        stills=tuple(f"stills/{name}" for name in extras.stills),
        previews=extras.previews,
    )
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        others = await read_fingerprints(connection, job.id)
        alike = next((asset for asset, held in others if is_same_picture(fingerprint, held)), None)
        await note_fingerprint(connection, job.id, fingerprint, alike)
        await finish_job(connection, run.task, datetime.now(UTC), video)
    await shop.objects.remove_below(work_folder(job.id))


def describe_video(
    job: IngestJob,
    plan: IngestPlan,
    packaged: dict[str, Packaged],
    texts: Sequence[TextInput],
    thumbnails: TrickPlay,
) -> Video:
    """What cards say of the asset."""
    return Video(
        asset_id=job.asset_id,
        duration=plan.master.duration,
        segment_duration=plan.segment_seconds,
        segment_count=count_segments(plan.master.frame_count, plan.master.frames_a_second),
        renditions=tuple(
            Rendition(
                name=rung.name,
                quality=rung.quality,
                width=rung.width,
                height=rung.height,
                bitrate=packaged[rung.name].bitrate,
                average_bitrate=packaged[rung.name].average_bitrate,
                codec=rung.codec,
                codecs=packaged[rung.name].codecs,
                vmaf=rung.vmaf,
            )
            for rung in sorted(plan.rungs, key=lambda rung: rung.height, reverse=True)
        ),
        audio=tuple(
            AudioTrack(
                folder=track.folder,
                language=track.language,
                name=_name_audio(track),
                kind=track.kind,
                channels=track.channels,
                codecs=packaged[track.folder].codecs,
                bitrate=packaged[track.folder].bitrate,
            )
            for track in plan.audio
        ),
        subtitles=tuple(
            SubtitleTrack(
                folder=text.folder,
                file=f"{text.folder}.vtt",
                language=text.language,
                name=text.name,
                kind=text.kind,
            )
            for text in texts
        ),
        thumbnails=thumbnails,
        is_encrypted=job.order.is_encrypted,
    )


def work_folder(job_id: str) -> str:
    """Where in the object store tasks leave what other tasks of the job need."""
    return f"work/{job_id}"


def name_chunk(job_id: str, rung: str, number: int) -> str:
    """Where an encoded chunk lies."""
    return f"{work_folder(job_id)}/{rung}/{number:05}.mp4"


async def _fetch_extras(run: _Run, out: Path) -> Extras:
    results = await read_results(run.shop.pool, run.job.id)
    extras = msgspec.json.decode(results.get("previews and stills", b"null"), type=Extras | None) or Extras()
    folder = out / "stills"
    folder.mkdir()
    for name in extras.stills:
        shutil.copyfile(
            await run.shop.objects.fetch(f"{work_folder(run.job.id)}/stills/{name}", run.folder), folder / name
        )
    return extras


def name_previews(key_encryption_key: Secret, asset_id: str) -> str:
    """The folder of an asset's previews, which nobody can guess from its id."""
    return hmac.digest(key_encryption_key.encode(), f"previews {asset_id}".encode(), "sha256").hex()[:32]


async def _join(run: _Run, plan: IngestPlan, rung: Rung) -> Path:
    target = run.folder / f"{rung.name}.mp4"
    keys = [name_chunk(run.job.id, rung.name, number) for number in range(len(plan.chunks))]
    await join_chunks([await run.shop.objects.fetch(key, run.folder) for key in keys], target)
    if (held := await count_frames(target)) != plan.master.frame_count:
        raise MediaError(f"{rung.name} holds {held} frames where {plan.master.frame_count} belong")
    return target


async def _write_texts(run: _Run, plan: IngestPlan) -> list[TextInput]:
    texts: list[TextInput] = []
    for source in run.job.order.subtitles:
        suffix = {SubtitleKind.CLOSED_CAPTIONS: "-captions", SubtitleKind.FORCED: "-forced"}.get(source.kind, "")
        name = f"text-{source.language.lower()}{suffix}"
        same = sum(text.folder == name or text.folder.startswith(f"{name}-again") for text in texts)
        target = f"{name}-again{same}" if same else name
        content = (await _fetch_source(run, source.file)).read_bytes()
        path = run.folder / f"{target}.vtt"
        path.write_text(
            convert_subtitles(content, source.file.name, plan.master.duration, source.language), encoding="utf-8"
        )
        texts.append(
            TextInput(
                path=path,
                folder=target,
                language=source.language,
                name=name_language(source.language) + _SUBTITLE_NOTES.get(source.kind, ""),
                kind=source.kind,
            )
        )
    return texts


_SUBTITLE_NOTES = {SubtitleKind.CLOSED_CAPTIONS: " [CC]", SubtitleKind.FORCED: " [forced]"}


def _describe_audio(track: AudioPlan, path: Path, *, is_main: bool) -> AudioInput:
    return AudioInput(
        path=path,
        folder=track.folder,
        language=track.language,
        name=_name_audio(track),
        is_description=track.kind is AudioKind.DESCRIPTION,
        is_main=is_main,
    )


def _name_audio(track: AudioPlan) -> str:
    notes = " [AD]" if track.kind is AudioKind.DESCRIPTION else ""
    return name_language(track.language) + notes + (" 5.1" if track.channels > STEREO else "")


async def _make_keys(shop: Workshop, job: IngestJob, inputs: Sequence[AnyInput]) -> ContentKeys | None:
    if not job.order.is_encrypted:
        return None
    labels = {track.label for track in inputs if isinstance(track, PictureInput)}
    if any(isinstance(track, AudioInput) for track in inputs):
        labels.add(KeyLabel.AUDIO)
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        return await make_content_keys(connection, shop.key_encryption_key, job.asset_id, labels)


async def _upload(objects: Objects, folder: Path, prefix: str) -> None:
    """Manifests last: a player that finds one finds all that it names."""
    paths = [path for path in await asyncio.to_thread(_list_files, folder) if path.name not in MANIFESTS]
    for start in range(0, len(paths), _UPLOADS_AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for path in paths[start : start + _UPLOADS_AT_ONCE]:
                group.create_task(objects.write_file(f"{prefix}/{path.relative_to(folder).as_posix()}", path))
    for name in MANIFESTS:
        await objects.write_file(f"{prefix}/{name}", folder / name)


def _list_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


async def _fetch_source(run: _Run, source: SourceFile) -> Path:
    """The file that was ordered, byte for byte. Raises Refused."""
    try:
        path = await run.shop.objects.fetch(source.key, run.folder)
    except FileNotFoundError as error:
        raise Refused(f"{source.name} is no longer in the object store. Send it again.") from error
    if await asyncio.to_thread(_hash, path) != source.sha256:
        raise Refused(f"{source.name} is not what was sent: its SHA-256 differs. Send it again.")
    return path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _finish(run: _Run, result: bytes = b"null") -> None:
    async with run.shop.pool.acquire(timeout=10) as connection, connection.transaction():
        await finish_task(connection, run.task, datetime.now(UTC), result=result)
