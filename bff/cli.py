"""The `bff` command. Each command imports what it needs when it runs, so that none pays for the others."""

import functools
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

_data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Find the engines through the `bff dev` that runs on this folder, and not in the environment.",
)


def _explained(command: Callable[P, R]) -> Callable[P, R]:
    """What the person at the terminal can mend is said in a sentence, without a traceback; the exit code is 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        import asyncpg

        from bff.catalog.files import CatalogueFileError
        from bff.embedded import EmbeddedError
        from bff.settings import SettingsError

        try:
            return command(*args, **kwargs)
        except (EmbeddedError, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except CatalogueFileError as error:
            raise click.ClickException(f"Nothing was changed. {error}") from error
        except (ConnectionError, TimeoutError, socket.gaierror) as error:
            raise click.ClickException(f"An engine cannot be reached: {error or 'it does not answer'}") from error
        except asyncpg.UndefinedTableError as error:
            raise click.ClickException("The database lacks tables of this version: run `bff migrate` first.") from error
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise click.ClickException(f"PostgreSQL refuses BFF_DATABASE_URL: {error}") from error

    return run


@click.group()
def main() -> None:
    """Marquee, the GraphQL backend-for-frontend of a streaming video service."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--data-dir", default=".data", show_default=True, type=click.Path(path_type=Path))
@click.option("--empty", is_flag=True, help="Without the demo catalogue and its accounts.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Processes of the API.")
@_explained
def dev(port: int, data_dir: Path, empty: bool, processes: int) -> None:
    """Run everything on this machine: PostgreSQL, Redis, the demo catalogue, the API and one worker."""
    import asyncio

    from bff.dev import DevOptions, run_dev

    options = DevOptions(port=port, data_dir=data_dir, empty=empty, processes=processes)
    asyncio.run(run_dev(options, _timed_report()))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1))
@_data_dir_option
@_explained
def serve(host: str, port: int, processes: int, data_dir: Path | None) -> None:
    """Serve the API."""
    _find_engines(data_dir)
    import uvicorn

    from bff.settings import read_settings

    uvicorn.run(
        "bff.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=8,
        log_level="warning" if read_settings().is_development else "info",
    )


@main.command()
@_data_dir_option
@_explained
def worker(data_dir: Path | None) -> None:
    """Run one worker: the jobs behind the API."""
    _find_engines(data_dir)
    import asyncio

    from bff.settings import read_settings
    from workers.process import run_until_signalled

    asyncio.run(run_until_signalled(read_settings()))


@main.command()
@_data_dir_option
@_explained
def migrate(data_dir: Path | None) -> None:
    """Bring the database's tables to this version, and add the plans and prices that are missing."""
    _find_engines(data_dir)
    import asyncio

    asyncio.run(_migrate())


async def _migrate() -> None:
    from bff.auth.demo import seed_plans
    from bff.settings import read_settings
    from bff.stores.migrate import migrate as migrate_database
    from bff.stores.postgres import open_pool

    settings = read_settings()
    await migrate_database(settings.database_url)
    async with await open_pool(settings) as pool:
        await seed_plans(pool)


@main.command("import-catalog")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@_data_dir_option
@_explained
def import_catalog(paths: tuple[Path, ...], data_dir: Path | None) -> None:
    """Import netflix_titles.csv or TVmaze JSON lines; importing the same again changes nothing."""
    _find_engines(data_dir)
    import asyncio

    asyncio.run(_import_catalogue(paths))


async def _import_catalogue(paths: tuple[Path, ...]) -> None:
    from datetime import UTC, datetime

    from bff.catalog.importer import import_catalogue
    from bff.settings import read_settings
    from bff.stores.postgres import open_pool

    pool = await open_pool(read_settings())
    try:
        await import_catalogue(pool, paths, today=datetime.now(UTC).date(), report=_timed_report())
    finally:
        await pool.close()


def _find_engines(data_dir: Path | None) -> None:
    """Put the engines of a running `bff dev` into the environment; then check that all is there.

    Raises EmbeddedError or SettingsError.
    """
    from bff.settings import read_settings

    if data_dir is not None:
        from bff.dev import read_environment

        os.environ.update(read_environment(data_dir))
    read_settings()


def _timed_report() -> Callable[[str], None]:
    """Prints a line a step, with the seconds since the start."""
    started = time.monotonic()

    def report(line: str) -> None:
        click.echo(f"{time.monotonic() - started:6.1f} s  {line}")

    return report


if __name__ == "__main__":
    main()
