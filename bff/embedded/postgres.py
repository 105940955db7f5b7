"""The embedded PostgreSQL: its cluster on disk and the program that serves it."""

import asyncio
import functools
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL
from urllib.parse import quote

import asyncpg

from bff.embedded.binaries import bound_to_parent, postgres_binary, without_root
from bff.embedded.directory import DataDirectory, write_private
from bff.embedded.errors import EmbeddedError, explain_log
from bff.embedded.leftovers import end_leftovers, find_engine_processes
from bff.embedded.supervisor import Program
from bff.settings import Secret

_NAME = "PostgreSQL"
_USER = "marquee"
_DATABASE = "marquee"
_VERSION = "18"
# Nothing of the caller's environment: PGDATA, PGOPTIONS or a locale would change what runs.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


async def prepare_postgres(directory: DataDirectory) -> tuple[Program, Secret]:
    """Make the cluster if there is none, end what still runs on it; gives the program and the database's URL.

    Raises EmbeddedError or OSError.
    """
    cluster = directory.path / "postgres"
    password = directory.read_secret("postgres_password")
    if not cluster.exists():
        await initialise_cluster(cluster, password, directory.logs / "initdb.log")
    _check_version(cluster)
    settings = {**_SETTINGS, "unix_socket_directories": str(directory.sockets)}
    flags = (flag for name, value in settings.items() for flag in ("-c", f"{name}={value}"))
    server = (str(postgres_binary("postgres")), "-D", str(cluster), *flags)
    url = Secret(f"postgresql://{_USER}:{password}@/{_DATABASE}?host={quote(str(directory.sockets), safe='/')}")
    program = Program(
        name=_NAME,
        command=without_root(bound_to_parent(server, SIGINT)),
        environment=_ENVIRONMENT,
        directory=directory.path,
        answers=functools.partial(_answers, url),
        prepare=functools.partial(_clear_the_way, cluster),
        log_file=directory.logs / "postgres.log",
        stop_signal=SIGINT,
    )
    return program, url


async def initialise_cluster(cluster: Path, password: Secret, log_file: Path) -> None:
    """Make a cluster with our database in it; it appears under its name only when it is whole.

    Raises EmbeddedError or OSError.
    """
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    find = functools.partial(find_engine_processes, unfinished)
    await end_leftovers(_NAME, find, signal=SIGKILL, patience=0)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    password_file = cluster.with_name(f"{cluster.name}.pwfile")
    write_private(password_file, password)
    initdb = (
        *(str(postgres_binary("initdb")), "-D", str(unfinished), "-U", _USER, f"--pwfile={password_file}"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    )
    # PostgreSQL's single-user mode: the database is there before the cluster is, so no half state is ever seen.
    create_database = (str(postgres_binary("postgres")), "--single", "-D", str(unfinished), "postgres")
    try:
        await _run(initdb, cluster, log_file)
        await _run(create_database, cluster, log_file, statement=f"CREATE DATABASE {_DATABASE}\n")
    finally:
        password_file.unlink()
    unfinished.rename(cluster)
    _sync_folder(cluster.parent)


async def _run(command: tuple[str, ...], cluster: Path, log_file: Path, *, statement: str = "") -> None:
    process = await asyncio.create_subprocess_exec(
        *without_root(bound_to_parent(command, SIGKILL)),
        stdin=PIPE if statement else DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        env=_ENVIRONMENT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(statement.encode() or None), 120)
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    text = output.decode(errors="replace")
    # Single-user mode ends with 0 whatever became of the statement.
    if process.returncode != 0 or "ERROR:" in text:
        raise _explain_failure(text, cluster, log_file)


def _explain_failure(text: str, cluster: Path, log_file: Path) -> EmbeddedError:
    error = explain_log(_NAME, text, cluster.parent, log_file)
    with suppress(OSError):
        log_file.write_text(text)
    return error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_version(cluster: Path) -> None:
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"{cluster} holds no database: {error.strerror}. Choose another with --data-dir."
        ) from error
    if version != _VERSION:
        raise EmbeddedError(
            f"{cluster} was made by PostgreSQL {version}, and this is {_VERSION}. Choose another with --data-dir."
        )


async def _clear_the_way(cluster: Path) -> None:
    find = functools.partial(find_engine_processes, cluster)
    await end_leftovers(_NAME, find, signal=SIGINT, patience=20)
    # Nobody runs on the cluster now. A stale pid file would stop PostgreSQL where its number was given out again.
    (cluster / "postmaster.pid").unlink(missing_ok=True)


async def _answers(url: Secret) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except asyncpg.InvalidPasswordError as error:
        raise EmbeddedError("PostgreSQL refuses the password in the data directory's postgres_password.") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
