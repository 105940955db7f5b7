"""The object store: artwork, masters, video. A local folder, or what a URL names; writes are whole."""

import asyncio
import errno
import os
import re
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, GCSStore, LocalStore, ObjectStore, S3Store, from_url

from bff.domain.uploads import MOST_BYTES
from bff.errors import Unavailable
from bff.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

PIECE_BYTES = 256 * 1024
"""Of an object that is streamed, as much is held in memory at once."""
DEADLINE = 5.0
"""Seconds after which the store counts as away."""
SLOWEST = 1_000_000
"""Bytes a second that a file moves at least."""
LONGEST_REQUEST = timedelta(seconds=60 + MOST_BYTES / SLOWEST)
"""What one request of a store beyond this machine may take, the largest master's: each call has its own deadline."""
_AT_ONCE = 1000
LEAST_CHUNK, _MOST_CHUNKS = 5 * 1024 * 1024, 9000
"""S3 takes an object in pieces of at least so many bytes, ten thousand of them at most."""
_UNFINISHED = re.compile(r".+#[0-9]+", re.ASCII)
"""How a folder calls what is still written, and no object."""


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
                await obstore.put_async(self._store, key, path, chunk_size=choose_chunk(size))
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def write_stream(self, key: str, pieces: AsyncIterator[bytes], size: int, *, slowest: int = SLOWEST) -> None:
        """Like `write`, of `size` bytes that come bit by bit, no slower than so many a second; little is in memory.

        What `pieces` raises is raised, and nothing appears; nor is anything left of it where the caller is cancelled.
        Raises Unavailable.
        """
        longest = 60 + size / slowest
        writer = obstore.open_writer_async(self._store, key, buffer_size=choose_chunk(size), max_concurrency=2)
        try:
            # The writer takes back what it has written, for which the outer one leaves it time.
            async with asyncio.timeout(longest + DEADLINE), asyncio.timeout(longest), writer:
                async for piece in pieces:
                    await writer.write(piece)
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def sign_put(self, keys: Sequence[str], age: timedelta) -> list[str] | None:
        """Addresses to which anybody may PUT these objects for so long; None where the store has none, being a folder.

        Asks no engine.
        """
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        if not keys:
            return []
        try:
            async with asyncio.timeout(DEADLINE):
                return list(await obstore.sign_async(self._store, "PUT", list(keys), age))
        except (BaseError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def list_sizes(self, prefix: str) -> dict[str, int]:
        """Of every object below `prefix/`, in bytes, by its key. Raises Unavailable."""
        try:
            async with asyncio.timeout(DEADLINE):
                return {
                    entry["path"]: entry["size"]
                    async for entries in obstore.list(self._store, prefix, chunk_size=_AT_ONCE)
                    for entry in entries
                }
        except FileNotFoundError:
            return {}
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

    async def remove_unfinished(self, before: datetime) -> int:
        """What was begun in a folder, and not gone on with since, as whoever wrote it was killed; answers how many.

        Stores beyond this machine have rules of their own for that. Raises Unavailable.
        """
        if self._folder is None:
            return 0
        try:
            return await asyncio.to_thread(_remove_unfinished, self._folder, before.timestamp())
        except OSError as error:
            raise _away(error) from error


def open_objects(settings: Settings) -> Objects:
    """The store that BFF_OBJECT_STORE_URL names, else the folder `objects` under the data directory."""
    if settings.object_store_url:
        return Objects(_open_remote(settings))
    folder = Path(settings.data_dir).resolve() / "objects"
    return Objects(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder)


def choose_chunk(size: int) -> int:
    """In how many bytes at once an object of so many is written; two such pieces are in memory."""
    return max(LEAST_CHUNK, -(-size // _MOST_CHUNKS))


def _measure(path: Path) -> int | None:
    """Of a local disk this is quicker than to have a thread do it."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _away(error) from error
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _remove_unfinished(folder: Path, before: float) -> int:
    count = 0
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names if _UNFINISHED.fullmatch(name)):
            with suppress(FileNotFoundError):  # it was finished just now
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
    return count


def _open_remote(settings: Settings) -> ObjectStore:
    """What the settings leave out obstore finds where the SDKs of AWS do: `AWS_*`, or the machine's own role."""
    given = {
        "endpoint": settings.object_store_endpoint,
        "region": settings.object_store_region,
        "access_key_id": str(settings.object_store_access_key),
        "secret_access_key": str(settings.object_store_secret_key),
    }
    return from_url(
        settings.object_store_url,
        config=cast("S3Config", {name: value for name, value in given.items() if value}),
        client_options={
            "allow_http": settings.object_store_endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=DEADLINE),
            "timeout": LONGEST_REQUEST,
        },
    )


def _away(error: BaseException | None = None) -> Unavailable:
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error):
        return Unavailable("The object store is full: make room.", retry_after=60)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return Unavailable("The object store refuses this service: look at its keys and at its URL.", retry_after=60)
    return Unavailable("The object store does not answer; try again.", retry_after=2)
