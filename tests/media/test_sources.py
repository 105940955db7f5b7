"""What a worker fetches of masters that lie in S3, and what it leaves there."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import boto3
import httpx
import pytest

from bff.domain.uploads import MIB
from bff.media.commands import Refused
from bff.settings import Secret, Settings
from bff.stores.objects import LONGEST_REQUEST, open_objects
from tests.faults.processes import run_to_end
from tests.media.stores import BUCKET, over_s3
from workers.ingest_upkeep import UNFINISHED_FOR, remove_unfinished
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


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from bff.settings import Secret, Settings
from bff.stores.objects import LEAST_CHUNK, open_objects

async def send():
    for _ in range(4):
        yield bytes(LEAST_CHUNK)
    os.kill(os.getpid(), signal.SIGKILL)

none = Secret("")
objects = open_objects(Settings(database_url=none, redis_url=none, key_encryption_key=none, data_dir=Path(sys.argv[1])))
asyncio.run(objects.write_stream("masters/killed", send(), 100 * LEAST_CHUNK))
"""


async def test_what_a_killed_process_left_in_a_folder_goes(tmp_path: Path) -> None:
    code, said = await run_to_end(sys.executable, "-c", KILLED, str(tmp_path), environment=dict(os.environ))
    assert (code, said) == (-9, "")
    given = Settings(database_url=Secret(""), redis_url=Secret(""), key_encryption_key=Secret(""), data_dir=tmp_path)
    objects = open_objects(given)
    [left] = (tmp_path / "objects/masters").iterdir()
    await objects.write("masters/whole", b"and as old")
    assert await remove_unfinished({"objects": objects}) == 0, "it may still be written to"
    for path in left.parent.iterdir():
        before = path.stat().st_mtime - UNFINISHED_FOR.total_seconds() - 1
        os.utime(path, (before, before))
    assert await remove_unfinished({"objects": objects}) == 1
    assert not left.exists()
    assert await objects.read("masters/whole") == b"and as old"


def test_the_rule_for_what_is_left_in_a_bucket_is_one_that_s3_takes(s3_endpoint: str) -> None:
    """As docs/operating.md has it to be pasted."""
    told = re.search(r"--lifecycle-configuration '(.*?)'", Path("docs/operating.md").read_text(), re.DOTALL)
    assert told is not None
    rules = json.loads(told[1])
    s3 = boto3.client(
        "s3", endpoint_url=s3_endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s"
    )
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=rules)
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert (rule["Status"], rule["Filter"]) == ("Enabled", {"Prefix": ""})
    days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    assert timedelta(days=days) > LONGEST_REQUEST, "what is still written stays"
