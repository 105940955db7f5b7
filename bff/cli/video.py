"""`bff ingest`: masters."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bff.cli.options import data_dir_option, explained, find_engines, timed_report

if TYPE_CHECKING:
    from workers.ingest_order import FilmOrder


@click.command()
@click.argument("video", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--title", "title_id", required=True, help="The id of the film or series that it belongs to.")
@click.option("--episode", "episode_id", help="The id of the episode that it is, of a series.")
@click.option("--trailer", "is_trailer", is_flag=True, help="It is a trailer of the title.")
@click.option("--subtitles", multiple=True, metavar="FILE[:LANGUAGE[:KIND]]", help="SRT or WebVTT, like film.de.srt.")
@click.option("--audio", multiple=True, metavar="FILE[:LANGUAGE[:KIND]]", help="Another language, or DESCRIPTION.")
@click.option("--language", default="en", show_default=True, help="Of the master's own sound, if it does not say.")
@click.option("--quick", is_flag=True, help="Three rungs at set qualities, at once; else each is measured.")
@click.option("--codecs", help="Besides H.264, like av1,vp9,hevc; else what BFF_CODECS says.")
@click.option("--clear", is_flag=True, help="Without encryption.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Tell the progress until it plays.")
@data_dir_option
@explained
def ingest(  # noqa: PLR0917 -- one a parameter of the command
    video: Path,
    title_id: str,
    episode_id: str | None,
    is_trailer: bool,
    subtitles: tuple[str, ...],
    audio: tuple[str, ...],
    language: str,
    quick: bool,
    codecs: str | None,
    clear: bool,
    wait: bool,
    data_dir: Path | None,
) -> None:
    """Make a stream of VIDEO: what workers encode plays once it is whole. The same again is made only once."""
    find_engines(data_dir)
    import asyncio

    from bff.domain.ingest import Preset, read_codecs
    from bff.domain.languages import is_language_tag
    from bff.domain.video import AudioKind, SubtitleKind
    from bff.settings import read_settings
    from workers.ingest_order import FilmOrder, IngestError, read_track

    preset = Preset.QUICK if quick else Preset.STANDARD
    named = codecs.split(",") if codecs is not None else () if quick else read_settings().codecs
    try:
        wanted = read_codecs(named, preset)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not is_language_tag(language):
        raise click.BadParameter("give a language tag like de or pt-BR.", param_hint="--language")
    try:
        order = FilmOrder(
            path=video,
            title_id=title_id,
            episode_id=episode_id,
            is_trailer=is_trailer,
            preset=preset,
            codecs=wanted,
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
    report: Callable[[str], None] = timed_report()
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
        pages = settings.link_url or settings.public_url
        report(f"{job.playable_id} plays: asset {job.asset_id}, to be watched at {pages}/watch/{job.playable_id}.")
