"""The object store: artwork, masters, video. A local folder, or what a URL names; writes are whole."""

import asyncio
import errno
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from bff.errors import Unavailable
from bff.settings import Settings

PIECE_BYTES = 256 * 1024
"""Of an object that is streamed, as much is held in memory at once."""
DEADLINE = 5.0
"""Seconds after which the store counts as away."""
SLOWEST = 1_000_000
"""Bytes a second that a file moves at least."""
_AT_ONCE = 1000


class Objects:
    """Objects by key (`images/tit_…/boxart-342.….webp`)."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        """`folder` is where a local store keeps its objects."""
        self._store = store
        self._folder = folder

    async def read(self, key: str) -> bytes | None:
        """None where there is no such object. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                found = await obstore.get_async(self._store, key)
                return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    def locate(self, key: str) -> Path | None:
        """Where a local store has the object, if it has it; None of any other store."""
        return self._folder / key if self._folder is not None else None

    async def measure(self, key: str) -> int | None:
        """How many bytes an object has; None where there is none. Raises Unavailable."""
        path = self.locate(key)
        if path is not None:
            return _measure(path)
        try:
            async with asyncio.timeout(DEADLINE):
                return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            return None
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (exclusive), a piece at a time. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                found = await obstore.get_async(self._store, key, options={"range": (start, end)})
            pieces = aiter(found.stream(min_chunk_size=PIECE_BYTES))
            while True:
                async with asyncio.timeout(DEADLINE):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield bytes(piece)
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def write(self, key: str, content: bytes) -> None:
        """Appears whole or not at all, over what was there. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                await obstore.put_async(self._store, key, content)
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def write_file(self, key: str, path: Path) -> None:
        """Like `write`, of a file of any size. Raises Unavailable."""
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
            async with asyncio.timeout(60 + size / SLOWEST):
                await obstore.put_async(self._store, key, path)
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def fetch(self, key: str, folder: Path) -> Path:
        """A file with the object's content, to be read only: the store's own, or a copy in `folder`.

        Raises FileNotFoundError or Unavailable.
        """
        if self._folder is not None:
            path = self._folder / key
            if not path.is_file():
                raise FileNotFoundError(key)
            return path
        path = folder / key.replace("/", "_")
        try:
            async with asyncio.timeout(DEADLINE):
                found = await obstore.get_async(self._store, key)
            async with asyncio.timeout(60 + found.meta["size"] / SLOWEST):
                with path.open("wb") as file:
                    async for part in found.stream():
                        await asyncio.to_thread(file.write, part)
        except FileNotFoundError:
            raise
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error
        return path

    async def exists(self, key: str) -> bool:
        """Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error
        return True

    async def remove_below(self, prefix: str) -> None:
        """Every object whose key begins with `prefix/`. Raises Unavailable."""
        try:
            async with asyncio.timeout(60):
                async for entries in obstore.list(self._store, prefix, chunk_size=_AT_ONCE):
                    await obstore.delete_async(self._store, [entry["path"] for entry in entries])
        except FileNotFoundError:
            return
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error


def open_objects(settings: Settings) -> Objects:
    """The store that BFF_OBJECT_STORE_URL names, else the folder `objects` under the data directory."""
    if settings.object_store_url:
        return Objects(from_url(settings.object_store_url))
    folder = Path(settings.data_dir).resolve() / "objects"
    return Objects(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder)


def _measure(path: Path) -> int | None:
    """Of a local disk this is quicker than to have a thread do it."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _away(error) from error
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _away(error: BaseException | None = None) -> Unavailable:
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error):
        return Unavailable("The object store is full: make room.", retry_after=60)
    return Unavailable("The object store does not answer; try again.", retry_after=2)
