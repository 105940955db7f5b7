"""Argon2id for passwords and PINs, in a process of its own: this one cannot spare the 20 ms of CPU that it takes."""

import asyncio
import base64
import secrets
import socket
import subprocess
import sys
import time
import unicodedata

from msgspec import Struct

from bff.auth import hashing
from bff.auth.hashing import LANES, MEMORY_KIB, PASSES, Outcome, Task

PATIENCE = 0.5
"""Seconds that one hash may take of the processors that others leave: many times what it takes of an idle one."""
HURRY = 60.0
"""Seconds that hashes take a share of the processors after one had to wait for them longer."""
DEADLINE = 10.0
"""Seconds that one hash may take of such a share before its process is given up."""
_COMMAND = (sys.executable, "-m", hashing.__name__)


class HashingError(Exception):
    """The process that hashes was lost twice over one password."""


class _Hasher(Struct, frozen=True):
    """The process, and the two ways of the socket to it."""

    is_hurried: bool
    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Passwords:
    """Hashes and checks, one at a time: a flood of sign-ins takes one processor, and of that what others leave.

    Where they leave next to nothing, hashes take a share for a while, so that people get in all the same.

    The process begins with the first of them, belongs to one event loop, and ends with it at the latest. No thread of
    this process has to do with it: the loop would be handed the interpreter back late.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._hasher: _Hasher | None = None
        self._hurries_until = 0.0
        self._ending: list[subprocess.Popen[bytes]] = []
        self._is_closed = False
        self._nobodys_hash = _draw_hash()

    async def hash(self, password: str) -> str:
        """The hash with its salt and costs, as PHC string."""
        return str(await self._order(Task(_encode(password))))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; without a stored hash it takes the same time to say no."""
        is_right = await self._order(Task(_encode(password), stored or self._nobodys_hash))
        return is_right is True and stored is not None

    def close(self) -> None:
        """End the process; what waits for a hash fails."""
        self._is_closed = True
        self._let_go()
        for process in self._ending:
            process.wait()

    async def _order(self, task: Task) -> Outcome:
        """Who gives up while waiting has nothing hashed; what has begun is waited for, so that answers find their own
        questions."""
        await self._turn.acquire()
        exchange = asyncio.ensure_future(self._have_done(task))
        exchange.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(exchange)

    async def _have_done(self, task: Task) -> Outcome:
        """Twice where the process is lost over it: somebody may have ended it, or it hardly got a processor."""
        for _ in range(2):
            is_hurried = time.monotonic() < self._hurries_until
            try:
                async with asyncio.timeout(DEADLINE if is_hurried else PATIENCE):
                    return await self._ask(task, is_hurried=is_hurried)
            except TimeoutError:
                self._hurries_until = time.monotonic() + HURRY
                self._let_go()
            except (OSError, EOFError):
                self._let_go()
        raise HashingError("Passwords cannot be hashed: the process that does it was lost twice.")

    async def _ask(self, task: Task, *, is_hurried: bool) -> Outcome:
        if self._hasher is not None and self._hasher.is_hurried is not is_hurried:
            self._let_go()
        if self._hasher is None:
            self._hasher = await self._begin(is_hurried=is_hurried)
        reader, writer = self._hasher.reader, self._hasher.writer
        writer.write(hashing.encode_frame(task))
        length = int.from_bytes(await reader.readexactly(hashing.LENGTH_BYTES))
        outcome: Outcome = hashing.decode_outcome(await reader.readexactly(length))
        return outcome

    async def _begin(self, *, is_hurried: bool) -> _Hasher:
        if self._is_closed:
            raise EOFError
        self._ending = [process for process in self._ending if process.poll() is None]
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                streams = await asyncio.open_unix_connection(sock=ours)
            except BaseException:
                ours.close()
                raise
            return _Hasher(is_hurried, _start(theirs, is_hurried=is_hurried), *streams)

    def _let_go(self) -> None:
        """Not waiting for its end: what gets no processor takes its time over that, too."""
        hasher, self._hasher = self._hasher, None
        if hasher is not None:
            hasher.process.kill()
            hasher.writer.close()
            self._ending.append(hasher.process)


def _start(asked_over: socket.socket, *, is_hurried: bool = False) -> "subprocess.Popen[bytes]":
    command = (*_COMMAND, hashing.HURRIED) if is_hurried else _COMMAND
    return subprocess.Popen(command, stdin=asked_over.fileno(), stdout=asked_over.fileno())


def _draw_hash() -> str:
    """What could be the hash of a password that nobody has."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


def _encode(password: str) -> bytes:
    """The same characters are the same password, however a keyboard composes them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
