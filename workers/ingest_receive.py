"""Puts an upload's parts together into a master, which appears only if it is the file that was announced."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from bff.domain.ingest import ReceiveSpec
from bff.domain.uploads import Upload, UploadState, find_missing, master_key, part_key, upload_folder
from bff.media.commands import Refused
from bff.stores.ingest_tasks import finish_task
from bff.stores.uploads import find_upload, note_received, reopen_upload
from workers.workshop import Run


async def receive_upload(run: Run) -> None:
    """Raises Refused where the file is not the one that was announced: its upload takes parts again then."""
    shop = run.shop
    upload = await find_upload(shop.pool, msgspec.json.decode(run.task.spec, type=ReceiveSpec).upload_id)
    if upload is None or upload.state is UploadState.CANCELLED:
        raise Refused("The upload has expired, or was cancelled. Send the file again.")
    if await shop.objects.measure(master_key(upload.sha256)) != upload.size:
        try:
            await _join(run, upload)
        except Refused:
            await reopen_upload(shop.pool, upload.id)
            raise
    async with shop.pool.acquire(timeout=10) as connection, connection.transaction():
        await note_received(connection, upload.id)
        await finish_task(connection, run.task, datetime.now(UTC))
    await shop.objects.remove_below(upload_folder(upload.id))


async def _join(run: Run, upload: Upload) -> None:
    objects = run.shop.objects
    missing = find_missing(upload, await objects.list_sizes(upload_folder(upload.id)))
    if missing:
        raise Refused(f"Part {missing[0].number} of {upload.file_name} is missing. Send it again, and start anew.")
    await objects.write_stream(master_key(upload.sha256), _read_checked(run, upload), upload.size)


async def _read_checked(run: Run, upload: Upload) -> AsyncIterator[bytes]:
    """All parts in their order. Raises Refused at their end, so that nothing is kept of what is another file."""
    digest, done = hashlib.sha256(), 0
    for part in upload.list_parts():
        async with aclosing(run.shop.objects.stream(part_key(upload.id, part.number), 0, part.size)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
                done += len(piece)
                run.progress.share = min(0.99, done / upload.size)
                yield piece
    if digest.hexdigest() != upload.sha256:
        raise Refused(
            f"{upload.file_name} is not what was announced: its SHA-256 is {digest.hexdigest()}, not {upload.sha256}. "
            "Send its parts again, and start anew."
        )
