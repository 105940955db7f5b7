"""What a worker fetches of masters that lie in S3, and what it leaves there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bff.domain.uploads import MIB
from bff.media.commands import Refused
from bff.settings import Secret, Settings
from bff.stores.objects import open_objects
from tests.media.stores import BUCKET, over_s3
from workers.sources import MOST_KEPT, Sources


def folder(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.mkdir()
    return path


async def test_a_master_is_fetched_once_and_read_while_it_goes(s3_endpoint: str, tmp_path: Path) -> None:
    given = Settings(database_url=Secret(""), redis_url=Secret(""), key_encryption_key=Secret(""), data_dir=tmp_path)
    objects = open_objects(over_s3(given, s3_endpoint))
    held = tmp_path / "held"
    sources = Sources(objects, held)
    for name in ("one", "two", "three"):
        await objects.write(f"masters/fetched-{name}", name.encode())
    first = await sources.fetch("masters/fetched-one", folder(tmp_path, "a"))
    await objects.remove_below("masters")
    again = await sources.fetch("masters/fetched-one", folder(tmp_path, "b"))
    assert (first != again, again.read_bytes()) == (True, b"one")
    with pytest.raises(FileNotFoundError):
        await sources.fetch("masters/fetched-two", folder(tmp_path, "c"))
    for name in ("two", "three"):
        await objects.write(f"masters/fetched-{name}", name.encode())
        await sources.fetch(f"masters/fetched-{name}", folder(tmp_path, name))
    assert {path.name for path in held.iterdir()} == {"masters_fetched-two", "masters_fetched-three"}
    assert len(list(held.iterdir())) == MOST_KEPT
    sources.drop_unused(0)
    assert list(held.iterdir()) == []
    assert again.read_bytes() == b"one"


@pytest.mark.parametrize("is_cancelled", [True, False], ids=["cancelled", "refused"])
async def test_nothing_is_left_of_what_was_not_written_to_its_end(
    s3_endpoint: str, tmp_path: Path, *, is_cancelled: bool
) -> None:
    """S3 keeps the parts of an object that was begun, and is paid for them, until somebody takes that back."""
    given = Settings(database_url=Secret(""), redis_url=Secret(""), key_encryption_key=Secret(""), data_dir=tmp_path)
    objects = open_objects(over_s3(given, s3_endpoint))
    begun = asyncio.Event()

    async def send() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield bytes(MIB)
        begun.set()
        if is_cancelled:
            await asyncio.Event().wait()
        raise Refused("It is another file.")

    writing = asyncio.create_task(objects.write_stream("masters/broken-off", send(), 20 * MIB))
    await begun.wait()
    if is_cancelled:
        writing.cancel()
    with pytest.raises(asyncio.CancelledError if is_cancelled else Refused):
        await writing
    assert await objects.measure("masters/broken-off") is None
    async with httpx.AsyncClient(trust_env=False) as http:
        listed = await http.get(f"{s3_endpoint}/{BUCKET}?uploads")
    assert (listed.status_code, "<UploadId>" in listed.text) == (200, False)
