"""`bff import-catalog`: catalogue files."""

from pathlib import Path

import click

from bff.cli.options import data_dir_option, explained, find_engines, timed_report


@click.command("import-catalog")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@data_dir_option
@explained
def import_catalog(paths: tuple[Path, ...], data_dir: Path | None) -> None:
    """Import netflix_titles.csv or TVmaze JSON lines; again, nothing changes; what is an operator's never does."""
    find_engines(data_dir)
    import asyncio

    asyncio.run(_import_catalogue(paths))


async def _import_catalogue(paths: tuple[Path, ...]) -> None:
    from datetime import UTC, datetime

    from bff.catalog.importer import import_catalogue
    from bff.settings import read_settings
    from bff.stores.postgres import open_pool

    pool = await open_pool(read_settings())
    try:
        await import_catalogue(pool, paths, today=datetime.now(UTC).date(), report=timed_report())
    finally:
        await pool.close()
