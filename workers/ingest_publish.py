"""Joins what was encoded, packages and checks it, brings it to the object store, and lets it play."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bff.artwork.photographs import hash_photograph, poster_key
from bff.domain.devices import VideoCodec
from bff.domain.fingerprints import is_same_picture
from bff.domain.ingest import IngestJob, TaskKind
from bff.domain.ingest_plan import (
    STEREO,
    AudioPlan,
    ChunkSpec,
    IngestPlan,
    plan_tasks,
)
from bff.domain.ladder import Rung, count_segments
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
from bff.media.commands import MediaError
from bff.media.encode import count_frames, join_chunks
from bff.media.extras import fingerprint_picture
from bff.media.package import AnyInput, AudioInput, ContentKeys, PictureInput, TextInput, package
from bff.media.subtitles import convert_subtitles
from bff.media.thumbnails import draw_sprites
from bff.stores.content_keys import make_content_keys
from bff.stores.ingest_jobs import finish_job, read_fingerprints
from bff.stores.ingest_tasks import read_results
from bff.stores.objects import Objects
from workers.workshop import Run, Workshop, name_chunk, read_subtitles, work_folder

MANIFESTS = ("manifest.mpd", "master.m3u8")
_UPLOADS_AT_ONCE = 8


class Extras(Struct, frozen=True):
    """What titles show before they play; `stills` are names of files."""

    previews: tuple[Preview, ...] = ()
    stills: tuple[str, ...] = ()


async def package_asset(run: Run, plan: IngestPlan) -> None:
    shop, job, folder = run.shop, run.job, run.folder
    tell = run.progress.follow(1)
    rungs = {rung: await _join(run, plan, rung) for rung in plan.rungs}
    tell(0.3)
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
    tell(0.5)
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
    tell(0.7)
    extras = await _fetch_extras(run, out)
    digests = await asyncio.to_thread(hash_files, out)
    (out / "digests.json").write_bytes(msgspec.json.encode(digests))
    await _upload(shop.objects, out, f"media/{job.asset_id}")
    plan = await _note_vmaf(run, plan)
    stills = tuple(f"stills/{name}" for name in extras.stills)
    video = replace(
        describe_video(job, plan, packaged, texts, thumbnails),
        stills=stills,
        previews=extras.previews,
        placeholder=await _hash_poster(shop.objects, job, stills),
    )
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        others = await read_fingerprints(connection, job.id)
        alike = next((asset for asset, held in others if is_same_picture(fingerprint, held)), None)
        await finish_job(connection, run.task, datetime.now(UTC), video, fingerprint=fingerprint, resembles=alike)
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


async def _note_vmaf(run: Run, plan: IngestPlan) -> IngestPlan:
    """The mean over all chunks, where they were measured; none of chunks that an earlier version planned."""
    results = await read_results(run.shop.pool, run.job.id)
    totals: dict[str, float] = {}
    for task in plan_tasks(plan, run.job.order.preset):
        if task.kind is TaskKind.CHUNK:
            count = plan.chunks[msgspec.json.decode(task.spec, type=ChunkSpec).number].count
            for name, vmaf in msgspec.json.decode(results.get(task.name, b"{}"), type=dict[str, float]).items():
                totals[name] = totals.get(name, 0.0) + vmaf * count / plan.master.frame_count
    rungs = [replace(rung, vmaf=round(totals[rung.name], 1)) if rung.name in totals else rung for rung in plan.rungs]
    return replace(plan, rungs=tuple(rungs))


async def _fetch_extras(run: Run, out: Path) -> Extras:
    results = await read_results(run.shop.pool, run.job.id)
    extras = msgspec.json.decode(results.get("previews and stills", b"null"), type=Extras | None) or Extras()
    folder = out / "stills"
    folder.mkdir()
    for name in extras.stills:
        shutil.copyfile(
            await run.shop.objects.fetch(f"{work_folder(run.job.id)}/stills/{name}", run.folder), folder / name
        )
    return extras


async def _hash_poster(objects: Objects, job: IngestJob, stills: Sequence[str]) -> str:
    """Of what stands for the film: its own poster, else the first still; empty where there is neither."""
    content = await objects.read(poster_key(job.playable_id))
    if content is None and stills:
        content = await objects.read(f"media/{job.asset_id}/{stills[0]}")
    return await asyncio.to_thread(hash_photograph, content) if content is not None else ""


async def _join(run: Run, plan: IngestPlan, rung: Rung) -> Path:
    target = run.folder / f"{rung.name}.mp4"
    keys = [name_chunk(run.job.id, rung.name, number) for number in range(len(plan.chunks))]
    await join_chunks([await run.shop.objects.fetch(key, run.folder) for key in keys], target)
    if (held := await count_frames(target)) != plan.master.frame_count:
        raise MediaError(f"{rung.name} holds {held} frames where {plan.master.frame_count} belong")
    return target


async def _write_texts(run: Run, plan: IngestPlan) -> list[TextInput]:
    texts: list[TextInput] = []
    for source in run.job.order.subtitles:
        suffix = {SubtitleKind.CLOSED_CAPTIONS: "-captions", SubtitleKind.FORCED: "-forced"}.get(source.kind, "")
        name = f"text-{source.language.lower()}{suffix}"
        same = sum(text.folder == name or text.folder.startswith(f"{name}-again") for text in texts)
        target = f"{name}-again{same}" if same else name
        content = await read_subtitles(run, source.file)
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
    try:
        for start in range(0, len(paths), _UPLOADS_AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for path in paths[start : start + _UPLOADS_AT_ONCE]:
                    group.create_task(objects.write_file(f"{prefix}/{path.relative_to(folder).as_posix()}", path))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None  # whoever handles it goes by what it is
    for name in MANIFESTS:
        await objects.write_file(f"{prefix}/{name}", folder / name)


def _list_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
