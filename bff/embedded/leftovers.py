"""What a killed predecessor left running on a data directory: found through /proc and ended.

Callers hold the directory's lock, so whatever is found has nobody left to serve.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, Signals

from bff.embedded.errors import EmbeddedError

SUPERVISOR_VARIABLE = "BFF_SUPERVISOR"
"""Carried by every child of `bff dev`, and inherited by their children; holds the data directory."""

_ENGINE_NAMES = frozenset({"postgres", "redis-server"})


def find_engine_processes(directory: Path) -> list[int]:
    """Processes of an engine that run on its directory: both engines make it their working directory."""
    return [pid for pid in _all_pids() if _name(pid) in _ENGINE_NAMES and _working_directory(pid) == str(directory)]


def find_supervised_processes(data_dir: Path) -> list[int]:
    """Processes that a `bff dev` on this data directory started, and their descendants."""
    mark = f"{SUPERVISOR_VARIABLE}={data_dir}".encode()
    return [pid for pid in _all_pids() if pid != os.getpid() and mark in _environment(pid)]


async def end_leftovers(
    name: str, find: Callable[[], list[int]], *, signal: Signals, patience: float, deadline: float = 30.0
) -> None:
    """Send `signal` to what `find` finds and wait until it finds nothing.

    What one of them started is left to it: PostgreSQL's checkpointer takes a signal that is meant for the server for
    an order to close the log, and the server then ends as after a crash. What still runs after `patience` seconds is
    killed. Raises EmbeddedError after `deadline` seconds more.
    """
    started = time.monotonic()
    signalled: set[int] = set()
    while pids := find():
        elapsed = time.monotonic() - started
        if elapsed > patience + deadline:
            raise EmbeddedError(f"{name} of an earlier run does not end (process {pids[0]}). End it by hand.")
        for pid in pids:
            if elapsed > patience:
                _send(pid, SIGKILL)
            elif pid not in signalled and _parent(pid) not in pids and not _is_backend(pid):
                signalled.add(pid)
                _send(pid, signal)
        await asyncio.sleep(0.02)


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _name(pid: int) -> str:
    return _read(pid, "comm").decode(errors="replace").strip()


def _parent(pid: int) -> int | None:
    # The name before it may hold blanks and brackets.
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else None


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")


def _is_backend(pid: int) -> bool:
    # Those whose server was killed end by themselves.
    return _read(pid, "cmdline").startswith(b"postgres: ")


def _working_directory(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _read(pid: int, entry: str) -> bytes:
    # Gone since, or another user's: either way none of ours.
    try:
        return Path(f"/proc/{pid}/{entry}").read_bytes()
    except OSError:
        return b""


def _send(pid: int, signal: Signals) -> None:
    try:
        os.kill(pid, signal)
    except ProcessLookupError:
        return
