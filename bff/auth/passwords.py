"""Argon2id for passwords and PINs, on threads of its own: the event loop cannot spare the 20 ms of CPU it takes."""

import asyncio
import os
import secrets
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
"""The least that OWASP's password storage cheat sheet asks of Argon2id."""
_NICENESS = 5


class Passwords:
    """Hashes and checks; at most half the processors work at it at once, so that reads go on meanwhile."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)
        self._threads = ThreadPoolExecutor(
            max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="argon2", initializer=_yield_to_others
        )
        self._nobodys_hash = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """The hash with its salt and costs, as PHC string."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, _encode(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; without a stored hash it takes the same time to say no."""
        loop = asyncio.get_running_loop()
        is_right = await loop.run_in_executor(
            self._threads, self._check, stored or self._nobodys_hash, _encode(password)
        )
        return is_right and stored is not None

    def close(self) -> None:
        """Let go of the threads; hashes that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _yield_to_others() -> None:
    """Where processors are short, whoever waits for a home comes before whoever signs in.

    By a little only: at 5 a thread still gets a quarter of a processor that the loop would take whole, and a sign-in
    its answer in time; at 15 it would get a thirtieth.
    """
    if sys.platform == "linux":  # elsewhere this would be about the whole process
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)


def _encode(password: str) -> bytes:
    """The same characters are the same password, however a keyboard composes them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
