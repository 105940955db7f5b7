"""Keeps one child process running: start, wait until it answers, start again when it dies, stop.

Knows neither engines nor the application; what to run stands in a `Program`.
"""

import asyncio
import logging
import os
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGTERM, Signals

from msgspec import Struct

from bff.embedded.errors import EmbeddedError, explain_log

logger = logging.getLogger("bff.embedded")

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_HEALTHY_AFTER = 60.0
_LARGEST_LOG = 10 * 1024 * 1024


async def _nothing() -> None:
    return


class Program(Struct, frozen=True, kw_only=True):
    """What to run and how to tell that it runs; times in seconds.

    `command` should be bound to its parent (`binaries.bound_to_parent`), so that it does not outlive us.
    `environment` is the whole environment of the child. Without a `log_file` it writes to our own terminal.
    `directory` is the folder that messages about it name. `answers` is asked until it is true; `prepare` runs
    before every start.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    answers: Callable[[], Awaitable[bool]]
    prepare: Callable[[], Awaitable[None]] = _nothing
    log_file: Path | None = None
    stop_signal: Signals = SIGTERM
    stop_deadline: float = 15.0
    start_deadline: float = 120.0


class Supervisor:
    """One program, kept running between `start` and `stop`."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once the program answers.

        Raises EmbeddedError, with the program's own last words, when it ends first or takes too long.
        """
        self._process = await self._launch()
        self._watch = asyncio.create_task(self._keep_running(self._process))

    async def stop(self) -> None:
        """Signal the program and wait for its end; past `stop_deadline` it is killed."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        if self._process is not None:
            await self._end(self._process)
            self._process = None

    async def _launch(self) -> Process:
        program = self._program
        await program.prepare()
        offset = _open_log(program.log_file)
        output = os.open(program.log_file, os.O_WRONLY | os.O_APPEND) if program.log_file else None
        try:
            # A session of its own: Ctrl-C at the terminal reaches us alone, and we stop things in their order.
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                env=program.environment,
                start_new_session=True,
            )
        finally:
            if output is not None:
                os.close(output)
        try:
            await self._wait_until_it_answers(process, offset)
        except BaseException:
            await self._end(process)
            raise
        return process

    async def _wait_until_it_answers(self, process: Process, offset: int) -> None:
        program = self._program
        deadline = time.monotonic() + program.start_deadline
        while not await program.answers():
            if process.returncode is not None:
                raise self._explain_end(process.returncode, offset)
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{program.name} does not answer after {program.start_deadline:.0f} s.")
            await asyncio.sleep(0.02)

    def _explain_end(self, code: int, offset: int) -> EmbeddedError:
        program = self._program
        if program.log_file is None:
            return EmbeddedError(
                f"{program.name} ended before it was ready ({_describe(code)}); see what it said above."
            )
        with program.log_file.open("rb") as log:
            log.seek(offset)
            text = log.read().decode(errors="replace")
        return explain_log(program.name, text, program.directory, program.log_file)

    async def _keep_running(self, process: Process) -> None:
        delay = _FIRST_DELAY
        started = time.monotonic()
        while True:
            code = await process.wait()
            if time.monotonic() - started > _HEALTHY_AFTER:
                delay = _FIRST_DELAY
            logger.warning("%s ended (%s); starting it again in %.1f s", self._program.name, _describe(code), delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
            started = time.monotonic()
            try:
                process = self._process = await self._launch()
            except (EmbeddedError, OSError) as error:
                logger.error("%s", error)
            else:
                logger.warning("%s runs again", self._program.name)

    async def _end(self, process: Process) -> None:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(self._program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self._program.stop_deadline)
        except TimeoutError:
            logger.warning(
                "%s did not stop within %.0f s and is killed", self._program.name, self._program.stop_deadline
            )
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@asynccontextmanager
async def run_programs(*programs: Program) -> AsyncIterator[None]:
    """Start the programs one after the other and keep them running; at the end all stop at once."""
    supervisors = [Supervisor(program) for program in programs]
    try:
        for supervisor in supervisors:
            await supervisor.start()
        yield
    finally:
        await asyncio.gather(*(supervisor.stop() for supervisor in supervisors))


def _open_log(log_file: Path | None) -> int:
    """Make the log, put an overlong one aside, and give the offset where new lines will begin."""
    if log_file is None:
        return 0
    if log_file.exists() and log_file.stat().st_size > _LARGEST_LOG:
        log_file.replace(log_file.with_suffix(".old"))
    log_file.touch(mode=0o600)
    return log_file.stat().st_size


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else Signals(-code).name
