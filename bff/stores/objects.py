"""The object store: artwork now, video and the lake later. A local folder, or what a URL names; writes are whole."""

import asyncio
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from bff.errors import Unavailable
from bff.settings import Settings

DEADLINE = 5.0
"""Seconds after which the store counts as away."""


class Objects:
    """Objects by key (`images/tit_…/boxart-342.….webp`)."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def read(self, key: str) -> bytes | None:
        """None where there is no such object. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                found = await obstore.get_async(self._store, key)
                return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError, TimeoutError) as error:
            raise _away() from error

    async def write(self, key: str, content: bytes) -> None:
        """Appears whole or not at all, over what was there. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                await obstore.put_async(self._store, key, content)
        except (BaseError, OSError, TimeoutError) as error:
            raise _away() from error


def open_objects(settings: Settings) -> Objects:
    """The store that BFF_OBJECT_STORE_URL names, else the folder `objects` under the data directory."""
    if settings.object_store_url:
        return Objects(from_url(settings.object_store_url))
    folder = Path(settings.data_dir).resolve() / "objects"
    return Objects(LocalStore(folder, mkdir=True))


def _away() -> Unavailable:
    return Unavailable("The object store does not answer; try again.", retry_after=2)
