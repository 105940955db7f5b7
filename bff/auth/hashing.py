"""The process that hashes, one password after the other: Argon2id's work must not be that of the process that serves.

It is asked over its standard input, answers over its standard output, and ends with whoever started it. As
`… hashing hurried` it takes a share of the processors, otherwise what others leave of them.
"""

import os
import signal
import sys
from typing import IO

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from bff.auth.stepping_back import give_session_niceness, step_back

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
"""The least that OWASP's password storage cheat sheet asks of Argon2id."""
HURRIED = "hurried"
NICENESS = 5
"""Of a hurried one."""
LENGTH_BYTES = 4


class Task(Struct, frozen=True):
    """Hash the password, or say whether it is the one of a `stored` hash."""

    password: bytes
    stored: str | None = None

    def __repr__(self) -> str:
        return "Task(…)"


Outcome = str | bool
"""The hash with its salt and costs, as PHC string; or whether the password was the one."""

decode_outcome = msgspec.msgpack.Decoder(Outcome).decode
_decode_task = msgspec.msgpack.Decoder(Task).decode


def encode_frame(value: Task | Outcome) -> bytes:
    """Its length, then itself."""
    content = msgspec.msgpack.encode(value)
    return len(content).to_bytes(LENGTH_BYTES) + content


def work(tasks: IO[bytes], outcomes: IO[bytes]) -> None:
    """Until there are no more tasks."""
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    while head := tasks.read(LENGTH_BYTES):
        task = _decode_task(tasks.read(int.from_bytes(head)))
        outcomes.write(encode_frame(_carry_out(hasher, task)))
        outcomes.flush()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # who asks may have something to finish
        signal.signal(number, signal.SIG_IGN)
    if HURRIED in sys.argv:
        os.nice(NICENESS)
        give_session_niceness(NICENESS)
    else:
        step_back()
    work(sys.stdin.buffer, sys.stdout.buffer)


def _carry_out(hasher: PasswordHasher, task: Task) -> Outcome:
    if task.stored is None:
        return hasher.hash(task.password)
    try:
        return hasher.verify(task.stored, task.password)
    except (VerificationError, InvalidHashError):
        return False


if __name__ == "__main__":
    main()
