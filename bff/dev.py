"""What `bff dev` does: engines, key, migrations, demo data, then the API and one worker as children.

Owns the order of start and end, and the file that tells other commands where the engines are.
"""

import asyncio
import base64
import errno
import functools
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bff.catalog.open_films import find_file, list_open_films
from bff.embedded import EmbeddedEngines, EmbeddedError
from bff.embedded.binaries import bound_to_parent
from bff.embedded.directory import is_claimed, write_private
from bff.embedded.errors import full_disk
from bff.embedded.leftovers import SUPERVISOR_VARIABLE
from bff.embedded.supervisor import Program, run_programs
from bff.settings import read_settings

HOST = "127.0.0.1"

_ENVIRONMENT_FILE = "environment.json"
_KEY_FILE = "key_encryption_key"
_SIGN_IN_ACCOUNT = "premium@example.com"
_SIGN_IN = (
    "Sign in with   premium@example.com, basic@example.com, standard@example.com, india@example.com\n"
    "               or operator@example.com; the password is demo-password"
)

Report = Callable[[str], None]


class DevOptions(Struct, frozen=True, kw_only=True):
    """`port` 0 is any free one; `empty` leaves the demo catalogue and its accounts out."""

    port: int
    data_dir: Path
    empty: bool
    processes: int


async def run_dev(options: DevOptions, report: Report) -> None:
    """Run everything until SIGINT, SIGTERM or SIGHUP.

    Raises EmbeddedError or SettingsError when it cannot.
    """
    engines = EmbeddedEngines(
        options.data_dir,
        postgres="BFF_DATABASE_URL" not in os.environ,
        redis="BFF_REDIS_URL" not in os.environ,
    )
    await _until_signalled(_develop(options, engines, report))


async def _develop(options: DevOptions, engines: EmbeddedEngines, report: Report) -> None:
    # A killed predecessor's API may still hold the port: it is ended first.
    await engines.claim()
    port = find_port(options.port)
    report("Starting PostgreSQL and Redis.")
    async with engines:
        url = f"http://{HOST}:{port}"
        environment = _compose_environment(options, engines, url)
        os.environ.update(environment)
        write_private(engines.data_dir / _ENVIRONMENT_FILE, json.dumps(environment, indent=2))
        await _fill_database(options, engines.data_dir, report)
        report("Starting the API and the worker.")
        async with run_programs(*_children(options, engines.data_dir, port)):
            report("Everything runs; Ctrl-C ends it.\n")
            print(f"GraphiQL       {url}/graphql")
            if not options.empty:
                print(_list_films(url))
                print(_SIGN_IN)
            if "BFF_SMTP_URL" not in os.environ:
                print(f"Mail           {engines.data_dir / 'mail'} has what would be sent, as .eml files")
            print(f"ready {url}", flush=True)
            await asyncio.Event().wait()


def read_environment(data_dir: Path) -> Mapping[str, str]:
    """The variables of the `bff dev` that runs on this data directory.

    Raises EmbeddedError when none does.
    """
    path = data_dir.resolve()
    if not is_claimed(path) or not (path / _ENVIRONMENT_FILE).exists():
        raise EmbeddedError(f"No `bff dev` runs on {path}. Start it, or name the engines in the environment.")
    environment: dict[str, str] = json.loads((path / _ENVIRONMENT_FILE).read_text())
    return environment


def find_port(port: int) -> int:
    """The port itself, or a free one for 0.

    Raises EmbeddedError when it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
            raise EmbeddedError(f"Port {port} of {HOST} {reason}. Choose another with --port.") from error
        chosen: int = probe.getsockname()[1]
        return chosen


def _compose_environment(options: DevOptions, engines: EmbeddedEngines, url: str) -> dict[str, str]:
    """Every `BFF_` variable of the children: what the caller set, and ours for the rest."""
    # All clients of a laptop, load tests among them, share one address and a handful of demo accounts.
    environment = {
        "BFF_ENV": "development",
        "BFF_ACCOUNT_RATE": "10000000",
        "BFF_ADDRESS_RATE": "10000000",
        "BFF_MAIL_REQUESTS": "1000000",
    }
    environment["BFF_LINK_URL"] = os.environ.get("BFF_PUBLIC_URL", url)
    if not options.empty:
        environment["BFF_GRAPHIQL_LOGIN"] = _SIGN_IN_ACCOUNT
    if "BFF_KEY_ENCRYPTION_KEY" not in os.environ:
        environment["BFF_KEY_ENCRYPTION_KEY_FILE"] = str(_make_key(engines.data_dir))
    environment |= {name: value for name, value in os.environ.items() if name.startswith("BFF_")}
    environment["BFF_DATA_DIR"] = str(engines.data_dir)
    if engines.database_url:
        environment["BFF_DATABASE_URL"] = engines.database_url
    if engines.redis_url:
        environment["BFF_REDIS_URL"] = engines.redis_url
    return environment


def _make_key(data_dir: Path) -> Path:
    path = data_dir / _KEY_FILE
    if not path.exists():
        write_private(path, base64.b64encode(secrets.token_bytes(32)).decode())
    return path


async def _fill_database(options: DevOptions, data_dir: Path, report: Report) -> None:
    """Each step finds out by itself whether it was done, so a start that was killed is simply run again."""
    from bff.auth.demo import seed_demo_accounts, seed_plans
    from bff.catalog.importer import DEMO_FILES, import_catalogue
    from bff.stores.migrate import migrate
    from bff.stores.objects import open_objects
    from bff.stores.postgres import open_pool
    from workers.ingest_order import order_demo_films

    settings = read_settings()
    today = datetime.now(UTC).date()
    try:
        report("Migrating the database.")
        await migrate(settings.database_url)
        pool = await open_pool(settings)
        try:
            await seed_plans(pool)
            if options.empty:
                return
            report("Importing the demo catalogue, unless it is there.")
            await import_catalogue(pool, DEMO_FILES, today=today, report=report)
            report("Making the demo accounts, unless they are there.")
            await seed_demo_accounts(pool, settings, today=today, report=report)
            report("Ordering the videos of the demo's films, unless they are there: the worker makes them meanwhile.")
            await order_demo_films(pool, open_objects(settings), report)
        finally:
            await pool.close()
    except Exception as error:
        if _is_disk_full(error):
            raise full_disk(data_dir) from error
        raise


def _is_disk_full(error: BaseException | None) -> bool:
    """Whether PostgreSQL said so (SQLSTATE 53100), at whatever depth: SQLAlchemy wraps its errors."""
    while error is not None:
        if getattr(error, "sqlstate", None) == "53100":
            return True
        error = error.__cause__
    return False


def _list_films(url: str) -> str:
    """The demo's films that play, or will once the worker has encoded them after the first start."""
    films = [film for film in list_open_films() if find_file(film.master).exists()]
    addresses = [f"{url}/watch/{film.title_id}  {film.name}" for film in films]
    return "Films          " + "\n               ".join(
        [*addresses, "(encoded after the first start: the first plays in a minute)"]
    )


def _children(options: DevOptions, data_dir: Path, port: int) -> tuple[Program, Program]:
    environment = {**os.environ, SUPERVISOR_VARIABLE: str(data_dir)}
    serve = ("serve", "--host", HOST, "--port", str(port), "--processes", str(options.processes))
    worker = Program(
        name="The worker",
        command=_own_command("worker"),
        environment=environment,
        directory=data_dir,
        answers=_answers_at_once,
        stop_deadline=5,
    )
    api = Program(
        name="The API",
        command=_own_command(*serve),
        environment=environment,
        directory=data_dir,
        answers=functools.partial(_is_ready, port),
        stop_deadline=10,
    )
    return worker, api


def _own_command(*arguments: str) -> tuple[str, ...]:
    return bound_to_parent((sys.executable, "-m", "bff.cli", *arguments), signal.SIGTERM)


async def _answers_at_once() -> bool:
    return True


async def _is_ready(port: int) -> bool:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split()[1:2] == [b"200"]


async def _until_signalled(work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end; the first signal cancels it, later ones wait for its cleaning up like everybody."""
    task = asyncio.ensure_future(work)
    signalled = asyncio.Event()

    def end() -> None:
        if not signalled.is_set():
            signalled.set()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    try:
        await task
    except asyncio.CancelledError:
        if not signalled.is_set():
            raise
