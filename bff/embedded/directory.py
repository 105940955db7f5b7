"""The data directory: who may use it, where its secrets, logs and sockets lie. Knows no engine."""

import asyncio
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bff.embedded.errors import EmbeddedError, explain_os_error, full_disk
from bff.settings import Secret

LEAST_FREE_BYTES = 128 * 1024 * 1024
"""Below this the engines could not write their logs for long."""

_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


class DataDirectory:
    """A claimed data directory; nobody else claims it until `release`, or until this process is dead."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        digest = hashlib.blake2b(os.fsencode(self.path), digest_size=8).hexdigest()
        # Not below the data directory: a socket's whole path must fit in 107 bytes.
        self.sockets = Path(tempfile.gettempdir()) / f"marquee-{digest}"
        self._lock: int | None = None
        self._sockets_are_ours = False

    async def claim(self, *, patience: float = 2.0) -> None:
        """Make the directory and lock it; a predecessor that is just ending gets `patience` seconds.

        Raises EmbeddedError when it is in use, cannot be written, or its disk is full.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        try:
            await self._wait_for_lock(lock, time.monotonic() + patience)
            self._prepare(lock)
        except OSError as error:
            os.close(lock)
            raise explain_os_error(error, self.path) from error
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def open_sockets(self) -> None:
        """Make the folder of the sockets, or empty it of a killed predecessor's.

        Raises EmbeddedError when it is not ours alone.
        """
        if len(os.fsencode(self.sockets)) + _LONGEST_SOCKET_NAME > _SOCKET_PATH_LIMIT:
            raise EmbeddedError(f"{self.sockets} is too long for a socket. Set TMPDIR to a shorter path.")
        with suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
        status = self.sockets.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise EmbeddedError(f"{self.sockets} belongs to somebody else. Remove it, or set TMPDIR to another folder.")
        self._sockets_are_ours = True
        for stale in self.sockets.iterdir():
            stale.unlink()

    def release(self) -> None:
        if self._lock is None:
            return
        if self._sockets_are_ours:
            with suppress(OSError):
                shutil.rmtree(self.sockets)
            self._sockets_are_ours = False
        os.close(self._lock)
        self._lock = None

    def read_secret(self, name: str) -> Secret:
        """The secret of that name, made at the first call; a file with mode 0600."""
        path = self.path / name
        with suppress(FileNotFoundError):
            if secret := path.read_text().strip():
                return Secret(secret)
        secret = secrets.token_hex(24)
        write_private(path, secret)
        return Secret(secret)

    async def _wait_for_lock(self, lock: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
                    raise EmbeddedError(
                        f"{self.path} is in use by process {holder}, which is still running. "
                        "Stop it, or choose another folder with --data-dir."
                    ) from None
            await asyncio.sleep(0.05)

    def _prepare(self, lock: int) -> None:
        if shutil.disk_usage(self.path).free < LEAST_FREE_BYTES:
            raise full_disk(self.path)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self.logs.mkdir(mode=0o700, exist_ok=True)


def is_claimed(path: Path) -> bool:
    """Whether a live process holds the data directory."""
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner reads; after a crash it is whole, the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
