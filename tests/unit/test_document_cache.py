"""Documents in Redis: a later version is never written over by an earlier one."""

from collections.abc import AsyncIterator

import pytest

from bff.stores.redis import DocumentCache, open_redis, split_version
from tests.engines import Engines


@pytest.fixture
async def cache(database: Engines) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(open_redis(database.settings), deadline=5)
    yield cache
    await cache.close()


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        (0, 1),
        (1, 2),
        (9, 10),
        (64, 65),
        (127, 128),
        (128, 129),
        (255, 256),
        (256, 257),
        (65535, 65536),
        (2**40, 2**40 + 1),
    ],
)
async def test_the_later_version_stays(cache: DocumentCache, held: int, offered: int) -> None:
    await cache.put_if_newer("document", held, b"earlier", age=60)
    await cache.put_if_newer("document", offered, b"later", age=60)
    await cache.put_if_newer("document", held, b"late", age=60)
    await cache.put_if_newer("document", offered, b"again", age=60)
    stored = (await cache.get_many(["document"]))[0]
    assert stored is not None
    assert split_version(stored) == (offered, b"later")
