"""Both engines on one data directory, from claim to release."""

import functools
from contextlib import AsyncExitStack
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import Self

from bff.embedded.directory import DataDirectory
from bff.embedded.errors import explain_os_error
from bff.embedded.leftovers import end_leftovers, find_supervised_processes
from bff.embedded.postgres import prepare_postgres
from bff.embedded.redis import prepare_redis
from bff.embedded.supervisor import run_programs
from bff.settings import Secret


class EmbeddedEngines:
    """`async with EmbeddedEngines(data_dir) as engines:` both run, and are started again when they die.

    `database_url` and `redis_url` name unix sockets and hold the passwords. An engine that is not wanted is not
    started and its URL stays empty. What a killed predecessor left running on the directory is ended first.
    Raises EmbeddedError.
    """

    def __init__(self, data_dir: Path, *, postgres: bool = True, redis: bool = True) -> None:
        self._directory = DataDirectory(data_dir)
        self._wants_postgres = postgres
        self._wants_redis = redis
        self._claimed = False
        self._running = AsyncExitStack()
        self.database_url = Secret("")
        self.redis_url = Secret("")

    @property
    def data_dir(self) -> Path:
        return self._directory.path

    async def claim(self) -> None:
        """Lock the data directory and end what a killed predecessor left; entering does it when it was not done.

        For whoever must look at something between the predecessor's end and the engines' start.
        """
        if self._claimed:
            return
        await self._directory.claim()
        self._running.callback(self._directory.release)
        self._claimed = True
        find = functools.partial(find_supervised_processes, self.data_dir)
        await end_leftovers("A child of `bff dev`", find, signal=SIGTERM, patience=3)

    async def __aenter__(self) -> Self:
        try:
            await self.claim()
            self._directory.open_sockets()
            programs = []
            if self._wants_postgres:
                program, self.database_url = await prepare_postgres(self._directory)
                programs.append(program)
            if self._wants_redis:
                program, self.redis_url = await prepare_redis(self._directory)
                programs.append(program)
            await self._running.enter_async_context(run_programs(*programs))
        except OSError as error:
            await self._running.aclose()
            raise explain_os_error(error, self.data_dir) from error
        except BaseException:
            await self._running.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()
