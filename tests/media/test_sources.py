"""What a worker fetches of masters that lie in S3."""

from pathlib import Path

import pytest

from bff.settings import Secret, Settings
from bff.stores.objects import open_objects
from tests.media.stores import over_s3
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
