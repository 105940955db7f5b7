"""The `bff` command. Each command imports what it needs when it runs, so that none pays for the others."""

import functools
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from bff.http.released import DocumentCheck
    from bff.stores.documents import ReleasedDocument
    from workers.ingest_order import FilmOrder

P = ParamSpec("P")
R = TypeVar("R")

START_DEADLINE = 30
"""Seconds that one of several processes has to begin to answer, and to say that it lives; past them it is killed."""

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
    import tempfile

    import uvicorn

    is_development = _log_for_environment()
    with tempfile.TemporaryDirectory(prefix="marquee-metrics-") as metrics_dir:
        if processes > 1:  # before any of them imports the library, which looks at it once
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ["BFF_METRICS_DIR"] = metrics_dir
        uvicorn.run(
            "bff.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=processes,
            loop="uvloop",
            http="bff.http.protocols:HttpProtocol",
            ws="bff.http.socket_protocol:WebSocketProtocol",
            lifespan="on",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=8,
            timeout_worker_healthcheck=START_DEADLINE,
            log_level="warning" if is_development else "info",
            log_config=uvicorn.config.LOGGING_CONFIG if is_development else None,
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

    _log_for_environment()
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


@main.command()
@click.argument("video", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--title", "title_id", required=True, help="The id of the film or series that it belongs to.")
@click.option("--episode", "episode_id", help="The id of the episode that it is, of a series.")
@click.option("--trailer", "is_trailer", is_flag=True, help="It is a trailer of the title.")
@click.option("--subtitles", multiple=True, metavar="FILE[:LANGUAGE[:KIND]]", help="SRT or WebVTT, like film.de.srt.")
@click.option("--audio", multiple=True, metavar="FILE[:LANGUAGE[:KIND]]", help="Another language, or DESCRIPTION.")
@click.option("--language", default="en", show_default=True, help="Of the master's own sound, if it does not say.")
@click.option("--quick", is_flag=True, help="Three rungs at set qualities, at once; else each is measured.")
@click.option("--clear", is_flag=True, help="Without encryption.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Tell the progress until it plays.")
@_data_dir_option
@_explained
def ingest(  # noqa: PLR0917 -- one a parameter of the command
    video: Path,
    title_id: str,
    episode_id: str | None,
    is_trailer: bool,
    subtitles: tuple[str, ...],
    audio: tuple[str, ...],
    language: str,
    quick: bool,
    clear: bool,
    wait: bool,
    data_dir: Path | None,
) -> None:
    """Make a stream of VIDEO: what workers encode plays once it is whole. The same again is made only once."""
    _find_engines(data_dir)
    import asyncio

    from bff.domain.ingest import Preset
    from bff.domain.video import AudioKind, SubtitleKind
    from workers.ingest_order import FilmOrder, IngestError, read_track

    try:
        order = FilmOrder(
            path=video,
            title_id=title_id,
            episode_id=episode_id,
            is_trailer=is_trailer,
            preset=Preset.QUICK if quick else Preset.STANDARD,
            language=language,
            is_encrypted=not clear,
            subtitles=tuple(read_track(track, list(SubtitleKind)) for track in subtitles),
            audio=tuple(read_track(track, list(AudioKind)) for track in audio),
        )
        asyncio.run(_ingest(order, wait))
    except IngestError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nThe work goes on without you.")


async def _ingest(order: "FilmOrder", wait: bool) -> None:
    from bff.domain.ingest import IngestJob, IngestState
    from bff.settings import read_settings
    from bff.stores.objects import open_objects
    from bff.stores.postgres import open_pool
    from workers.ingest_order import IngestError, describe_job, follow_job, order_video

    settings = read_settings()
    report: Callable[[str], None] = _timed_report()
    said = ""

    def tell(job: IngestJob, now: datetime) -> None:
        nonlocal said
        line = describe_job(job, now)
        if sys.stdout.isatty():
            click.echo(f"\r\x1b[K{line}", nl=job.state in (IngestState.DONE, IngestState.FAILED))
        elif line != said:
            report(line)
        said = line

    async with await open_pool(settings) as pool:
        job_id = await order_video(pool, open_objects(settings), order, report)
        report(f"Job {job_id}.")
        if not wait:
            return
        job = await follow_job(pool, job_id, tell)
        if job.state is IngestState.FAILED:
            raise IngestError(f"No video was made. {job.error}")
        if job.resembles:
            report(f"It looks like {job.resembles}, which was made of another file.")
        report(f"{job.playable_id} plays: asset {job.asset_id}.")


@main.command("explain")
@click.argument("file", metavar="OPERATION.graphql", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--variables", default="{}", help="Their values in JSON: a plan goes by those of @skip and @include.")
@click.option("--source", is_flag=True, help="Print the Python of the plan, too.")
@click.option("--data-dir", expose_value=False, help="Taken as by other commands, and not needed: no engine is asked.")
def explain_operations(file: Path, variables: str, source: bool) -> None:
    """Print the plan of each operation of a file, and what of it is not compiled, with the reason."""
    import json

    from bff.http.explaining import ExplainError, explain_document
    from schema.build import build_schema
    from schema.costs import COSTS

    try:
        lines = explain_document(build_schema(), COSTS, file.read_text(encoding="utf-8"), json.loads(variables), source)
        for line in lines:
            click.echo(line)
    except (ExplainError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@main.group()
def documents() -> None:
    """Trusted documents: what clients are released with."""


@documents.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--client", required=True, help="What the client says of itself in X-Client-Name.")
@click.option("--version", required=True, help="What it says in X-Client-Version.")
@_data_dir_option
@_explained
def publish(files: tuple[Path, ...], client: str, version: str, data_dir: Path | None) -> None:
    """Register the operations of a client's version, each file one document; prints their ids.

    A file that this server would refuse is told, and nothing is published.
    """
    _find_engines(data_dir)
    import asyncio

    texts = {file: file.read_text(encoding="utf-8") for file in files}
    check = _make_document_check()
    faults = [f"{file}: {fault}" for file, text in texts.items() for fault in check.find_faults(text)]
    if faults:
        raise click.ClickException("Nothing was published.\n" + "\n".join(faults))
    asyncio.run(_publish_documents(client, version, list(texts.values())))
    from bff.stores.documents import hash_document

    for file, text in texts.items():
        click.echo(f"sha256:{hash_document(text)}  {file}: {', '.join(check.list_operations(text))}")


@documents.command("check")
@_data_dir_option
@_explained
def check_documents(data_dir: Path | None) -> None:
    """Hold every published document to the schema of this version: to be run before it is released."""
    _find_engines(data_dir)
    import asyncio

    check = _make_document_check()
    released = asyncio.run(_read_documents())
    faults = [
        f"{document.client} {document.version} sha256:{document.hash}: {fault}"
        for document in released
        for fault in check.find_faults(document.body)
    ]
    if faults:
        raise click.ClickException("Released clients would break.\n" + "\n".join(faults))
    click.echo(f"{len(released)} documents hold")


def _make_document_check() -> "DocumentCheck":
    from bff.http.released import DocumentCheck
    from bff.settings import read_settings
    from schema.build import build_schema
    from schema.costs import COSTS

    settings = read_settings()
    schema = build_schema(incremental=settings.incremental)._schema
    return DocumentCheck(schema, COSTS, cost_limit=settings.operation_cost)


async def _publish_documents(client: str, version: str, texts: list[str]) -> None:
    from bff.settings import read_settings
    from bff.stores.documents import publish_documents
    from bff.stores.postgres import open_pool

    async with await open_pool(read_settings()) as pool:
        await publish_documents(pool, client, version, texts)


async def _read_documents() -> "list[ReleasedDocument]":
    from bff.settings import read_settings
    from bff.stores.documents import read_released_documents
    from bff.stores.postgres import open_pool

    async with await open_pool(read_settings()) as pool:
        return await read_released_documents(pool)


def _log_for_environment() -> bool:
    """JSON in production; whether this is development."""
    from bff.logs import log_as_json
    from bff.settings import read_settings

    is_development = read_settings().is_development
    if not is_development:
        log_as_json()
    return is_development


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
