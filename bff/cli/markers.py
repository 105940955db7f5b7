"""`bff markers`: the parts of films and episodes that can be skipped."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bff.cli.options import data_dir_option, explained, find_engines

if TYPE_CHECKING:
    from bff.domain.video import SkipMarker

    Edit = Callable[[Sequence[SkipMarker]], list[SkipMarker]]


@click.group()
def markers() -> None:
    """Skip markers: intros, recaps and credits of films, episodes and trailers."""


@markers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_dir_option
@explained
def import_markers(file: Path, data_dir: Path | None) -> None:
    """Put the markers of FILE in place of those of all that it names; if a line is wrong, nothing changes.

    CSV with the header playable_id,kind,start,end, or JSON: objects of those names, one a line or in a list. Kinds
    are INTRO, RECAP and CREDITS; times are seconds, in CSV also 1:23.5.
    """
    find_engines(data_dir)
    import asyncio

    marked = asyncio.run(_import_markers(file))
    for playable_id, count in marked.items():
        click.echo(f"{playable_id}: {count} markers" if count > 1 else f"{playable_id}: 1 marker")


@markers.command("list")
@click.argument("playable_id")
@data_dir_option
@explained
def list_markers(playable_id: str, data_dir: Path | None) -> None:
    """Print the markers of a film, an episode or a trailer, as `import` takes them."""
    find_engines(data_dir)
    import asyncio

    found = asyncio.run(_read(playable_id))
    click.echo("playable_id,kind,start,end")
    for marker in found:
        click.echo(f"{playable_id},{marker.kind},{marker.start:g},{marker.end:g}")


@markers.command("set")
@click.argument("playable_id")
@click.argument("kind")
@click.argument("start")
@click.argument("end")
@data_dir_option
@explained
def set_marker(playable_id: str, kind: str, start: str, end: str, data_dir: Path | None) -> None:
    """Put one marker in place of all of its KIND: bff markers set tit_… INTRO 5 1:23.5"""
    find_engines(data_dir)
    import asyncio

    from bff.catalog.markers import read_seconds
    from bff.domain.video import SkipKind, SkipMarker

    try:
        marker = SkipMarker(SkipKind(kind.upper()), read_seconds(start), read_seconds(end))
    except ValueError as error:
        raise click.ClickException(f"Nothing was changed. {error}") from error
    asyncio.run(_edit(playable_id, lambda held: [*(one for one in held if one.kind is not marker.kind), marker]))


@markers.command("remove")
@click.argument("playable_id")
@click.argument("kind", required=False)
@data_dir_option
@explained
def remove_markers(playable_id: str, kind: str | None, data_dir: Path | None) -> None:
    """Remove the markers of a KIND, or all."""
    find_engines(data_dir)
    import asyncio

    asyncio.run(_edit(playable_id, lambda held: [one for one in held if kind is not None and one.kind != kind.upper()]))


async def _import_markers(file: Path) -> "dict[str, int]":
    from bff.catalog.markers import import_markers
    from bff.settings import read_settings
    from bff.stores.postgres import open_pool

    async with await open_pool(read_settings()) as pool:
        return dict(await import_markers(pool, file))


async def _read(playable_id: str) -> "list[SkipMarker]":
    """Raises ClickException for what does not play."""
    from bff.catalog import studio
    from bff.errors import NotFound
    from bff.settings import read_settings
    from bff.stores.postgres import open_pool
    from bff.stores.videos import read_markers

    async with await open_pool(read_settings()) as pool, pool.acquire() as connection:
        try:
            await studio.find_duration(connection, playable_id)
        except NotFound as error:
            raise click.ClickException(error.message) from error
        return await read_markers(connection, playable_id)


async def _edit(playable_id: str, edit: "Edit") -> None:
    """Raises ClickException for what does not play, or cannot be marked so."""
    from bff.catalog import studio
    from bff.domain.title_changes import check_markers, read_marker
    from bff.errors import NotFound
    from bff.settings import read_settings
    from bff.stores.postgres import open_pool
    from bff.stores.videos import read_markers

    try:
        async with await open_pool(read_settings()) as pool, studio.changing(pool) as connection:
            duration = await studio.find_duration(connection, playable_id)
            edited = edit(await read_markers(connection, playable_id))
            wanted = [read_marker(one.kind, one.start, one.end, duration) for one in edited]
            check_markers(wanted)
            await studio.mark(connection, playable_id, wanted, operator_id=None)
    except (NotFound, ValueError) as error:
        raise click.ClickException(f"Nothing was changed. {error}") from error
