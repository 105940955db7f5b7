"""What is done for each kind of task of a master: files are fetched, made, brought to the object store, and noted."""

import asyncio
import hmac
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bff.domain.ingest import Preset, Task, TaskKind
from bff.domain.ingest_plan import (
    AudioSpec,
    ChunkSpec,
    IngestPlan,
    SampleSpec,
    plan_ingest,
    plan_samples,
    plan_tasks,
)
from bff.domain.ladder import plan_rungs
from bff.domain.quality import Sample, choose_rungs
from bff.media.compare import measure_vmaf, sample_rung
from bff.media.encode import encode_audio, encode_chunk
from bff.media.extras import cut_previews, take_stills
from bff.media.probe import probe_audio, probe_master
from bff.media.subtitles import convert_subtitles
from bff.settings import Secret
from bff.stores.ingest_jobs import finish_planning, read_plan
from bff.stores.ingest_progress import read_ingest_job
from bff.stores.ingest_tasks import TaskLost, read_results
from workers.ingest_publish import Extras, package_asset
from workers.ingest_receive import receive_upload
from workers.workshop import Progress, Run, Workshop, fetch_source, finish, name_chunk, read_subtitles, work_folder

MEASURED = 12
"""Of so many frames of what is published one is compared with the master."""
_ENCODING = 0.75
"""Of a chunk that is encoded and then measured."""
_decode_plan = msgspec.json.Decoder(IngestPlan).decode


async def do_task(shop: Workshop, task: Task, progress: Progress) -> None:
    """To its end, with all that it leaves behind on this machine removed.

    Raises Refused for what can never succeed, MediaError, TimeoutError, Unavailable or TaskLost.
    """
    job = await read_ingest_job(shop.pool, task.job_id)
    if job is None:
        raise TaskLost(task.name)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=shop.scratch, prefix=f"{shop.name}."))
    run = Run(shop, job, task, folder, progress)
    try:
        if task.kind is TaskKind.RECEIVE:
            await receive_upload(run)
            return
        if task.kind is TaskKind.PROBE:
            await _probe(run)
            return
        plan = _decode_plan(await read_plan(shop.pool, job.id))
        match task.kind:
            case TaskKind.SAMPLE:
                await _try_settings(run, plan)
            case TaskKind.PLAN:
                await _choose_rungs(run, plan)
            case TaskKind.CHUNK:
                await _encode_chunk(run, plan)
            case TaskKind.AUDIO:
                await _encode_audio(run, plan)
            case TaskKind.EXTRAS:
                await _make_extras(run, plan)
            case TaskKind.PACKAGE:
                await package_asset(run, plan)
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


async def _probe(run: Run) -> None:
    shop, job = run.shop, run.job
    path = await fetch_source(run, job.source)
    master = await probe_master(path)
    for text in job.order.subtitles:
        content = await read_subtitles(run, text.file)
        convert_subtitles(content, text.file.name, master.duration, text.language)
    outside = [await probe_audio(await fetch_source(run, track.file), track.file.name) for track in job.order.audio]
    plan = plan_ingest(master, plan_rungs(master, job.order.preset, job.order.codecs), job.order, outside)
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        preset = job.order.preset
        then = plan_tasks(plan, preset) if preset is Preset.QUICK else plan_samples(plan, preset)
        await finish_planning(connection, run.task, datetime.now(UTC), plan=msgspec.json.encode(plan), then=then)


async def _try_settings(run: Run, plan: IngestPlan) -> None:
    """Three settings of a rung over parts of the master: what they cost, and how they look."""
    source = await run.shop.sources.fetch(run.job.source.key, run.folder)
    name = msgspec.json.decode(run.task.spec, type=SampleSpec).rung
    [rung] = [rung for rung in plan.rungs if rung.name == name]
    samples = await sample_rung(source, plan.master, rung, run.folder, on_part=run.progress.follow(1))
    await finish(run, msgspec.json.encode(samples))


async def _choose_rungs(run: Run, plan: IngestPlan) -> None:
    results = await read_results(run.shop.pool, run.job.id)
    samples = {
        rung.name: msgspec.json.decode(results[f"{rung.name}/quality"], type=list[Sample]) for rung in plan.rungs
    }
    chosen = replace(plan, rungs=tuple(choose_rungs(plan.rungs, samples, plan.master)))
    async with run.shop.pool.acquire(timeout=10) as connection, connection.transaction():
        then = plan_tasks(chosen, run.job.order.preset)
        await finish_planning(connection, run.task, datetime.now(UTC), plan=msgspec.json.encode(chosen), then=then)


async def _encode_chunk(run: Run, plan: IngestPlan) -> None:
    shop, job = run.shop, run.job
    spec = msgspec.json.decode(run.task.spec, type=ChunkSpec)
    chunk = plan.chunks[spec.number]
    seconds = float(chunk.count / plan.master.frames_a_second)
    encoding = _ENCODING if job.order.preset is Preset.STANDARD else 1.0
    source = await shop.sources.fetch(job.source.key, run.folder)
    files = await encode_chunk(
        source,
        plan.master,
        chunk,
        [rung for rung in plan.rungs if rung.name in spec.rungs],
        run.folder,
        preset=job.order.preset,
        threads=shop.threads,
        on_time=run.progress.follow(seconds, end=encoding),
    )
    seen: dict[str, float] = {}
    if job.order.preset is Preset.STANDARD:
        found = await measure_vmaf(
            list(files.values()),
            source,
            plan.master,
            chunk,
            every=MEASURED,
            on_time=run.progress.follow(seconds, start=encoding),
        )
        seen = dict(zip(files, found, strict=True))
    for name, path in files.items():
        await shop.objects.write_file(name_chunk(job.id, name, spec.number), path)
    await finish(run, msgspec.json.encode(seen))


async def _encode_audio(run: Run, plan: IngestPlan) -> None:
    shop, job, folder = run.shop, run.job, run.folder
    track = plan.audio[msgspec.json.decode(run.task.spec, type=AudioSpec).number]
    source = job.source if track.source is None else job.order.audio[track.source].file
    target = folder / f"{track.folder}.mp4"
    await encode_audio(
        await shop.sources.fetch(source.key, folder),
        target,
        index=track.index,
        start=track.start,
        duration=plan.master.duration,
        channels=track.channels,
        on_time=run.progress.follow(plan.master.duration),
    )
    await shop.objects.write_file(f"{work_folder(job.id)}/{target.name}", target)
    await finish(run)


async def _make_extras(run: Run, plan: IngestPlan) -> None:
    """Previews go to where they are served from; stills wait to be packed with the rest."""
    objects = run.shop.objects
    source = await run.shop.sources.fetch(run.job.source.key, run.folder)
    secret = name_previews(run.shop.key_encryption_key, run.job.asset_id)
    previews = []
    for preview in await cut_previews(source, plan.master, run.folder, on_part=run.progress.follow(1, end=0.8)):
        named = replace(preview, name=f"{secret}/{preview.name}")
        await objects.write_file(f"previews/{named.name}", run.folder / preview.name)
        previews.append(named)
    stills = await take_stills(source, plan.master, run.folder, on_part=run.progress.follow(1, start=0.8))
    for still in stills:
        await objects.write_file(f"{work_folder(run.job.id)}/stills/{still.name}", still)
    extras = Extras(tuple(previews), tuple(still.name for still in stills))
    await finish(run, msgspec.json.encode(extras))


def name_previews(key_encryption_key: Secret, asset_id: str) -> str:
    """The folder of an asset's previews, which nobody can guess from its id."""
    return hmac.digest(key_encryption_key.encode(), f"previews {asset_id}".encode(), "sha256").hex()[:32]
