"""The embedded Redis: its configuration and the program that serves it."""

import functools
import os
from pathlib import Path
from signal import SIGTERM

import redis.asyncio
import redis.exceptions

from bff.embedded.binaries import bound_to_parent, redis_binary
from bff.embedded.directory import DataDirectory, write_private
from bff.embedded.errors import EmbeddedError
from bff.embedded.leftovers import end_leftovers, find_engine_processes
from bff.embedded.supervisor import Program
from bff.settings import Secret

_NAME = "Redis"
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


async def prepare_redis(directory: DataDirectory) -> tuple[Program, Secret]:
    """Write the configuration, end what still runs; gives the program and Redis's URL.

    Raises OSError.
    """
    folder = directory.path / "redis"
    socket = directory.sockets / "redis.sock"
    configuration = folder / "redis.conf"
    password = directory.read_secret("redis_password")
    folder.mkdir(mode=0o700, exist_ok=True)
    # In a file and not on the command line, where every user could read the password.
    write_private(configuration, _configure(folder, socket, password))
    url = Secret(f"unix://:{password}@{socket}?db=0")
    program = Program(
        name=_NAME,
        command=bound_to_parent((str(redis_binary()), str(configuration)), SIGTERM),
        environment=_ENVIRONMENT,
        directory=directory.path,
        answers=functools.partial(_answers, url),
        prepare=functools.partial(
            end_leftovers,
            _NAME,
            functools.partial(find_engine_processes, folder),
            signal=SIGTERM,
            patience=20,
        ),
        log_file=directory.logs / "redis.log",
        stop_signal=SIGTERM,
    )
    return program, url


def _configure(folder: Path, socket: Path, password: Secret) -> str:
    settings = {
        "port": "0",
        "unixsocket": _quote(socket),
        "unixsocketperm": "700",
        "dir": _quote(folder),
        "requirepass": password,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',  # the append-only file is the truth, and is flushed at SIGTERM
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return "\n".join(f"{name} {value}" for name, value in settings.items())


def _quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def _answers(url: Secret) -> bool:
    client = redis.asyncio.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        return bool(await client.ping())
    except redis.exceptions.AuthenticationError as error:
        raise EmbeddedError("Redis refuses the password in the data directory's file redis_password.") from error
    except (
        OSError,
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        redis.exceptions.BusyLoadingError,
    ):
        return False
    finally:
        await client.aclose()
