"""A master of a gibibyte that an operator has sent: put together, checked and probed in a fraction of its size."""

import hashlib
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bff.domain.ids import IdKind, random_id
from bff.domain.ingest import IngestState, Preset, SourceFile
from bff.domain.uploads import MIB, Upload, UploadState, choose_part_size, master_key, part_key
from bff.stores.ingest_jobs import queue_ingest
from bff.stores.postgres import open_pool
from bff.stores.uploads import add_upload, take_uploads
from tests.engines import Engines
from tests.media.masters import draw_master
from tests.media.workshop import add_film, open_shop, work
from tests.process_memory import forget_peak, read_peak
from tests.workers.sign_ins import add_account

NOTHING = 1024 * MIB
MOST = 64 * MIB
"""What putting it together may take of memory, beyond what the process had before."""


@pytest.mark.proof
async def test_a_large_master_goes_through_little_memory(
    database: Engines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = await open_pool(database.settings)
    shop = open_shop(database, pool)
    path = draw_master(tmp_path / "film.mp4", seconds=2)
    with path.open("ab") as file:
        file.write(struct.pack(">I4sQ", 1, b"free", NOTHING))
        file.truncate(file.tell() + NOTHING - 16)
    upload = lay_parts(path, database.data_dir / "objects")
    film, now = await add_film(pool, "film"), datetime.now(UTC)
    await add_upload(pool, upload, await add_account(pool, now))
    source = SourceFile(key=master_key(upload.sha256), sha256=upload.sha256, name=upload.file_name)
    async with pool.acquire() as connection, connection.transaction():
        job_id = await queue_ingest(
            connection, playable_id=film, source=source, now=now, preset=Preset.QUICK, uploads=[upload]
        )
        await take_uploads(connection, [upload.id], job_id)
    before = forget_peak(os.getpid())
    assert (await work(shop, job_id)).state is IngestState.DONE
    taken = read_peak(os.getpid()) - before
    with capsys.disabled():
        print(f"\n{upload.size / MIB:,.0f} MiB went through {taken / MIB:.0f} MiB of memory")
    assert taken < MOST
    assert await shop.objects.measure(master_key(upload.sha256)) == upload.size
    await pool.close()


def lay_parts(path: Path, objects: Path) -> Upload:
    """As if they had been sent; nothing takes no room."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size, now = path.stat().st_size, datetime.now(UTC)
    upload = Upload(
        id=random_id(IdKind.UPLOAD), file_name=path.name, size=size, sha256=digest, part_size=choose_part_size(size),
        state=UploadState.OPEN, created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    with path.open("rb") as file:
        for part in upload.list_parts():
            target = objects / part_key(upload.id, part.number)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = file.read(part.size)
            with target.open("wb") as written:
                written.write(content.rstrip(b"\0"))
                written.truncate(part.size)
    return upload
