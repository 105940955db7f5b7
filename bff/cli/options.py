"""What all commands share: how they find the engines, how they say what went wrong, and how far they are."""

import functools
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Find the engines through the `bff dev` that runs on this folder, and not in the environment.",
)


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """What the person at the terminal can mend is said in a sentence, without a traceback; the exit code is 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        import asyncpg

        from bff.catalog.files import CatalogueFileError
        from bff.embedded import EmbeddedError
        from bff.errors import Unavailable
        from bff.settings import SettingsError

        try:
            return command(*args, **kwargs)
        except (EmbeddedError, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except CatalogueFileError as error:
            raise click.ClickException(f"Nothing was changed. {error}") from error
        except Unavailable as error:
            raise click.ClickException(error.message) from error
        except (ConnectionError, TimeoutError, socket.gaierror) as error:
            raise click.ClickException(f"An engine cannot be reached: {error or 'it does not answer'}") from error
        except asyncpg.UndefinedTableError as error:
            raise click.ClickException("The database lacks tables of this version: run `bff migrate` first.") from error
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise click.ClickException(f"PostgreSQL refuses BFF_DATABASE_URL: {error}") from error

    return run


def find_engines(data_dir: Path | None) -> None:
    """Put the engines of a running `bff dev` into the environment; then check that all is there.

    Raises EmbeddedError or SettingsError.
    """
    from bff.settings import read_settings

    if data_dir is not None:
        from bff.dev import read_environment

        os.environ.update(read_environment(data_dir))
    read_settings()


def timed_report() -> Callable[[str], None]:
    """Prints a line a step, with the seconds since the start."""
    started = time.monotonic()

    def report(line: str) -> None:
        click.echo(f"{time.monotonic() - started:6.1f} s  {line}")

    return report
