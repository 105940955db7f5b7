"""`bff dev`, `serve`, `worker` and `migrate`: what runs."""

import os
from pathlib import Path

import click

from bff.cli.options import data_dir_option, explained, find_engines, timed_report

KEEP_ALIVE = 75
"""Seconds that a connection is kept on which nothing comes: longer than proxies and clients keep theirs, so that it is
they who give it up, and no request meets its end."""
START_DEADLINE = 30
"""Seconds that one of several processes has to begin to answer, and to say that it lives; past them it is killed."""


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--data-dir", default=".data", show_default=True, type=click.Path(path_type=Path))
@click.option("--empty", is_flag=True, help="Without the demo catalogue and its accounts.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Processes of the API.")
@explained
def dev(port: int, data_dir: Path, empty: bool, processes: int) -> None:
    """Run everything on this machine: PostgreSQL, Redis, the demo catalogue, the API and one worker."""
    import asyncio

    from bff.dev import DevOptions, run_dev

    options = DevOptions(port=port, data_dir=data_dir, empty=empty, processes=processes)
    asyncio.run(run_dev(options, timed_report()))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1))
@data_dir_option
@explained
def serve(host: str, port: int, processes: int, data_dir: Path | None) -> None:
    """Serve the API."""
    find_engines(data_dir)
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
            timeout_keep_alive=KEEP_ALIVE,
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,  # or who is on this machine could be anybody
            timeout_worker_healthcheck=START_DEADLINE,
            log_level="warning" if is_development else "info",
            log_config=uvicorn.config.LOGGING_CONFIG if is_development else None,
        )


@click.command()
@data_dir_option
@explained
def worker(data_dir: Path | None) -> None:
    """Run one worker: the jobs behind the API."""
    find_engines(data_dir)
    import asyncio

    from bff.settings import read_settings
    from workers.process import run_until_signalled

    _log_for_environment()
    asyncio.run(run_until_signalled(read_settings()))


@click.command()
@data_dir_option
@explained
def migrate(data_dir: Path | None) -> None:
    """Bring the database's tables to this version, and add the plans and prices that are missing."""
    find_engines(data_dir)
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


def _log_for_environment() -> bool:
    """JSON in production; whether this is development."""
    from bff.logs import log_as_json
    from bff.settings import read_settings

    is_development = read_settings().is_development
    if not is_development:
        log_as_json()
    return is_development
